#pragma once
// Bundles made of arithmetic: what they decide depends on every bar, in order, and on which bundle it is.

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "serving/server/served_bundles.hpp"

namespace regent::server {

struct FakeBehaviour {
  std::size_t warmup_bars = 3;
  std::size_t fails_at_bar = 0;  // throws there; 0: never
  double weight_factor = 0.1;    // NaN or inf makes an unusable decision
  std::size_t weights_missing = 0;
  mutable std::size_t updates = 0;   // of all deciders
  mutable std::size_t deciders = 0;  // made so far
};

class FakeDecider : public StreamDecider {
 public:
  FakeDecider(std::size_t bundle, std::size_t symbols, const FakeBehaviour& behaviour)
      : behaviour_(behaviour), states_(symbols, 0.1 * static_cast<double>(bundle + 1)) {}

  ServedDecision update(const market::BarView& bar) override {
    ++behaviour_.updates;
    if (++bars_ == behaviour_.fails_at_bar) {
      states_.assign(states_.size(), 99);  // half-way through: whoever goes on with this decider goes wrong
      throw Error("the fake was told to fail");
    }
    const auto close = bar[market::Column::close];
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const double seen = std::isnan(close[i]) ? -1.0 : close[i];
      states_[i] = std::sin(1.7 * states_[i] + 0.01 * seen + 1e-12 * static_cast<double>(bar.timestamp_ms));
    }
    return decision();
  }

 private:
  ServedDecision decision() const {
    ServedDecision result;
    result.warm = bars_ > behaviour_.warmup_bars;
    const double calm = 0.5 + 0.4 * states_[0];
    result.macro_posterior = {calm, 1 - calm};
    result.micro_posterior = {calm / 2, calm / 2, 1 - calm};
    result.regime = calm > 0.5 ? "calm" : "chaos";
    result.confidence = std::max(calm, 1 - calm);
    result.predicted_volatility = std::numeric_limits<double>::quiet_NaN();
    if (result.warm) {
      for (const double state : states_) {
        result.convictions.push_back(state);
        result.weights.push_back(behaviour_.weight_factor * state);
      }
      result.weights.resize(result.weights.size() - behaviour_.weights_missing);
      result.convictions.resize(result.weights.size());
      result.predicted_volatility = 0.1;
    }
    return result;
  }

  const FakeBehaviour& behaviour_;
  std::vector<double> states_;
  std::size_t bars_ = 0;
};

class FakeBundles : public ServedBundles {
 public:
  FakeBehaviour behaviour;
  std::vector<BundleLabel> all;

  // serve_from_ms, strictly rising
  explicit FakeBundles(const std::vector<TimestampMs>& serve_from_ms = {0}) {
    for (const TimestampMs from : serve_from_ms) {
      all.push_back({"fingerprint-" + std::to_string(all.size()), from, from - 1'000, {"calm", "chaos"}});
    }
  }
  std::span<const BundleLabel> labels() const override { return all; }
  std::unique_ptr<StreamDecider> make_decider(std::size_t bundle, const std::vector<std::string>& symbols,
                                              market::ColumnSet columns) const override {
    ++behaviour.deciders;
    if (symbols.front() == "UNKNOWN") {
      throw InputError("the bundle decides for other symbols");
    }
    if (symbols.front() == "NEEDS_VOLUME" && !columns.has(market::Column::volume)) {
      throw InputError("the bundle needs the column 'volume'");
    }
    return std::make_unique<FakeDecider>(bundle, symbols.size(), behaviour);
  }
};

}  // namespace regent::server
