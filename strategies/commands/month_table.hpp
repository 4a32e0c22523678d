#pragma once
// Returns by month, a row per year.

#include <span>
#include <string>

#include "base/time.hpp"

namespace regent::strategies {

// times, returns: [periods], one or more; a return counts to the month in which its period ends. Compounded.
std::string month_table(std::span<const TimestampMs> times, std::span<const double> returns);

}  // namespace regent::strategies
