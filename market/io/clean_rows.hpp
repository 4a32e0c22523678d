#pragma once
// The checks of one file's rows: times, numbers, prices, highs and lows, order.

#include <cstdint>
#include <vector>

#include "market/io/findings.hpp"
#include "market/io/raw_rows.hpp"

namespace regent::market {

// Checks every row, sets bad values to NaN as the policy says, then adjusts prices when it wants that.
// Returns [rows] 1 for rows to keep. Rejected rows are kept out too; the caller throws.
std::vector<std::uint8_t> clean_rows(RawRows& raw, const ValidationPolicy& policy, Findings& findings);

}  // namespace regent::market
