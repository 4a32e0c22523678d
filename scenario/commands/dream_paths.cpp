#include "scenario/commands/dream_paths.hpp"

#include <algorithm>

#include "market/io/series_writer.hpp"

namespace regent::scenario {
namespace {

using market::SeriesColumn;

constexpr std::int64_t block_paths = 32;    // that a bundle decides for together
constexpr std::int64_t returns_a_cell = 4;  // the table's cells are doubles, twice, here and in Arrow

// A multiple of what is made together, so that a piece which begins at one makes no path for nothing.
std::int64_t paths_at_once(const DreamSetup& setup, std::int64_t returns_at_once) {
  const std::int64_t returns = std::ssize(setup.symbols) * setup.task.steps;
  return std::max(block_paths, returns_at_once / returns / block_paths * block_paths);
}

std::string weight_name(const std::string& symbol) {
  return "weight " + symbol;
}

// `values` is [rows, assets].
template <class Values>
void add_asset(const std::string& name, const Values& values, std::size_t asset, std::size_t assets,
               std::int64_t first, std::int64_t count, std::vector<SeriesColumn>& columns) {
  SeriesColumn column{.name = name};
  column.reals.reserve(static_cast<std::size_t>(count));
  for (std::int64_t row = first; row < first + count; ++row)
    column.reals.push_back(values[row * assets + asset]);
  columns.push_back(std::move(column));
}

SeriesColumn path_numbers(std::int64_t first_path, std::int64_t first_row, std::int64_t count, int steps) {
  SeriesColumn path{.name = "path"};
  for (std::int64_t row = first_row; row < first_row + count; ++row)
    path.integers.push_back(first_path + row / steps);
  return path;
}

}  // namespace

std::vector<SeriesColumn> step_columns(const DreamSetup& setup, const cuda::scenario::Paths& kept,
                                       std::int64_t first, std::int64_t count) {
  const auto& symbols = setup.symbols;
  std::vector<SeriesColumn> columns{{.name = "step"}, {.name = "regime"}, {.name = "equity"}};
  for (std::int64_t row = first; row < first + count; ++row) {
    columns[0].integers.push_back(row % setup.task.steps);
    columns[1].texts.push_back(setup.regime_name(kept.regime[row]));
    columns[2].reals.push_back(kept.equity[row]);
  }
  for (std::size_t i = 0; i < symbols.size(); ++i)
    add_asset(symbols[i], kept.log_returns, i, symbols.size(), first, count, columns);
  for (std::size_t i = 0; i < symbols.size() && !kept.weights.empty(); ++i)
    add_asset(weight_name(symbols[i]), kept.weights, i, symbols.size(), first, count, columns);
  return columns;
}

std::vector<std::string> path_column_names(const DreamSetup& setup) {
  std::vector<std::string> names{"path", "step", "regime", "equity"};
  names.insert(names.end(), setup.symbols.begin(), setup.symbols.end());
  if (!setup.policy->sets_weights())
    std::ranges::transform(setup.symbols, std::back_inserter(names), weight_name);
  return names;
}

void write_paths(const std::filesystem::path& file, const DreamSetup& setup, const cuda::scenario::Task& task,
                 std::int64_t first, std::int64_t end, std::int64_t returns_at_once) {
  const std::int64_t at_once = paths_at_once(setup, returns_at_once);
  const std::int64_t cells_at_once = returns_at_once / returns_a_cell;
  const std::int64_t rows_at_once =
      std::max<std::int64_t>(1, cells_at_once / std::ssize(path_column_names(setup)));
  market::SeriesWriter out(file);
  while (first < end) {
    const std::int64_t next = std::min(end, (first / at_once + 1) * at_once),
                       rows = (next - first) * task.steps;
    const auto kept = setup.policy->record(task, static_cast<std::uint64_t>(first), next - first);
    for (std::int64_t row = 0; row < rows; row += rows_at_once) {
      const std::int64_t count = std::min(rows_at_once, rows - row);
      auto columns = step_columns(setup, kept, row, count);
      columns.insert(columns.begin(), path_numbers(first, row, count, task.steps));
      out.add(columns);
    }
    first = next;
  }
  out.finish();
}

}  // namespace regent::scenario
