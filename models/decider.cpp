#include "models/decider.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "market/feature_stream.hpp"
#include "market/market_state.hpp"
#include "models/allocator.hpp"
#include "models/policy_runner.hpp"

namespace regent::models {
namespace {

std::string missing_from(const std::vector<std::string>& wanted, const std::vector<std::string>& have) {
  std::string text;
  for (const std::string& name : wanted) {
    if (std::find(have.begin(), have.end(), name) == have.end()) {
      text += (text.empty() ? "" : ", ") + name;
    }
  }
  return text.empty() ? "none" : text;
}

void check_stream(const Bundle& bundle, const std::vector<std::string>& symbols, market::ColumnSet columns) {
  if (symbols != bundle.manifest.symbols) {
    throw InputError("the bundle decides for other symbols than the stream has: missing " +
                     missing_from(bundle.manifest.symbols, symbols) + "; extra " +
                     missing_from(symbols, bundle.manifest.symbols) + " (and they must be sorted)");
  }
  for (std::size_t i = 0; i < market::column_count; ++i) {
    const std::string name = market::column_names[i];
    const auto& needed = bundle.manifest.columns;
    if (std::find(needed.begin(), needed.end(), name) != needed.end() &&
        !columns.has(static_cast<market::Column>(i))) {
      throw InputError("the bundle needs the column '" + name + "', which the stream's bars lack");
    }
  }
}

}  // namespace

struct Decider::State {
  std::shared_ptr<Bundle> bundle;
  std::vector<std::string> symbols;
  market::ColumnSet columns;
  market::FeatureStream features;
  market::MarketState market;
  hmm::Filter filter;
  Allocator allocator;
  PolicyRunner runner;
  std::vector<float> normalised;  // [symbols, F]
  std::vector<double> positions;  // [symbols], the previous convictions
  Allocator::Weights last;
  std::int64_t bars = 0;
  bool regime_seen = false;  // the filter has had a whole observation
  bool decided = false;
  TimestampMs last_timestamp_ms = 0;

  State(std::shared_ptr<Bundle> b, std::vector<std::string> names, market::ColumnSet set)
      : bundle(std::move(b)),
        symbols(std::move(names)),
        columns(set),
        features(bundle->manifest.features, symbols.size(), columns),
        market(bundle->regimes.features, symbols.size()),
        filter(bundle->regimes),
        allocator(allocator_settings(bundle->config, bundle->manifest.periods_per_year), symbols.size()),
        runner(bundle->policy, bundle->layout(), symbols.size()),
        normalised(symbols.size() * bundle->manifest.features.size()),
        positions(symbols.size(), 0.0) {}

  void check(const market::BarView& bar) const;
  void describe_regime(Decision& decision) const;
  void decide(const market::BarView& bar, Decision& decision);
  int warmup() const { return std::max(features.warmup_bars(), market.warmup_bars()); }
};

void Decider::State::check(const market::BarView& bar) const {
  if (bars > 0 && bar.timestamp_ms <= last_timestamp_ms) {
    throw InputError("bar " + format_timestamp(bar.timestamp_ms) + " is not later than the last one, " +
                     format_timestamp(last_timestamp_ms));
  }
  for (std::size_t i = 0; i < market::column_count; ++i) {
    const auto column = static_cast<market::Column>(i);
    const std::span<const double> values = bar[column];
    if (values.size() != (columns.has(column) ? symbols.size() : 0)) {
      throw InputError("bar " + format_timestamp(bar.timestamp_ms) + ": column '" + market::column_names[i] +
                       "' has " + std::to_string(values.size()) + " values, the stream has " +
                       std::to_string(columns.has(column) ? symbols.size() : 0));
    }
    for (std::size_t symbol = 0; symbol < values.size(); ++symbol) {
      const double value = values[symbol];
      const bool good = column == market::Column::volume ? value >= 0 : value > 0;
      if (!std::isnan(value) && (!good || std::isinf(value))) {
        throw InputError("bar " + format_timestamp(bar.timestamp_ms) + ": " + market::column_names[i] +
                         " of " + symbols[symbol] + " is " + std::to_string(value) +
                         "; it must be finite and positive, or missing");
      }
    }
  }
}

void Decider::State::describe_regime(Decision& decision) const {
  const std::span<const double> macro = filter.macro_posterior();
  const std::span<const double> micro = filter.posterior();
  decision.macro_posterior.assign(macro.begin(), macro.end());
  decision.micro_posterior.assign(micro.begin(), micro.end());
  const auto likeliest = std::max_element(macro.begin(), macro.end());
  decision.regime = bundle->regimes.labels[static_cast<std::size_t>(likeliest - macro.begin())];
  decision.confidence = *likeliest;
}

void Decider::State::decide(const market::BarView& bar, Decision& decision) {
  bundle->normaliser.apply_bar(features.values(), symbols.size(), normalised);
  decision.convictions.resize(symbols.size());
  runner.decide(normalised, positions, decision.macro_posterior, decision.micro_posterior,
                decision.convictions);
  const std::span<const double> closes = bar[market::Column::close];
  for (std::size_t symbol = 0; symbol < symbols.size(); ++symbol) {
    if (std::isnan(closes[symbol])) {
      decision.convictions[symbol] = 0;
    }
  }
  positions = decision.convictions;
  last = allocator.allocate(decision.convictions);
  decision.weights = last.weights;
  decision.predicted_volatility = last.predicted_volatility;
}

Decider::Decider(std::shared_ptr<Bundle> bundle, std::vector<std::string> symbols,
                 market::ColumnSet columns) {
  REGENT_INVARIANT(bundle != nullptr, "a decider needs a bundle");
  check_stream(*bundle, symbols, columns);
  state_ = std::make_unique<State>(std::move(bundle), std::move(symbols), columns);
}

Decider::~Decider() = default;
Decider::Decider(Decider&&) noexcept = default;
Decider& Decider::operator=(Decider&&) noexcept = default;

Decision Decider::update(const market::BarView& bar) {
  State& s = *state_;
  s.check(bar);
  s.features.update(bar);
  s.market.update(bar);
  s.filter.update(s.market.values());
  s.allocator.update(bar[market::Column::close]);
  s.last_timestamp_ms = bar.timestamp_ms;
  ++s.bars;
  const std::span<const double> observed = s.market.values();
  s.regime_seen = s.regime_seen || std::none_of(observed.begin(), observed.end(),
                                                [](double value) { return std::isnan(value); });
  Decision decision;
  decision.timestamp_ms = bar.timestamp_ms;
  decision.predicted_volatility = std::numeric_limits<double>::quiet_NaN();
  s.describe_regime(decision);
  decision.warm = s.bars > s.warmup() && s.regime_seen && s.allocator.warm();
  if (decision.warm) {
    s.decide(bar, decision);
  }
  s.decided = decision.warm;
  return decision;
}

Explanation Decider::explain() {
  State& s = *state_;
  REGENT_INVARIANT(s.decided, "only a warm decision can be explained");
  Explanation explanation;
  const ObservationLayout layout = s.bundle->layout();
  for (std::size_t i = 0; i < layout.inputs(); ++i) {
    explanation.inputs.push_back(
        input_name(layout, s.bundle->manifest.features, s.bundle->regimes.labels, i));
  }
  explanation.values.assign(s.runner.observation().begin(), s.runner.observation().end());
  explanation.contributions = s.runner.contributions();
  for (std::size_t symbol = 0; symbol < s.symbols.size(); ++symbol) {
    explanation.volatilities.push_back(s.allocator.volatility(symbol));
  }
  explanation.position_capped = s.last.position_capped;
  explanation.gross_capped = s.last.gross_capped;
  explanation.uncapped_volatility = s.last.uncapped_volatility;
  return explanation;
}

const Bundle& Decider::bundle() const {
  return *state_->bundle;
}

int Decider::warmup_bars() const {
  return std::max(state_->warmup(),
                  static_cast<int>(state_->bundle->config.integer("allocator.warmup_bars")));
}

}  // namespace regent::models
