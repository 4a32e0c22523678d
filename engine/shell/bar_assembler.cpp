#include "engine/shell/bar_assembler.hpp"

#include <algorithm>
#include <limits>

namespace regent::engine {

BarAssembler::BarAssembler(std::string name, std::vector<std::string> symbols)
    : reader_(std::move(name)), symbols_(std::move(symbols)) {}

void BarAssembler::begin_bar(TimestampMs timestamp_ms) {
  open_.emplace();
  open_->timestamp_ms = timestamp_ms;
  for (std::size_t c = 0; c < market::column_count; ++c) {
    if (reader_.columns().has(static_cast<market::Column>(c))) {
      open_->columns[c].assign(symbols_.size(), std::numeric_limits<double>::quiet_NaN());
    }
  }
  seen_.assign(symbols_.size(), 0);
  seen_count_ = 0;
  last_ms_ = timestamp_ms;
}

void BarAssembler::end_bar() {
  if (!open_) return;
  ready_.push_back(std::move(*open_));
  open_.reset();
}

void BarAssembler::line(std::string_view text) {
  if (text.empty() || text == "\r") {
    reader_.skip_line();
    end_bar();
    return;
  }
  if (!reader_.has_header()) {
    reader_.read_header(text);
    return;
  }
  const market::CsvRow row = reader_.read(text);
  const auto found = std::lower_bound(symbols_.begin(), symbols_.end(), row.symbol);
  if (found == symbols_.end() || *found != row.symbol) {
    reader_.refuse("symbol " + row.symbol + " is not one of this stream's " +
                   std::to_string(symbols_.size()));
  }
  if (open_ && row.timestamp_ms != open_->timestamp_ms) end_bar();
  if (!open_) {
    if (last_ms_ && row.timestamp_ms <= *last_ms_) {
      reader_.refuse(format_timestamp(row.timestamp_ms) + " comes after the bar of " +
                     format_timestamp(*last_ms_) + " was complete; timestamps must rise");
    }
    begin_bar(row.timestamp_ms);
  }
  const auto symbol = static_cast<std::size_t>(found - symbols_.begin());
  if (seen_[symbol] != 0) reader_.refuse("a second row of " + row.symbol + " in one bar");
  seen_[symbol] = 1;
  for (std::size_t c = 0; c < market::column_count; ++c) {
    if (!open_->columns[c].empty()) open_->columns[c][symbol] = row.values[c];
  }
  if (++seen_count_ == symbols_.size()) end_bar();
}

std::optional<Bar> BarAssembler::take() {
  if (ready_.empty()) return std::nullopt;
  Bar bar = std::move(ready_.front());
  ready_.pop_front();
  return bar;
}

}  // namespace regent::engine
