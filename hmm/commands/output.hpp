#pragma once
// Numbers and columns as the verbs show them.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "market/io/panel_file.hpp"

namespace regent::hmm {

// A number in JSON; "-inf", "inf" as texts that float() of most languages reads, null for NaN.
nlohmann::ordered_json json_number(double value);
// At most `count` significant digits; "–" for NaN.
std::string digits(double value, int count);
// The carried columns, then the new ones; a carried column of the same name gives way.
std::vector<market::SeriesColumn> carried_and(const std::vector<market::SeriesColumn>& carried,
                                              std::vector<market::SeriesColumn> fresh);
// Throws InputError unless `out` is empty or ends in .csv or .parquet: before any work is done.
void check_table_name(const std::string& out);

}  // namespace regent::hmm
