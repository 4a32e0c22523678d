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
// Whether `out` can be written, asked before any work is done; each throws InputError, and "" is no output.
// A table: FILE.csv or FILE.parquet in a folder that is there.
void check_table_name(const std::string& out);
// A model: FILE.json or FILE.safetensors in a folder that is there.
void check_model_file(const std::string& out);
// A folder that is there, or can be made; without an ending, which would be meant as a file's, unless it is
// there or ends in a slash.
void check_folder(const std::string& out);

}  // namespace regent::hmm
