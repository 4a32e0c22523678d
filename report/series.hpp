#pragma once
// The series that the plots draw, one row per traded bar.

#include <filesystem>

#include "report/metrics.hpp"
#include "report/run_record.hpp"

namespace regent::report {

// Columns: timestamp, equity, equity_ungated, equity_hold, state, regime, index (equal-weight, start 1) and
// p_<label> for every macro label (the filtered posterior; 0 where a bundle has no such label, NaN without a
// decision).
void write_run_series(const RunRecord& run, const Curves& curves, const std::vector<std::string>& labels,
                      const std::filesystem::path& file);

}  // namespace regent::report
