#include "hmm/commands/output.hpp"

#include <algorithm>
#include <iostream>

#include "base/error.hpp"

namespace regent::hmm {
namespace {

bool has_name(const std::vector<market::SeriesColumn>& columns, const std::string& name) {
  return std::ranges::find(columns, name, &market::SeriesColumn::name) != columns.end();
}

}  // namespace

std::vector<market::SeriesColumn> carried_and(const std::vector<market::SeriesColumn>& carried,
                                              std::vector<market::SeriesColumn> fresh) {
  std::vector<market::SeriesColumn> columns;
  const auto taken = [&](const std::string& name) {
    return has_name(fresh, name) || has_name(carried, name);
  };
  for (const auto& column : carried) {
    columns.push_back(column);
    if (!has_name(fresh, column.name)) continue;
    std::string& name = columns.back().name;
    do {
      name = "carried_" + name;
    } while (taken(name));
    std::cerr << "the data's column " << column.name << " is carried as " << name << '\n';
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
