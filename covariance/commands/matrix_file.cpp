#include "covariance/commands/matrix_file.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "cuda/covariance/rolling.hpp"

namespace regent::covariance {
namespace {

using market::SeriesColumn;

// Which rows are written, and where the entries of each begin.
struct Places {
  std::vector<std::size_t> rows;
  std::size_t pairs = 0, columns = 0;
  std::size_t place(std::size_t row, std::size_t i) const {
    const auto found = std::ranges::lower_bound(rows, row);
    return static_cast<std::size_t>(found - rows.begin()) * pairs + i * (i + 1) / 2;
  }
  bool has(std::size_t row) const { return std::ranges::binary_search(rows, row); }
};

Places places_of(const Table& table, std::size_t first, std::size_t every) {
  Places places;
  places.columns = table.names.size();
  places.pairs = places.columns * (places.columns + 1) / 2;
  places.rows = every_row_back(first, table.rows, every);
  if (places.rows.size() > entries_max / places.pairs) {
    throw InputError("--out: " + std::to_string(places.rows.size()) + " matrices of " +
                     std::to_string(places.pairs) + " pairs are more than " + std::to_string(entries_max) +
                     " entries; write fewer with --every ROWS, --symbols or --from");
  }
  return places;
}

std::vector<double> rolling_values(const Table& table, const MethodFlags& flags, const Places& places) {
  std::vector<double> values(places.rows.size() * places.pairs);
  const auto consume = [&](const cuda::covariance::RollingTile& tile) {
    for (int row = tile.first_row; row < tile.first_row + tile.rows; ++row) {
      if (!places.has(static_cast<std::size_t>(row))) continue;
      tile.copy(row, [&](int i) {
        return values.data() + places.place(static_cast<std::size_t>(row), static_cast<std::size_t>(i));
      });
    }
  };
  cuda::covariance::rolling_covariance(cuda::Resources::make(flags.device),
                                       {.values = table.values,
                                        .rows = static_cast<int>(table.rows),
                                        .columns = static_cast<int>(places.columns),
                                        .window = *flags.window,
                                        .ddof = ddof_of(flags)},
                                       consume);
  return values;
}

std::vector<double> ewma_values(const Table& table, const MethodFlags& flags, const Places& places) {
  Ewma state(places.columns, ewma_settings_of(flags));
  std::vector<double> values;
  for (std::size_t row = 0; row < table.rows; ++row) {
    state.update(std::span(table.values).subspan(row * places.columns, places.columns));
    if (!places.has(row)) continue;
    const Matrix now = state.covariance();
    for (std::size_t i = 0; i < places.columns; ++i) {
      for (std::size_t j = 0; j <= i; ++j) values.push_back(now(i, j));
    }
  }
  return values;
}

}  // namespace

SeriesColumn column_of_rows(const Table& table, std::span<const std::size_t> rows, std::size_t repeats) {
  const bool timed = !table.times.empty();
  SeriesColumn column{.name = timed ? "timestamp" : "row", .is_timestamp = timed};
  for (const std::size_t row : rows)
    column.integers.insert(column.integers.end(), repeats,
                           timed ? table.times[row] : static_cast<std::int64_t>(row + 1));
  return column;
}

void write_matrix(const Table& table, const Matrix& covariance, const std::string& out) {
  std::vector<SeriesColumn> columns{{.name = "symbol", .texts = table.names}};
  for (std::size_t j = 0; j < covariance.size; ++j) {
    SeriesColumn column{.name = table.names[j]};
    for (std::size_t i = 0; i < covariance.size; ++i) column.reals.push_back(covariance(i, j));
    columns.push_back(std::move(column));
  }
  market::write_series_file(columns, out);
}

void write_all(const Table& table, const MethodFlags& flags, int every, const std::string& out) {
  const bool rolls = flags.method == "rolling";
  const std::size_t first = rolls ? static_cast<std::size_t>(*flags.window) - 1 : 0;
  const Places places = places_of(table, first, static_cast<std::size_t>(every));
  SeriesColumn symbol{.name = "symbol"}, other{.name = "other"}, covariance{.name = "covariance"};
  for (std::size_t k = 0; k < places.rows.size(); ++k) {
    for (std::size_t i = 0; i < places.columns; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        symbol.texts.push_back(table.names[i]);
        other.texts.push_back(table.names[j]);
      }
    }
  }
  covariance.reals = rolls ? rolling_values(table, flags, places) : ewma_values(table, flags, places);
  market::write_series_file({column_of_rows(table, places.rows, places.pairs), symbol, other, covariance},
                            out);
}

}  // namespace regent::covariance
