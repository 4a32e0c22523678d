#pragma once
// What the same decisions would have earned had no gate stood in their way (engine/shadow.hpp).

#include <vector>

#include "report/run_record.hpp"

namespace regent::report {

// Equity at the close of each traded bar, [run.traded_bars()].
std::vector<double> ungated_equity(const RunRecord& run);

}  // namespace regent::report
