#pragma once
// What a bundle, or a walk-forward set of them, decides after every bar of a panel.

#include <string>
#include <vector>

#include "market/panel.hpp"
#include "models/bundle.hpp"

namespace regent::trainer {

// Of a walk-forward set, the one that serves at `timestamp_ms`; the first when all of them serve later.
models::Bundle bundle_at(std::vector<models::Bundle> bundles, TimestampMs timestamp_ms);

struct DecisionHistory {
  std::vector<TimestampMs> timestamps_ms;  // [decisions], of the bars that they follow
  std::vector<double> weights;             // [decisions, symbols], fraction of equity
  std::vector<std::string> regimes;        // [decisions], the likeliest macro regime
};

// Each bar is decided by the newest bundle whose test span has begun, as a server does it; bars before the
// first such span (a bundle may have learnt from them) and bars for which the features are not yet known are
// left out. Every bundle sees the bars from the first one on. Throws InputError when no bar is left, and what
// models::Decider throws.
DecisionHistory decide_every_bar(std::vector<models::Bundle> bundles, const market::Panel& panel);

// Columns timestamp, one per symbol, and regime: what `regent backtest --weights` reads. *.csv or *.parquet.
// Throws InputError for another name, and for a symbol that is called like one of the two.
void write_decision_history(const DecisionHistory& history, const std::vector<std::string>& symbols,
                            const std::string& file);

}  // namespace regent::trainer
