#include "engine/shell/bar_store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "engine/ledger/event_json.hpp"

namespace regent::engine {

namespace {

void append(wire::Bars& bars, const Bar& bar) {
  bars.timestamps_ms.push_back(bar.timestamp_ms);
  const auto extend = [](std::vector<double>& values, const std::vector<double>& more) {
    values.insert(values.end(), more.begin(), more.end());
  };
  extend(bars.open, bar[market::Column::open]);
  extend(bars.high, bar[market::Column::high]);
  extend(bars.low, bar[market::Column::low]);
  extend(bars.close, bar[market::Column::close]);
  extend(bars.volume, bar[market::Column::volume]);
}

void append_from_ledger(wire::Bars& bars, std::uint64_t first, std::uint64_t count, Database& ledger) {
  Statement statement(ledger.handle(),
                      "SELECT payload FROM event WHERE kind = 'bar' ORDER BY sequence LIMIT ?1 OFFSET ?2");
  statement.bind(1, static_cast<std::int64_t>(count));
  statement.bind(2, static_cast<std::int64_t>(first - 1));
  std::uint64_t found = 0;
  for (; statement.step(); ++found) {
    const Event event = event_from("bar", nlohmann::json::parse(statement.text(0)));
    append(bars, std::get<Bar>(event));
  }
  if (found != count)
    throw Error("the ledger holds " + std::to_string(found) + " of " + std::to_string(count) + " bars");
}

}  // namespace

void BarStore::add(Bar bar) {
  bars_.push_back(std::move(bar));
  if (bars_.size() > memory_bars_) bars_.pop_front();
}

wire::Bars BarStore::range(std::uint64_t first, std::uint64_t last, Database& ledger) const {
  wire::Bars bars;
  bars.first_sequence = first;
  const std::uint64_t kept_from = bars_.empty() ? last + 1 : bars_.front().sequence;
  if (first < kept_from) append_from_ledger(bars, first, std::min(last + 1, kept_from) - first, ledger);
  for (std::uint64_t sequence = std::max(first, kept_from); sequence <= last; ++sequence) {
    append(bars, bars_.at(sequence - kept_from));
  }
  return bars;
}

const Bar* BarStore::find(TimestampMs timestamp_ms) const {
  const auto found =
      std::lower_bound(bars_.begin(), bars_.end(), timestamp_ms,
                       [](const Bar& bar, TimestampMs time) { return bar.timestamp_ms < time; });
  return found != bars_.end() && found->timestamp_ms == timestamp_ms ? &*found : nullptr;
}

}  // namespace regent::engine
