#include "hmm/commands/output.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace regent::hmm {

std::vector<market::SeriesColumn> carried_and(const std::vector<market::SeriesColumn>& carried,
                                              std::vector<market::SeriesColumn> fresh) {
  std::vector<market::SeriesColumn> columns;
  for (const auto& column : carried) {
    if (std::ranges::find(fresh, column.name, &market::SeriesColumn::name) == fresh.end()) {
      columns.push_back(column);
    }
  }
  std::ranges::move(fresh, std::back_inserter(columns));
  return columns;
}

void check_model_file(const std::string& out) {
  if (out.empty()) return;
  if (!out.ends_with(".json") && !out.ends_with(".safetensors")) {
    throw InputError("--out " + out + ": the name of a model file must end in .json or .safetensors");
  }
  market::check_file_place(out);
}

}  // namespace regent::hmm
