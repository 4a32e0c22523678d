// One-factor market model over 63 bars; the market is the equal-weight mean log return of the bar's symbols.

#include <cmath>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

constexpr std::size_t bars = 63;

struct MarketModel {
  Lanes beta, correlation, idiosyncratic;  // NaN where too few pairs are known
};

struct PairMeans {
  Lanes count{}, symbol{}, market{}, symbol_size{}, market_size{};
};

REGENT_LANES_HELPER PairMeans pair_means(const Block& block) {
  PairMeans m;
  for (std::size_t age = bars; age-- > 0;) {
    const double* r = block.row(Series::log_return, age);
    const double* x = block.row(Series::market_return, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const bool known = r[i] == r[i] && x[i] == x[i];
      const double own = known ? r[i] : 0.0;
      const double market = known ? x[i] : 0.0;
      m.count[i] += known ? 1.0 : 0.0;
      m.symbol[i] += own;
      m.market[i] += market;
      m.symbol_size[i] += own * own;
      m.market_size[i] += market * market;
    }
  }
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double count = m.count[i] >= values_needed(bars) ? m.count[i] : nan_value;
    m.symbol[i] /= count;
    m.market[i] /= count;
    m.symbol_size[i] = std::sqrt(m.symbol_size[i] / count);
    m.market_size[i] = std::sqrt(m.market_size[i] / count);
  }
  return m;
}

REGENT_LANES_HELPER MarketModel market_model(const Block& block) {
  const auto means = pair_means(block);
  Lanes products{}, market{}, own{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* r = block.row(Series::log_return, age);
    const double* x = block.row(Series::market_return, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const double dr = r[i] - means.symbol[i];
      const double dx = x[i] - means.market[i];
      const bool known = r[i] == r[i] && x[i] == x[i];
      products[i] += known ? dr * dx : 0.0;
      market[i] += known ? dx * dx : 0.0;
      own[i] += known ? dr * dr : 0.0;
    }
  }
  MarketModel model{};
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double market_deviation = std::sqrt(market[i] / means.count[i]);
    const double own_deviation = std::sqrt(own[i] / means.count[i]);
    const bool market_still = is_negligible(market_deviation, means.market_size[i]);
    const bool own_still = is_negligible(own_deviation, means.symbol_size[i]);
    const double beta = market_still || own_still ? 0.0 : products[i] / market[i];
    model.correlation[i] = market_still || own_still ? 0.0 : products[i] / std::sqrt(market[i] * own[i]);
    const double left = own_still ? 0.0 : own[i] - beta * products[i];
    model.idiosyncratic[i] = std::sqrt((left > 0 ? left : 0.0) / means.count[i]);
    model.beta[i] = beta;
    if (means.symbol[i] == means.symbol[i]) continue;
    model.beta[i] = model.correlation[i] = model.idiosyncratic[i] = nan_value;
  }
  return model;
}

REGENT_LANES void beta(const Block& block, double* out) {
  const auto model = market_model(block);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = model.beta[i];
}

REGENT_LANES void correlation(const Block& block, double* out) {
  const auto model = market_model(block);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = model.correlation[i];
}

REGENT_LANES void idiosyncratic_volatility(const Block& block, double* out) {
  const auto model = market_model(block);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = model.idiosyncratic[i];
}

}  // namespace

std::vector<Feature> market_model_features() {
  const std::string sharpe = "Sharpe (1963), A Simplified Model for Portfolio Analysis";
  return {
      {declare("market_beta_63",
               "cov(log_return, market) / var(market) over 63 bars; 0 when either is constant", sharpe, 64,
               {Column::close}, true),
       beta},
      {declare("market_correlation_63",
               "correlation of log_return and market over 63 bars; 0 when either is constant", sharpe, 64,
               {Column::close}, true),
       correlation},
      {declare("idiosyncratic_volatility_63",
               "standard deviation of the residual of the market model over 63 bars",
               "Ang, Hodrick, Xing & Zhang (2006), The Cross-Section of Volatility and Expected Returns", 64,
               {Column::close}, true),
       idiosyncratic_volatility},
  };
}

}  // namespace regent::market
