#include "scenario/facts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "scenario/risk.hpp"

namespace regent::scenario {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

double mean(const Values& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

// The p-th central moment.
double moment(const Values& x, int p) {
  const double centre = mean(x);
  double sum = 0;
  for (const double value : x) {
    double power = 1;
    for (int i = 0; i < p; ++i) power *= value - centre;
    sum += power;
  }
  return sum / static_cast<double>(x.size());
}

double skewness(const Values& x) {
  const double variance = moment(x, 2);
  return variance > 0 ? moment(x, 3) / std::pow(variance, 1.5) : missing;
}
double excess_kurtosis(const Values& x) {
  if (x.size() < 8) return missing;
  const double variance = moment(x, 2);
  return variance > 0 ? moment(x, 4) / (variance * variance) - 3 : missing;
}

double correlation(std::span<const double> a, std::span<const double> b) {
  const Values x(a.begin(), a.end()), y(b.begin(), b.end());
  if (x.size() < 8) return missing;
  const double mx = mean(x), my = mean(y);
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : missing;
}

double autocorrelation(const Values& x, std::size_t lag) {
  if (x.size() <= lag) return missing;
  const std::span<const double> all(x);
  return correlation(all.first(x.size() - lag), all.subspan(lag));
}

double mean_autocorrelation(const Values& x, std::size_t first, std::size_t last) {
  double sum = 0;
  for (std::size_t lag = first; lag <= last; ++lag) sum += autocorrelation(x, lag);
  return sum / static_cast<double>(last - first + 1);
}

// Hill's index of the largest `share` of losses.
double tail_index(const Values& x, double share) {
  Values losses;
  for (const double value : x) losses.push_back(-value);
  std::sort(losses.begin(), losses.end(), std::greater<>());
  const auto k = static_cast<std::size_t>(share * static_cast<double>(x.size()));
  if (k < 10 || !(losses[k] > 0)) return missing;
  double sum = 0;
  for (std::size_t i = 0; i < k; ++i) sum += std::log(losses[i] / losses[k]);
  return static_cast<double>(k) / sum;
}

// Of an asset's simple returns; missing where fewer than two bars lie beyond the level.
Risk tail_of_asset(const Values& log_returns, double level) {
  if (static_cast<double>(log_returns.size()) * (1 - level) < 2)
    return {.level = level, .value_at_risk = missing, .expected_shortfall = missing};
  Values losses;
  for (const double x : log_returns) losses.push_back(-std::expm1(x));
  return tail_of(std::move(losses), level);
}

Values absolute(const Values& x) {
  Values result;
  for (const double value : x) result.push_back(std::abs(value));
  return result;
}

Values summed(const Values& x, std::size_t bars) {
  Values sums;
  for (std::size_t at = 0; at + bars <= x.size(); at += bars)
    sums.push_back(std::accumulate(x.begin() + static_cast<std::ptrdiff_t>(at),
                                   x.begin() + static_cast<std::ptrdiff_t>(at + bars), 0.0));
  return sums;
}

double leverage(const Values& x) {
  constexpr std::size_t ahead = 10;
  if (x.size() < 3 * ahead) return missing;
  Values returns, squares;
  for (std::size_t i = 0; i + ahead < x.size(); ++i) {
    double sum = 0;
    for (std::size_t lag = 1; lag <= ahead; ++lag) sum += x[i + lag] * x[i + lag];
    returns.push_back(x[i]);
    squares.push_back(sum / ahead);
  }
  return correlation(returns, squares);
}

Values asset(std::span<const double> log_returns, std::size_t assets, std::size_t index) {
  Values x;
  for (std::size_t at = index; at < log_returns.size(); at += assets) x.push_back(log_returns[at]);
  return x;
}

// Means over the assets.
struct AssetTails {
  double kurtosis = 0, var99 = 0, es99 = 0, var999 = 0;
};

AssetTails tails_of_assets(std::span<const double> log_returns, std::size_t assets) {
  AssetTails sum;
  for (std::size_t i = 0; i < assets; ++i) {
    const Values x = asset(log_returns, assets, i);
    const Risk usual = tail_of_asset(x, 0.99);
    sum.kurtosis += excess_kurtosis(x);
    sum.var99 += usual.value_at_risk;
    sum.es99 += usual.expected_shortfall;
    sum.var999 += tail_of_asset(x, 0.999).value_at_risk;
  }
  const auto n = static_cast<double>(assets);
  return {sum.kurtosis / n, sum.var99 / n, sum.es99 / n, sum.var999 / n};
}

Values at_weights(std::span<const double> log_returns, std::size_t assets, std::span<const double> weights) {
  Values x;
  for (std::size_t at = 0; at < log_returns.size(); at += assets) {
    double sum = 0;
    for (std::size_t i = 0; i < assets; ++i) sum += weights[i] * std::expm1(log_returns[at + i]);
    x.push_back(sum);
  }
  return x;
}

// Of at most `pairs_assets` assets, evenly chosen: all pairs of many assets say nothing more.
double mean_correlation(std::span<const double> log_returns, std::size_t assets,
                        const std::vector<bool>& bars) {
  constexpr std::size_t pairs_assets = 12;
  const std::size_t step = std::max<std::size_t>(1, assets / pairs_assets);
  std::vector<Values> chosen;
  for (std::size_t i = 0; i < assets; i += step) {
    Values x;
    for (std::size_t bar = 0; bar < bars.size(); ++bar) {
      if (bars[bar]) x.push_back(log_returns[bar * assets + i]);
    }
    chosen.push_back(std::move(x));
  }
  double sum = 0, pairs = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      sum += correlation(chosen[i], chosen[j]);
      pairs += 1;
    }
  }
  return pairs > 0 ? sum / pairs : missing;
}

std::vector<bool> worst_bars(const Values& market, double share) {
  Values sorted = market;
  std::sort(sorted.begin(), sorted.end());
  const double limit = quantile_of_sorted(sorted, share);
  std::vector<bool> bars;
  for (const double value : market) bars.push_back(value <= limit);
  return bars;
}

void check_shape(std::span<const double> log_returns, std::size_t assets, std::size_t weights) {
  REGENT_INVARIANT(
      assets > 0 && !log_returns.empty() && log_returns.size() % assets == 0 && weights == assets,
      "returns are [bars, assets], weights [assets]");
}

// The profits of a strategy whose weights at a bar come from `weigh(bar, asset)`.
template <class Weigh>
Values profits(std::span<const double> log_returns, std::size_t assets, std::size_t first,
               const Weigh& weigh) {
  Values result;
  for (std::size_t bar = first; bar < log_returns.size() / assets; ++bar) {
    double sum = 0;
    for (std::size_t i = 0; i < assets; ++i) sum += weigh(bar, i) * std::expm1(log_returns[bar * assets + i]);
    result.push_back(sum);
  }
  return result;
}

void add_tails(const std::string& name, const Values& profits, std::vector<Fact>& facts) {
  Risk risk{.value_at_risk = missing, .expected_shortfall = missing};
  if (profits.size() >= 40) risk = risk_of(profits, 0.95);
  facts.push_back({name + " VaR 95 %", "of equity a bar", risk.value_at_risk});
  facts.push_back({name + " ES 95 %", "of equity a bar", risk.expected_shortfall});
}

// Sums of log returns from the first bar to before bar t, [bars + 1, assets], with the market's mean as last
// column.
Values cumulated(std::span<const double> log_returns, std::size_t assets) {
  const std::size_t bars = log_returns.size() / assets, width = assets + 1;
  Values sums((bars + 1) * width, 0);
  for (std::size_t bar = 0; bar < bars; ++bar) {
    double market = 0;
    for (std::size_t i = 0; i < assets; ++i) {
      const double x = log_returns[bar * assets + i];
      sums[(bar + 1) * width + i] = sums[bar * width + i] + x;
      market += x / static_cast<double>(assets);
    }
    sums[(bar + 1) * width + assets] = sums[bar * width + assets] + market;
  }
  return sums;
}

}  // namespace

std::vector<Fact> stylised_facts(std::span<const double> log_returns, std::size_t assets,
                                 std::span<const double> weights) {
  check_shape(log_returns, assets, weights.size());
  const Values x = at_weights(log_returns, assets, weights), size = absolute(x);
  const AssetTails tails = tails_of_assets(log_returns, assets);
  const std::vector<bool> all(x.size(), true);
  return {{"volatility", "a bar", std::sqrt(moment(x, 2))},
          {"skewness", "", skewness(x)},
          {"excess kurtosis", "", excess_kurtosis(x)},
          {"tail index of losses", "", tail_index(x, 0.05)},
          {"autocorrelation, lag 1", "", autocorrelation(x, 1)},
          {"autocorrelation, mean of lags 2-10", "", mean_autocorrelation(x, 2, 10)},
          {"absolute returns, lag 1", "", autocorrelation(size, 1)},
          {"absolute returns, mean of lags 2-10", "", mean_autocorrelation(size, 2, 10)},
          {"absolute returns, mean of lags 11-40", "", mean_autocorrelation(size, 11, 40)},
          {"leverage", "", leverage(x)},
          {"excess kurtosis of 5 bars", "", excess_kurtosis(summed(x, 5))},
          {"excess kurtosis of 20 bars", "", excess_kurtosis(summed(x, 20))},
          {"excess kurtosis, mean of assets", "", tails.kurtosis},
          {"VaR 99 %, mean of assets", "a bar", tails.var99},
          {"ES 99 %, mean of assets", "a bar", tails.es99},
          {"VaR 99.9 %, mean of assets", "a bar", tails.var999},
          {"correlation, mean of pairs", "", mean_correlation(log_returns, assets, all)},
          {"correlation in the worst 5 %", "", mean_correlation(log_returns, assets, worst_bars(x, 0.05))}};
}

std::vector<Fact> strategy_tails(std::span<const double> log_returns, std::size_t assets) {
  check_shape(log_returns, assets, assets);
  const double n = static_cast<double>(assets);
  const std::size_t width = assets + 1;
  const Values sums = cumulated(log_returns, assets);
  const auto past = [&](std::size_t bar, std::size_t i, std::size_t bars) {
    return sums[bar * width + i] - sums[(bar - bars) * width + i];
  };
  const auto sign = [](double value) { return value > 0 ? 1.0 : value < 0 ? -1.0 : 0.0; };
  Values inverse;
  for (std::size_t i = 0; i < assets; ++i)
    inverse.push_back(1 / std::sqrt(moment(asset(log_returns, assets, i), 2)));
  const double total = std::accumulate(inverse.begin(), inverse.end(), 0.0);
  const auto profits_of = [&](std::size_t first, const auto& weigh) {
    return profits(log_returns, assets, first, weigh);
  };
  std::vector<Fact> facts;
  add_tails("equal weights", profits_of(0, [&](auto, auto) { return 1 / n; }), facts);
  add_tails("inverse volatility", profits_of(0, [&](auto, auto i) { return inverse[i] / total; }), facts);
  add_tails("momentum of 20 bars", profits_of(20, [&](auto t, auto i) { return sign(past(t, i, 20)) / n; }),
            facts);
  add_tails("reversal of 5 bars", profits_of(5, [&](auto t, auto i) { return -sign(past(t, i, 5)) / n; }),
            facts);
  add_tails("trend of 50 bars",
            profits_of(50, [&](auto t, auto) { return past(t, assets, 50) > 0 ? 1 / n : 0.0; }), facts);
  if (assets > 1)
    add_tails("half against half", profits_of(0, [&](auto, auto i) { return (i % 2 == 0 ? 1 : -1) / n; }),
              facts);
  return facts;
}

std::vector<Comparison> compare(const std::vector<Fact>& real,
                                const std::vector<std::vector<Fact>>& dreamed) {
  std::vector<Comparison> rows;
  for (std::size_t i = 0; i < real.size(); ++i) {
    Comparison row{real[i].name, real[i].unit, real[i].value, missing, missing, missing, false};
    Values values;
    for (const auto& path : dreamed) {
      if (std::isfinite(path[i].value)) values.push_back(path[i].value);
    }
    if (!values.empty()) {
      std::sort(values.begin(), values.end());
      row.dreamed = mean(values);
      row.low = quantile_of_sorted(values, 0.025);
      row.high = quantile_of_sorted(values, 0.975);
      row.within = row.real >= row.low && row.real <= row.high;
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace regent::scenario
