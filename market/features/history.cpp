#include "market/features/history.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "base/nan_value.hpp"

namespace regent::market {

namespace {

constexpr std::size_t index_of(Series series) {
  return static_cast<std::size_t>(series);
}

std::string names_of(ColumnSet columns) {
  std::string names;
  for (std::size_t c = 0; c < column_count; ++c) {
    if (columns.has(static_cast<Column>(c)))
      names += (names.empty() ? "" : ", ") + std::string(column_names[c]);
  }
  return names.empty() ? "none" : names;
}

}  // namespace

History::History(std::size_t symbols, ColumnSet columns, std::size_t capacity)
    : symbols_(symbols), capacity_(std::max<std::size_t>(capacity, 1)), columns_(columns), returns_(symbols) {
  const auto make = [&](Series series) { rings_[index_of(series)].assign(capacity_ * symbols_, nan_value); };
  for (std::size_t c = 0; c < column_count; ++c) {
    if (columns.has(static_cast<Column>(c))) make(static_cast<Series>(c));
  }
  make(Series::carried_close);
  make(Series::log_return);
  make(Series::market_return);
  if (columns.has(Column::high) && columns.has(Column::low)) make(Series::log_range);
  if (columns.has(Column::open)) make(Series::log_body);
  if (columns.has(Column::volume)) make(Series::log_volume);
}

double* History::newest(Series series) {
  return rings_[index_of(series)].data() + newest_row_ * symbols_;
}

void History::push_column(const BarView& bar, Column column) {
  const auto values = bar[column];
  double* target = newest(static_cast<Series>(column));
  for (std::size_t s = 0; s < symbols_; ++s) target[s] = clean_price(values[s]);
}

void History::push_logarithms(Series target, Series numerator, Series denominator) {
  double* out = newest(target);
  const double* over = newest(numerator);
  const double* under = newest(denominator);
  for (std::size_t s = 0; s < symbols_; ++s) out[s] = std::log(over[s] / under[s]);
}

void History::push(const BarView& bar) {
  for (std::size_t c = 0; c < column_count; ++c) {
    const auto& values = bar.columns[c];
    if (columns_.has(static_cast<Column>(c)) ? values.size() == symbols_ : values.empty()) continue;
    throw InputError("bar of " + format_timestamp(bar.timestamp_ms) + ": column " + column_names[c] +
                     " has " + std::to_string(values.size()) + " values; expected " +
                     std::to_string(symbols_) + " symbols and the columns " + names_of(columns_));
  }
  newest_row_ = newest_row_ + 1 == capacity_ ? 0 : newest_row_ + 1;
  ++bars_seen_;
  for (std::size_t c = 0; c < column_count; ++c) {
    if (columns_.has(static_cast<Column>(c))) push_column(bar, static_cast<Column>(c));
  }
  returns_.update(bar[Column::close]);
  std::ranges::copy(returns_.carried(), newest(Series::carried_close));
  std::ranges::copy(returns_.returns(), newest(Series::log_return));
  std::fill_n(newest(Series::market_return), symbols_, returns_.mean_return());
  if (!rings_[index_of(Series::log_range)].empty())
    push_logarithms(Series::log_range, Series::high, Series::low);
  if (!rings_[index_of(Series::log_body)].empty())
    push_logarithms(Series::log_body, Series::close, Series::open);
  if (columns_.has(Column::volume)) {
    const double* volume = newest(Series::volume);
    double* out = newest(Series::log_volume);
    for (std::size_t s = 0; s < symbols_; ++s) out[s] = std::log(volume[s]);
  }
}

}  // namespace regent::market
