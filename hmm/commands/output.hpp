#pragma once
// Numbers, columns and files as the verbs show them.

#include <string>
#include <vector>

#include "market/io/output.hpp"
#include "market/io/panel_file.hpp"

namespace regent::hmm {

using market::check_folder;
using market::check_table_name;
using market::digits;
using market::json_number;

// The carried columns, then the new ones. A carried column with the name of a new one is called carried_NAME,
// and standard error says so.
std::vector<market::SeriesColumn> carried_and(const std::vector<market::SeriesColumn>& carried,
                                              std::vector<market::SeriesColumn> fresh);
// A model: FILE.json or FILE.safetensors in a folder that is there, asked before any work is done. Throws
// InputError.
void check_model_file(const std::string& out);

}  // namespace regent::hmm
