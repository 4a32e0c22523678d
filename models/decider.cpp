#include "models/decider.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "allocation/allocator.hpp"
#include "base/error.hpp"
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
  std::vector<std::string> symbols;
  market::ColumnSet columns;
  DecisionStream stream;
  PolicyRunner runner;
  std::int64_t bars = 0;
  bool decided = false;
  TimestampMs last_timestamp_ms = 0;

  State(std::shared_ptr<Bundle> bundle, std::vector<std::string> names, market::ColumnSet set)
      : symbols(std::move(names)),
        columns(set),
        stream(std::move(bundle), symbols.size(), columns),
        runner(stream.bundle()->policy, stream.bundle()->layout(), symbols.size()) {}

  void check(const market::BarView& bar) const;
  void describe_regime(Decision& decision) const;
  void decide(Decision& decision);
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
  const std::span<const double> macro = stream.macro_posterior();
  const std::span<const double> micro = stream.micro_posterior();
  decision.macro_posterior.assign(macro.begin(), macro.end());
  decision.micro_posterior.assign(micro.begin(), micro.end());
  const auto likeliest = std::max_element(macro.begin(), macro.end());
  decision.regime = stream.bundle()->regimes.labels[static_cast<std::size_t>(likeliest - macro.begin())];
  decision.confidence = *likeliest;
}

void Decider::State::decide(Decision& decision) {
  decision.convictions.resize(symbols.size());
  runner.decide(stream.features(), stream.positions(), stream.macro_posterior(), stream.micro_posterior(),
                decision.convictions);
  const allocation::Weights& allocated = stream.allocate(decision.convictions);
  decision.weights = allocated.weights;
  decision.predicted_volatility = allocated.predicted_volatility;
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
  s.stream.update(bar);
  s.last_timestamp_ms = bar.timestamp_ms;
  ++s.bars;
  Decision decision;
  decision.timestamp_ms = bar.timestamp_ms;
  decision.predicted_volatility = std::numeric_limits<double>::quiet_NaN();
  s.describe_regime(decision);
  decision.warm = s.stream.warm();
  if (decision.warm) {
    s.decide(decision);
  }
  s.decided = decision.warm;
  return decision;
}

Explanation Decider::explain() {
  State& s = *state_;
  REGENT_INVARIANT(s.decided, "only a warm decision can be explained");
  Explanation explanation;
  const Bundle& bundle = *s.stream.bundle();
  const ObservationLayout layout = bundle.layout();
  for (std::size_t i = 0; i < layout.inputs(); ++i) {
    explanation.inputs.push_back(input_name(layout, bundle.manifest.features, bundle.regimes.labels, i));
  }
  explanation.values.assign(s.runner.observation().begin(), s.runner.observation().end());
  explanation.contributions = s.runner.contributions();
  for (std::size_t symbol = 0; symbol < s.symbols.size(); ++symbol) {
    explanation.volatilities.push_back(s.stream.allocator().volatility(symbol));
  }
  const allocation::Weights& last = s.stream.weights();
  explanation.position_capped = last.position_capped;
  explanation.gross_capped = last.gross_capped;
  explanation.uncapped_volatility = last.uncapped_volatility;
  explanation.kept = last.kept;
  explanation.risk_multiplier = s.stream.risk_multiplier();
  return explanation;
}

const Bundle& Decider::bundle() const {
  return *state_->stream.bundle();
}

const DecisionStream& Decider::stream() const {
  return state_->stream;
}

int Decider::warmup_bars() const {
  return std::max(state_->stream.warmup_bars(),
                  static_cast<int>(bundle().config.integer("allocator.warmup_bars")));
}

}  // namespace regent::models
