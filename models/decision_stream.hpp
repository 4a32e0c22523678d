#pragma once
// All of a decision but the policy's network, of one stream of bars: features and regime before it, the
// allocator behind it. A Decider has one, a BatchDecider many; a copy goes on by itself.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "allocation/allocator.hpp"
#include "hmm/filter.hpp"
#include "market/feature_stream.hpp"
#include "market/market_state.hpp"
#include "models/bundle.hpp"

namespace regent::models {

class DecisionStream {
 public:
  // Throws InputError where the bundle's features need other columns.
  DecisionStream(std::shared_ptr<Bundle> bundle, std::size_t symbols, market::ColumnSet columns);

  // REQUIRES the stream's columns, and prices that are NaN or finite and positive.
  void update(const market::BarView& bar);
  bool warm() const;
  int warmup_bars() const;  // of features and market state

  // What the network sees of the last bar. REQUIRES a warm stream for the features.
  std::span<const float> features();                                // [symbols, F] normalised
  std::span<const double> positions() const { return positions_; }  // [symbols], the convictions before
  std::span<const double> macro_posterior() const { return filter_.macro_posterior(); }  // [M]
  std::span<const double> micro_posterior() const { return filter_.posterior(); }        // [K]

  // The network's convictions [symbols] in, weights out; a symbol without a close gets conviction 0.
  const allocation::Weights& allocate(std::span<double> convictions);
  const allocation::Allocator& allocator() const { return allocator_; }
  const allocation::Weights& weights() const { return weights_; }  // allocated last
  double risk_multiplier() const { return risk_multiplier_; }      // of the regimes, for the last weights
  const std::shared_ptr<Bundle>& bundle() const { return bundle_; }
  std::size_t symbols() const { return positions_.size(); }

 private:
  std::shared_ptr<Bundle> bundle_;
  market::FeatureStream features_;
  market::MarketState market_;
  hmm::Filter filter_;
  allocation::Allocator allocator_;
  std::vector<float> normalised_;     // [symbols, F]
  std::vector<double> positions_;     // [symbols]
  std::vector<std::uint8_t> priced_;  // [symbols], 1 where the last bar had a close
  allocation::Weights weights_;
  double risk_multiplier_ = 1;
  std::int64_t bars_ = 0;
  bool regime_seen_ = false;  // the filter has had a whole observation
};

}  // namespace regent::models
