#include "market/market_state.hpp"

#include <algorithm>
#include <cmath>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "market/features/close_returns.hpp"

namespace regent::market {

namespace {

// A market that did not move has the logarithm of this volatility and not minus infinity: 0.01 basis points a
// bar.
constexpr double volatility_floor = 1e-6;
constexpr std::size_t dispersion_symbols_min = 3;
constexpr std::size_t drawdown_bars = 252;

// The last values of one series, by age.
class Ring {
 public:
  explicit Ring(std::size_t capacity) : values_(capacity, nan_value) {}
  void push(double value) {
    newest_ = newest_ + 1 == values_.size() ? 0 : newest_ + 1;
    values_[newest_] = value;
  }
  double operator[](std::size_t age) const {
    return values_[newest_ >= age ? newest_ - age : newest_ + values_.size() - age];
  }

 private:
  std::vector<double> values_;
  std::size_t newest_ = 0;
};

// Everything that the aggregates are made of.
struct MarketHistory {
  Ring returns{drawdown_bars};      // mean log return of each bar
  Ring dispersions{drawdown_bars};  // cross-sectional standard deviation of each bar
};

struct WindowSum {
  double sum = 0;
  std::size_t count = 0;
};

// Oldest first; fewer than half of the values: nothing.
template <class Transform>
double window_mean(const Ring& ring, std::size_t bars, Transform transform) {
  WindowSum total;
  for (std::size_t age = bars; age-- > 0;) {
    const double value = ring[age];
    if (value != value) continue;
    total.sum += transform(value);
    ++total.count;
  }
  return total.count >= (bars + 1) / 2 ? total.sum / static_cast<double>(total.count) : nan_value;
}

double log_volatility(const MarketHistory& history, std::size_t bars) {
  const double volatility = std::sqrt(window_mean(history.returns, bars, [](double r) { return r * r; }));
  return std::log(volatility < volatility_floor ? volatility_floor : volatility);
}

double log_dispersion(const MarketHistory& history) {
  const double dispersion = window_mean(history.dispersions, 5, [](double d) { return d; });
  return std::log(dispersion < volatility_floor ? volatility_floor : dispersion);
}

// The index starts its window at 0 and moves by the market's return; a bar without one leaves it where it
// was.
double log_drawdown(const MarketHistory& history) {
  const double mean = window_mean(history.returns, drawdown_bars - 1, [](double r) { return r; });
  double level = 0, high = 0;
  for (std::size_t age = drawdown_bars - 1; age-- > 0;) {
    const double r = history.returns[age];
    level += r == r ? r : 0;
    high = std::max(high, level);
  }
  return mean == mean ? level - high : nan_value;
}

double momentum(const MarketHistory& history) {
  const double mean = window_mean(history.returns, 21, [](double r) { return r; });
  double sum = 0;
  for (std::size_t age = 21; age-- > 0;) {
    const double r = history.returns[age];
    sum += r == r ? r : 0;
  }
  return mean == mean ? sum : nan_value;
}

struct Aggregate {
  const char* name;
  int warmup_bars;  // bars before the first value: returns start with the second bar
  double (*value)(const MarketHistory&);
};

constexpr Aggregate aggregates[] = {
    {"market_return", 1, [](const MarketHistory& h) { return h.returns[0]; }},
    {"market_volatility_5", 5, [](const MarketHistory& h) { return log_volatility(h, 5); }},
    {"market_volatility_21", 21, [](const MarketHistory& h) { return log_volatility(h, 21); }},
    {"market_dispersion", 5, log_dispersion},
    {"market_drawdown", static_cast<int>(drawdown_bars) - 1, log_drawdown},
    {"market_momentum_21", 21, momentum},
};

const Aggregate& require_aggregate(const std::string& name, std::size_t symbols) {
  for (const auto& aggregate : aggregates) {
    if (name != aggregate.name) continue;
    if (name == "market_dispersion" && symbols < dispersion_symbols_min) {
      throw InputError("market_dispersion needs at least 3 symbols, this panel has " +
                       std::to_string(symbols) + "; leave it out");
    }
    return aggregate;
  }
  const auto known = market_state_names();
  throw InputError("unknown market state '" + name + "'" + suggestion(name, known));
}

// Standard deviation (ddof 1) of the known returns around their mean; NaN below 3 symbols.
double dispersion_of(std::span<const double> returns, double mean) {
  double sum = 0;
  std::size_t count = 0;
  for (const double r : returns) {
    if (r != r) continue;
    sum += (r - mean) * (r - mean);
    ++count;
  }
  return count >= dispersion_symbols_min ? std::sqrt(sum / static_cast<double>(count - 1)) : nan_value;
}

}  // namespace

std::vector<std::string> market_state_names() {
  std::vector<std::string> names;
  for (const auto& aggregate : aggregates) names.emplace_back(aggregate.name);
  return names;
}

struct MarketState::State {
  std::vector<std::string> names;
  std::vector<const Aggregate*> chosen;
  CloseReturns returns;
  MarketHistory history;
  std::vector<double> values;
  std::size_t bars_seen = 0;

  State(std::vector<std::string> wanted, std::size_t symbols)
      : names(std::move(wanted)), returns(symbols), values(names.size(), nan_value) {
    for (const auto& name : names) chosen.push_back(&require_aggregate(name, symbols));
  }
};

MarketState::MarketState(std::vector<std::string> names, std::size_t symbols)
    : state_(std::make_unique<State>(std::move(names), symbols)) {}
MarketState::~MarketState() = default;
MarketState::MarketState(const MarketState& other) : state_(std::make_unique<State>(*other.state_)) {}
MarketState::MarketState(MarketState&&) noexcept = default;
MarketState& MarketState::operator=(MarketState&&) noexcept = default;

void MarketState::update(const BarView& bar) {
  auto& state = *state_;
  const std::size_t symbols = state.returns.returns().size();
  if (bar[Column::close].size() != symbols) {
    throw InputError("bar of " + format_timestamp(bar.timestamp_ms) + ": column close has " +
                     std::to_string(bar[Column::close].size()) + " values; expected " +
                     std::to_string(symbols));
  }
  state.returns.update(bar[Column::close]);
  state.history.returns.push(state.returns.mean_return());
  state.history.dispersions.push(dispersion_of(state.returns.returns(), state.returns.mean_return()));
  for (std::size_t i = 0; i < state.chosen.size(); ++i) {
    const auto& aggregate = *state.chosen[i];
    const bool warm = state.bars_seen >= static_cast<std::size_t>(aggregate.warmup_bars);
    state.values[i] = warm ? aggregate.value(state.history) : nan_value;
  }
  ++state.bars_seen;
}

std::span<const double> MarketState::values() const {
  return state_->values;
}
const std::vector<std::string>& MarketState::names() const {
  return state_->names;
}

int MarketState::warmup_bars() const {
  int longest = 0;
  for (const Aggregate* aggregate : state_->chosen) longest = std::max(longest, aggregate->warmup_bars);
  return longest;
}

int MarketState::history_bars() const {
  return warmup_bars() + 1 + carry_bars_max;
}

double MarketState::index_return() const {
  return state_->returns.mean_return();
}

std::vector<double> compute_market_state(const Panel& panel, const std::vector<std::string>& names) {
  MarketState stream(names, panel.symbol_count());
  std::vector<double> values;
  values.reserve(panel.bars() * names.size());
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    stream.update(panel.bar(bar));
    values.insert(values.end(), stream.values().begin(), stream.values().end());
  }
  return values;
}

}  // namespace regent::market
