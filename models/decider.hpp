#pragma once
// Bars in, decisions out: features → regime filter → policy head → allocator. The server, `regent decide` and the
// trainer's evaluation all use this one path. Its state is a function of the bars alone.

#include <memory>
#include <string>
#include <vector>

#include "market/panel.hpp"
#include "models/bundle.hpp"

namespace regent::models {

struct Decision {
  TimestampMs timestamp_ms = 0;          // of the bar that it follows
  bool warm = false;                     // false: not enough bars yet, weights are empty
  std::vector<double> convictions;       // [symbols], in [-1, 1]
  std::vector<double> weights;           // [symbols], fraction of equity, after the allocator
  std::vector<double> macro_posterior;   // [M]
  std::vector<double> micro_posterior;   // [K]
  std::string regime;                    // label of the likeliest macro regime
  double confidence = 0;                 // its posterior
  double predicted_volatility = 0;       // annual, of the weights, by the allocator's covariance; NaN when unknown
};

class Decider {
 public:
  // symbols: those of the stream, sorted; columns: those of its bars. Throws InputError when the bundle needs others.
  Decider(std::shared_ptr<Bundle> bundle, std::vector<std::string> symbols, market::ColumnSet columns);
  ~Decider();
  Decider(Decider&&) noexcept;
  Decider& operator=(Decider&&) noexcept;

  Decision update(const market::BarView& bar);  // every bar, in order
  const Bundle& bundle() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::models
