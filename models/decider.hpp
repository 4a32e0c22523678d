#pragma once
// Bars in, decisions out: features → regime filter → policy head → allocator. The server, `regent decide` and
// the trainer's evaluation all use this one path. Its state is a function of the bars alone.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "market/panel.hpp"
#include "models/bundle.hpp"
#include "models/decision_stream.hpp"

namespace regent::models {

struct Decision {
  TimestampMs timestamp_ms = 0;         // of the bar that it follows
  bool warm = false;                    // false: not enough bars yet, convictions and weights are empty
  std::vector<double> convictions;      // [symbols], in [-1, 1]
  std::vector<double> weights;          // [symbols], fraction of equity, after the allocator
  std::vector<double> macro_posterior;  // [M]
  std::vector<double> micro_posterior;  // [K]
  std::string regime;                   // label of the likeliest macro regime
  double confidence = 0;                // its posterior
  double predicted_volatility = 0;  // annual, of the weights, by the allocator's covariance; NaN when unknown
};

// Why the last decision is what it is.
struct Explanation {
  std::vector<std::string> inputs;            // [I], names
  std::vector<double> values;                 // [symbols, I], normalised
  std::vector<double> contributions;          // [symbols, I], gradient of the conviction × input
  std::vector<double> volatilities;           // [symbols], annual; NaN where unknown
  std::vector<std::uint8_t> position_capped;  // [symbols], 1 where allocator.position_max bound
  bool gross_capped = false;                  // allocator.gross_max bound
  double uncapped_volatility = 0;             // annual, before the caps
  std::vector<double> kept;    // [symbols], in [½, 1], of positions that allocator.derisk_from cuts
  double risk_multiplier = 1;  // of the regimes' posterior, allocator.regime_risk
};

class Decider {
 public:
  // symbols: those of the stream, sorted; columns: those of its bars. Throws InputError when the bundle needs
  // others: a policy decides for exactly the symbols that it was trained on, since the regime and the
  // cross-sectional features are made of all of them.
  Decider(std::shared_ptr<Bundle> bundle, std::vector<std::string> symbols, market::ColumnSet columns);
  ~Decider();
  Decider(Decider&&) noexcept;
  Decider& operator=(Decider&&) noexcept;

  // Every bar, in order. NaN means missing and is never an error. Throws InputError, with the state
  // unchanged, for a bar that is not later than the last, lacks a column, or holds a price that is not
  // positive and finite.
  Decision update(const market::BarView& bar);
  // REQUIRES that the last decision was warm.
  Explanation explain();
  const Bundle& bundle() const;
  const DecisionStream& stream() const;  // where its bars have led to
  // Bars until a decision can be warm.
  int warmup_bars() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::models
