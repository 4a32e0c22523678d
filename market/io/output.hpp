#pragma once
// Numbers and output files as the commands show and check them.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace regent::market {

// A number in JSON; "-inf", "inf" as texts that float() of most languages reads, null for NaN.
nlohmann::ordered_json json_number(double value);
// At most `count` significant digits; "–" for NaN.
std::string digits(double value, int count);
// Whether `out` can be written, asked before any work is done; each throws InputError that names the flag,
// and "" is no output. A file in a folder that is there.
void check_file_place(const std::string& out, const std::string& flag = "--out");
// A table: FILE.csv or FILE.parquet in a folder that is there.
void check_table_name(const std::string& out, const std::string& flag = "--out");
// A folder that is there, or can be made; without an ending, which would be meant as a file's, unless it is
// there or ends in a slash.
void check_folder(const std::string& out, const std::string& flag = "--out");
// Makes the folder, and those above it, where it is not there. Throws InputError that names the flag.
void make_folder(const std::filesystem::path& folder, const std::string& flag = "--out");

}  // namespace regent::market
