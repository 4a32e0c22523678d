#include "models/decision_stream.hpp"

#include <algorithm>
#include <cmath>

namespace regent::models {

DecisionStream::DecisionStream(std::shared_ptr<Bundle> bundle, std::size_t symbols, market::ColumnSet columns)
    : bundle_(std::move(bundle)),
      features_(bundle_->manifest.features, symbols, columns),
      market_(bundle_->regimes.features, symbols),
      filter_(bundle_->regimes),
      allocator_(allocation::allocator_settings(bundle_->config, bundle_->manifest.periods_per_year),
                 symbols),
      normalised_(symbols * bundle_->manifest.features.size()),
      positions_(symbols, 0.0),
      priced_(symbols, 0) {}

void DecisionStream::update(const market::BarView& bar) {
  const std::span<const double> closes = bar[market::Column::close];
  features_.update(bar);
  market_.update(bar);
  const std::span<const double> observed = market_.values();
  filter_.update(observed);
  allocator_.update(closes);
  for (std::size_t i = 0; i < closes.size(); ++i) priced_[i] = std::isnan(closes[i]) ? 0 : 1;
  ++bars_;
  regime_seen_ =
      regime_seen_ || std::ranges::none_of(observed, [](double value) { return std::isnan(value); });
}

bool DecisionStream::warm() const {
  return bars_ > warmup_bars() && regime_seen_ && allocator_.warm();
}

int DecisionStream::warmup_bars() const {
  return std::max(features_.warmup_bars(), market_.warmup_bars());
}

std::span<const float> DecisionStream::features() {
  bundle_->normaliser.apply_bar(features_.values(), symbols(), normalised_);
  return normalised_;
}

const allocation::Weights& DecisionStream::allocate(std::span<double> convictions) {
  for (std::size_t i = 0; i < convictions.size(); ++i) {
    if (priced_[i] == 0) convictions[i] = 0;
  }
  positions_.assign(convictions.begin(), convictions.end());
  risk_multiplier_ =
      allocation::regime_multiplier(allocator_.settings(), bundle_->regimes.labels, macro_posterior());
  weights_ = allocator_.allocate(convictions, risk_multiplier_);
  return weights_;
}

}  // namespace regent::models
