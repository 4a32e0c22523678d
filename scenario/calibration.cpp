#include "scenario/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "hmm/fit.hpp"
#include "hmm/forecast.hpp"
#include "hmm/inference.hpp"
#include "market/market_state.hpp"
#include "market/performance.hpp"
#include "scenario/garch.hpp"
#include "scenario/jumps.hpp"
#include "scenario/own_shocks.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::Law;

constexpr double prior_bars = 20;

struct Regimes {
  hmm::Model model;
  std::vector<double> weights;  // [bars, regimes], smoothed
  std::vector<double> next;     // [regimes] as filtered at the panel's last bar, moved on by one
};

std::vector<double> rows_of(const std::vector<double>& all, const Returns& returns, int width) {
  std::vector<double> rows;
  for (const std::size_t bar : returns.panel_bar) {
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(bar * width);
    rows.insert(rows.end(), at, at + width);
  }
  return rows;
}

hmm::Model fitted_regimes(const cuda::Resources& resources, const std::vector<double>& observations,
                          const CalibrationSettings& settings) {
  hmm::FitSettings fit;
  fit.macros = settings.macros;
  fit.micros = settings.micros;
  fit.restarts = settings.restarts;
  fit.seed = settings.seed;
  return hmm::fit(resources, observations, {"market_return"}, fit).model;
}

Regimes regimes_of(const market::Panel& panel, const Returns& returns, const CalibrationSettings& settings) {
  const bool given = settings.regimes != nullptr;
  const std::vector<double> observations = market::compute_market_state(
      panel, given ? settings.regimes->features : std::vector<std::string>{"market_return"});
  const auto resources = cuda::Resources::make("cpu");
  hmm::Model model = given ? *settings.regimes : fitted_regimes(resources, observations, settings);
  const hmm::SeriesBatch batch{.series = {observations}, .names = {"market"}};
  const auto smoothed = hmm::smoothed_posteriors(resources, std::span(&model, 1), batch);
  const auto filtered = hmm::filtered_posteriors(resources, std::span(&model, 1), batch);
  const int k = model.states();
  std::vector<double> next(k);
  hmm::predict(model, std::span(filtered.probability[0]).last(k), next);
  return {std::move(model), rows_of(smoothed.probability[0], returns, k), std::move(next)};
}

std::vector<std::string> labels_of(const hmm::Model& model) {
  std::vector<std::string> labels;
  for (int k = 0; k < model.states(); ++k) {
    const bool named = static_cast<int>(model.labels.size()) == model.macros && model.macros > 1;
    std::string label = named ? model.labels[k / model.micros] : "regime_" + std::to_string(k);
    if (named && model.micros > 1) label += " " + std::to_string(k % model.micros + 1);
    labels.push_back(label);
  }
  return labels;
}

// Weighted sums over the bars without jumps.
struct Moments {
  double weight = 0;
  std::vector<double> mean, covariance;
};

Moments moments_of(const Returns& returns, const std::vector<std::uint8_t>& jumps,
                   const std::vector<double>* weights, int regimes, int regime) {
  const std::size_t n = returns.assets();
  Moments m{0, std::vector<double>(n, 0), std::vector<double>(n * n, 0)};
  const auto weight_of = [&](std::size_t bar) {
    return jumps[bar] != 0 ? 0.0 : weights == nullptr ? 1.0 : (*weights)[bar * regimes + regime];
  };
  for (std::size_t bar = 0; bar < returns.bars(); ++bar) {
    const double weight = weight_of(bar);
    m.weight += weight;
    for (std::size_t i = 0; i < n; ++i) m.mean[i] += weight * returns.log_returns[bar * n + i];
  }
  for (double& value : m.mean) value /= std::max(m.weight, 1e-12);
  std::vector<double> d(n);
  for (std::size_t bar = 0; bar < returns.bars(); ++bar) {
    const double weight = weight_of(bar);
    if (!(weight > 1e-6)) continue;
    for (std::size_t i = 0; i < n; ++i) d[i] = returns.log_returns[bar * n + i] - m.mean[i];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) m.covariance[i * n + j] += weight * d[i] * d[j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      m.covariance[i * n + j] /= std::max(m.weight, 1e-12);
      m.covariance[j * n + i] = m.covariance[i * n + j];
    }
  }
  return m;
}

double trace_of(const std::vector<double>& covariance, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += covariance[i * n + i];
  return sum;
}

// A regime's moments shrunk towards the panel's: its mean to the panel's, its covariance to the panel's
// correlations at its own level of variance.
void shrink(Moments& own, const Moments& pooled, std::size_t n) {
  const double share = own.weight / (own.weight + prior_bars);
  for (std::size_t i = 0; i < n; ++i) own.mean[i] = share * own.mean[i] + (1 - share) * pooled.mean[i];
  const double prior = prior_bars + static_cast<double>(n);
  const double level = own.weight > 1 ? trace_of(own.covariance, n) / trace_of(pooled.covariance, n) : 1;
  for (std::size_t i = 0; i < n * n; ++i) {
    own.covariance[i] =
        (own.weight * own.covariance[i] + prior * level * pooled.covariance[i]) / (own.weight + prior);
  }
}

double correlation_error(const std::vector<double>& covariance, const Factors& factors, int n, int count) {
  double worst = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      double made = 0;
      for (int f = 0; f < count; ++f)
        made += factors.loadings[i * count + f] * factors.loadings[j * count + f];
      const double scale = std::sqrt(covariance[i * n + i] * covariance[j * n + j]);
      worst = std::max(worst, std::abs(made - covariance[i * n + j]) / scale);
    }
  }
  return worst;
}

// The equally weighted market as a law's regimes see it.
Market market_of(const Returns& returns, const std::vector<std::uint8_t>& jumps, double threshold,
                 const Law& law) {
  const double n = law.assets;
  Market market{
      .jumps = jumps, .jump_threshold = threshold, .start = law.start, .transition = law.transition};
  for (std::size_t bar = 0; bar < returns.bars(); ++bar) {
    double sum = 0;
    for (int i = 0; i < law.assets; ++i) sum += returns.log_returns[bar * returns.assets() + i];
    market.returns.push_back(sum / n);
  }
  for (int k = 0; k < law.regimes; ++k) {
    double mean = 0, variance = 0;
    std::vector<double> loadings(law.factors, 0);
    for (int at = k * law.assets; at < (k + 1) * law.assets; ++at) {
      mean += (law.drift[at] + law.drift_of_variance[at]) / n;
      variance += law.idiosyncratic[at] * law.idiosyncratic[at] / (n * n);
      for (int f = 0; f < law.factors; ++f) loadings[f] += law.loadings[at * law.factors + f] / n;
    }
    for (const double loading : loadings) variance += loading * loading;
    market.mean.push_back(mean);
    market.deviation.push_back(std::sqrt(variance));
    market.shown.push_back(std::clamp(loadings[0] / market.deviation.back(), 0.0, 1.0));
  }
  return market;
}

void put_volatility(const Garch& garch, Law& law) {
  law.dof = garch.dof;
  if (garch.alpha + garch.beta + garch.gamma == 0) return;
  law.volatility = {.kind = cuda::scenario::VolatilityKind::garch,
                    .alpha = garch.alpha,
                    .gamma = garch.gamma,
                    .beta = garch.beta};
  if (law.jumps.intensity.empty()) return;
  // a jump moves the variance as its bar's shock does, up to the largest that is none, beside the bar's own;
  // where the law's jumps are more than those seen, less, so that v still falls back to its mean
  const double room = 0.98 * (1 - garch.alpha - garch.beta - garch.gamma / 2) / mean_jumps_of(law);
  law.jumps.variance = std::min((garch.alpha + garch.gamma / 2) * (garch.jump_square - 1), room);
}

// Volatilities and tails, of the market and of the assets' own shocks. The market's is fitted again where it
// turns out that own shocks are apart.
void put_shocks(const Returns& returns, const std::vector<std::uint8_t>& of_market,
                const std::vector<double>& weights, double threshold, Calibration& c) {
  Law& law = c.law;
  Market market = market_of(returns, of_market, threshold, law);
  Garch garch = fit_garch(market);
  std::vector<double> variance = filter(market, garch).variance;
  const OwnShocks shocks = own_shocks(returns, of_market, weights, law);
  const OwnVolatilityFit own = fit_own_volatility(shocks, variance);
  law.own_volatility = own.volatility;
  if (own.volatility.apart) {
    market.apart = true;
    garch = fit_garch(market);
    variance = filter(market, garch).variance;
  }
  put_volatility(garch, law);
  c.now_variance = std::min(variance.back(), law.volatility.ceiling);
  if (!own.volatility.apart) {
    law.idiosyncratic_dof = own_dofs(returns, of_market, weights, variance, law);
    return;
  }
  std::vector<std::vector<double>> u;
  for (std::size_t i = 0; i < shocks.shown.size(); ++i) {
    u.push_back(filter_own(shocks.of(i), shocks.shown[i], of_market, own.volatility, own.dof).variance);
    c.now_own_variance.push_back(u.back().back());
  }
  law.idiosyncratic_dof = own_dofs(shocks, u, law.dof);
}

void put_liquidity(const std::vector<Moments>& moments, const std::vector<double>& shares, std::size_t n,
                   Law& law) {
  double mean = 0;
  std::vector<double> deviation;
  for (std::size_t k = 0; k < moments.size(); ++k) {
    deviation.push_back(std::sqrt(trace_of(moments[k].covariance, n)));
    mean += shares[k] * deviation.back();
  }
  law.liquidity = {.probability = 0.002, .multiple = 5, .decay = std::exp2(-1.0 / 5)};
  for (const double value : deviation) law.liquidity.spread.push_back(value / mean);
}

void append(std::vector<double>& to, const std::vector<double>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// Rows that sum to one to the last bit or so, whatever the fit's tables sum to.
void normalise(std::vector<double>& rows, int columns) {
  for (std::size_t at = 0; at < rows.size(); at += columns) {
    double sum = 0;
    for (int k = 0; k < columns; ++k) sum += rows[at + k];
    for (int k = 0; k < columns; ++k) rows[at + k] /= sum;
  }
}

void put_moments(const std::vector<Moments>& moments, int n, Calibration& c) {
  for (const Moments& m : moments) {
    // what variance takes from the mean log return is told apart, so that a stress of the volatility alone
    // leaves mean simple returns as they are
    for (int i = 0; i < n; ++i) {
      const double half = 0.5 * m.covariance[i * n + i];
      c.law.drift.push_back(m.mean[i] + half);
      c.law.drift_of_variance.push_back(-half);
    }
    const Factors factors = factors_of(m.covariance, n, c.law.factors);
    append(c.law.loadings, factors.loadings);
    append(c.law.idiosyncratic, factors.idiosyncratic);
    if (n > c.law.factors)
      c.correlation_error =
          std::max(c.correlation_error, correlation_error(m.covariance, factors, n, c.law.factors));
  }
}

std::vector<int> most_probable(const std::vector<double>& weights, int regimes) {
  std::vector<int> path;
  for (std::size_t at = 0; at < weights.size(); at += regimes) {
    const auto row = weights.begin() + static_cast<std::ptrdiff_t>(at);
    path.push_back(static_cast<int>(std::max_element(row, row + regimes) - row));
  }
  return path;
}

void check(const CalibrationSettings& settings) {
  if (settings.factors < 1 || settings.factors > cuda::scenario::factors_max)
    throw InputError("factors " + std::to_string(settings.factors) + "; from 1 to " +
                     std::to_string(cuda::scenario::factors_max) + " are possible");
  if (!(settings.jump_threshold >= 2))
    throw InputError("jump threshold " + std::to_string(settings.jump_threshold) +
                     "; at least 2 local standard deviations are needed");
  const int states =
      settings.regimes != nullptr ? settings.regimes->states() : settings.macros * settings.micros;
  if (settings.macros < 1 || settings.micros < 1 || states > cuda::scenario::regimes_max)
    throw InputError(std::to_string(states) + " regimes; from 1 to " +
                     std::to_string(cuda::scenario::regimes_max) + " are possible");
}

}  // namespace

CalibratedPanel calibrate(const market::Panel& panel, const Returns& returns,
                          const CalibrationSettings& settings) {
  check(settings);
  const auto n = static_cast<int>(returns.assets());
  const Regimes regimes = regimes_of(panel, returns, settings);
  const int k = regimes.model.states();
  const auto of_assets = jumps_of_assets(returns, settings.jump_threshold);
  const auto of_market = jumps_of_market(returns, of_assets);
  const Moments pooled = moments_of(returns, of_market, nullptr, 1, 0);
  std::vector<Moments> moments;
  for (int r = 0; r < k; ++r) {
    moments.push_back(moments_of(returns, of_market, &regimes.weights, k, r));
    shrink(moments.back(), pooled, returns.assets());
  }
  CalibratedPanel result{.regime = most_probable(regimes.weights, k)};
  Calibration& c = result.calibration;
  c.symbols = returns.symbols;
  c.labels = labels_of(regimes.model);
  c.now = regimes.next;
  c.from_ms = returns.timestamps_ms.front();
  c.to_ms = returns.timestamps_ms.back();
  c.bars = returns.bars();
  c.left_out = returns.left_out;
  c.jump_bars = static_cast<std::size_t>(std::accumulate(of_market.begin(), of_market.end(), 0));
  c.bars_per_year = market::periods_per_year(returns.timestamps_ms);
  Law& law = c.law;
  law.assets = n;
  law.factors = std::min(n, settings.factors);
  law.regimes = k;
  law.start = hmm::stationary_law(regimes.model);
  law.transition = regimes.model.flat_transition();
  normalise(law.start, k);
  normalise(law.transition, k);
  normalise(c.now, k);
  put_moments(moments, n, c);
  std::vector<double> deviation;
  for (int i = 0; i < n; ++i) deviation.push_back(std::sqrt(pooled.covariance[i * n + i]));
  law.beta.assign(n, 1);
  law.jumps = jump_law(returns, of_assets, of_market, regimes.weights, k, deviation);
  put_shocks(returns, of_market, regimes.weights, settings.jump_threshold, c);
  put_liquidity(moments, law.start, returns.assets(), law);
  return result;
}

}  // namespace regent::scenario
