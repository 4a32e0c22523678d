#pragma once
// Every feature once more, slowly and straight from its definition over the whole history, in long double and
// without a line of the library's own feature code.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::market::test {

using Real = long double;
inline constexpr Real missing = std::numeric_limits<Real>::quiet_NaN();

class FeatureReference {
 public:
  explicit FeatureReference(const Panel& panel) : panel_(panel) { define(); }

  bool knows(const std::string& name) const { return formulas_.contains(name); }

  // `warmup` bars before the first value are NaN, as is a bar of a symbol without a close.
  double value(const std::string& name, int warmup, std::size_t bar, std::size_t symbol) const {
    if (bar < static_cast<std::size_t>(warmup)) return std::numeric_limits<double>::quiet_NaN();
    const int t = static_cast<int>(bar);
    if (std::isnan(close(t, symbol))) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(formulas_.at(name)(t, symbol));
  }

 private:
  using Values = std::vector<Real>;  // NaN where missing, oldest first

  Real cell(Column column, int t, std::size_t s) const {
    if (t < 0 || !panel_.has(column)) return missing;
    const double value = panel_.at(column, static_cast<std::size_t>(t), s);
    return std::isfinite(value) && value > 0 ? static_cast<Real>(value) : missing;
  }
  Real open(int t, std::size_t s) const { return cell(Column::open, t, s); }
  Real high(int t, std::size_t s) const { return cell(Column::high, t, s); }
  Real low(int t, std::size_t s) const { return cell(Column::low, t, s); }
  Real close(int t, std::size_t s) const { return cell(Column::close, t, s); }
  Real volume(int t, std::size_t s) const { return cell(Column::volume, t, s); }

  // The last close that is at most ten bars old.
  Real last_close(int t, std::size_t s) const {
    for (int age = 0; age <= 10; ++age) {
      if (!std::isnan(close(t - age, s))) return close(t - age, s);
    }
    return missing;
  }
  Real log_return(int t, std::size_t s) const { return std::log(close(t, s) / last_close(t - 1, s)); }
  Real market_return(int t) const {
    Values returns;
    for (std::size_t s = 0; s < panel_.symbol_count(); ++s) returns.push_back(log_return(t, s));
    returns = known(returns);
    return returns.empty() ? missing : mean(returns);
  }

  static Values known(Values values) {
    std::erase_if(values, [](Real value) { return std::isnan(value); });
    return values;
  }
  // The known values of the last n bars; nothing when they are fewer than half.
  Values window(int t, int n, const std::function<Real(int)>& at) const {
    Values values;
    for (int bar = t - n + 1; bar <= t; ++bar) values.push_back(at(bar));
    values = known(values);
    return 2 * values.size() >= static_cast<std::size_t>(n) ? values : Values{};
  }
  Values returns(int t, int n, std::size_t s) const {
    return window(t, n, [&](int bar) { return log_return(bar, s); });
  }
  static Real mean(const Values& values) {
    Real sum = 0;
    for (const Real value : values) sum += value;
    return values.empty() ? missing : sum / static_cast<Real>(values.size());
  }
  static Real power_mean(const Values& values, int power, Real around) {
    Values powers;
    for (const Real value : values) powers.push_back(std::pow(value - around, power));
    return mean(powers);
  }
  static Real deviation(const Values& values) { return std::sqrt(power_mean(values, 2, mean(values))); }

  // Σ weight^age x / Σ weight^age over values oldest first, NaN skipped without ageing the others.
  static Real exponential(const Values& values, Real keep) {
    const Values present = known(values);
    Real sum = 0, weights = 0;
    for (std::size_t i = 0; i < present.size(); ++i) {
      const Real weight = std::pow(keep, static_cast<Real>(present.size() - 1 - i));
      sum += weight * present[i];
      weights += weight;
    }
    return sum / weights;
  }

  using Formula = std::function<Real(int, std::size_t)>;

  Formula return_over(int from, int to = 0) const {
    return
        [=, this](int t, std::size_t s) { return std::log(last_close(t - to, s) / last_close(t - from, s)); };
  }
  Formula realised(int n) const {
    return [=, this](int t, std::size_t s) { return std::sqrt(power_mean(returns(t, n, s), 2, 0)); };
  }
  Formula z_score(int n) const {
    return [=, this](int t, std::size_t s) {
      const auto values = window(t, n, [&](int bar) { return std::log(volume(bar, s)); });
      return (std::log(volume(t, s)) - mean(values)) / deviation(values);
    };
  }
  Formula distance(int n) const {
    return [=, this](int t, std::size_t s) {
      return std::log(close(t, s) / mean(window(t, n, [&](int bar) { return close(bar, s); })));
    };
  }
  Formula rank(int n) const {
    return [=, this](int t, std::size_t s) {
      const auto moved = [&](std::size_t other) {
        return std::log(close(t, other) / last_close(t - n, other));
      };
      Real below = 0, equal = 0, count = 0;
      for (std::size_t other = 0; other < panel_.symbol_count(); ++other) {
        if (std::isnan(moved(other))) continue;
        count += 1;
        below += moved(other) < moved(s) ? 1 : 0;
        equal += moved(other) == moved(s) ? 1 : 0;
      }
      return std::isnan(moved(s)) ? missing : (2 * below + equal) / count - 1;
    };
  }

  struct Pairs {
    Values own, market;
  };
  Pairs pairs(int t, std::size_t s) const {
    Pairs out;
    for (int bar = t - 62; bar <= t; ++bar) {
      const Real own = log_return(bar, s), market = market_return(bar);
      if (std::isnan(own) || std::isnan(market)) continue;
      out.own.push_back(own);
      out.market.push_back(market);
    }
    return out.own.size() >= 32 ? out : Pairs{};
  }
  static Real covariance(const Values& a, const Values& b) {
    Values products;
    for (std::size_t i = 0; i < a.size(); ++i) products.push_back((a[i] - mean(a)) * (b[i] - mean(b)));
    return mean(products);
  }

  Real true_range(int t, std::size_t s) const {
    const Real previous = last_close(t - 1, s);
    if (std::isnan(previous) || std::isnan(high(t, s)) || std::isnan(low(t, s))) return missing;
    return std::max(
        {high(t, s) - low(t, s), std::abs(high(t, s) - previous), std::abs(low(t, s) - previous)});
  }

  Real macd_histogram(int t, std::size_t s) const {
    const auto closes_until = [&](int end) {
      Values closes;
      for (int bar = t - 91; bar <= end; ++bar) closes.push_back(close(bar, s));
      return closes;
    };
    if (2 * known(closes_until(t)).size() < 92) return missing;
    Values line;
    for (int bar = t - 24; bar <= t; ++bar) {
      const auto closes = closes_until(bar);
      const bool traded = !std::isnan(closes.back());
      line.push_back(traded ? exponential(closes, 1 - 2.0L / 13) - exponential(closes, 1 - 2.0L / 27)
                            : missing);
    }
    return (line.back() - exponential(line, 1 - 2.0L / 10)) / close(t, s);
  }

  Real relative_strength(int t, std::size_t s) const {
    const auto moves = returns(t, 70, s);
    if (moves.empty()) return missing;
    Values gains, losses;
    for (const Real move : moves) {
      gains.push_back(std::max<Real>(move, 0));
      losses.push_back(std::max<Real>(-move, 0));
    }
    const Real gain = exponential(gains, 13.0L / 14), loss = exponential(losses, 13.0L / 14);
    return 100 - 100 / (1 + gain / loss);
  }

  Real autocorrelation(int t, std::size_t s) const {
    const auto all = returns(t, 21, s);
    if (all.empty()) return missing;
    Real products = 0;
    for (int bar = t - 19; bar <= t; ++bar) {
      const Real product = (log_return(bar, s) - mean(all)) * (log_return(bar - 1, s) - mean(all));
      if (!std::isnan(product)) products += product;
    }
    return products / (power_mean(all, 2, mean(all)) * static_cast<Real>(all.size()));
  }

  void define() {
    auto& f = formulas_;
    f["log_return"] = [this](int t, std::size_t s) { return log_return(t, s); };
    for (const int n : {5, 10, 21}) f["return_" + std::to_string(n)] = return_over(n);
    f["momentum_63"] = return_over(63);
    f["momentum_252_21"] = return_over(252, 21);
    for (const int n : {5, 21, 63}) f["realised_volatility_" + std::to_string(n)] = realised(n);
    f["downside_volatility_21"] = [this](int t, std::size_t s) {
      auto values = returns(t, 21, s);
      for (Real& value : values) value = std::min<Real>(value, 0);
      return std::sqrt(power_mean(values, 2, 0));
    };
    const auto squared_range = [this](int t, std::size_t s) {
      return std::pow(std::log(high(t, s) / low(t, s)), 2);
    };
    f["parkinson_range"] = [=](int t, std::size_t s) {
      return std::sqrt(squared_range(t, s) / (4 * std::log(2.0L)));
    };
    f["parkinson_volatility_21"] = [=, this](int t, std::size_t s) {
      return std::sqrt(mean(window(t, 21, [&](int bar) { return squared_range(bar, s); })) /
                       (4 * std::log(2.0L)));
    };
    f["garman_klass_volatility_21"] = [=, this](int t, std::size_t s) {
      return std::sqrt(mean(window(t, 21, [&](int bar) {
        const Real body = std::log(close(bar, s) / open(bar, s));
        return 0.5L * squared_range(bar, s) - (2 * std::log(2.0L) - 1) * body * body;
      })));
    };
    f["atr_14"] = [this](int t, std::size_t s) {
      const auto ranges = window(t, 70, [&](int bar) { return true_range(bar, s); });
      return ranges.empty() ? missing : exponential(ranges, 13.0L / 14) / close(t, s);
    };
    f["rsi_14"] = [this](int t, std::size_t s) { return relative_strength(t, s); };
    f["macd_histogram"] = [this](int t, std::size_t s) { return macd_histogram(t, s); };
    f["bollinger_position_20"] = [this](int t, std::size_t s) {
      const auto closes = window(t, 20, [&](int bar) { return close(bar, s); });
      return (close(t, s) - mean(closes)) / (2 * deviation(closes));
    };
    f["stochastic_14"] = [this](int t, std::size_t s) {
      Values highs, lows;
      for (int bar = t - 13; bar <= t; ++bar) {
        if (std::isnan(high(bar, s)) || std::isnan(low(bar, s))) continue;
        highs.push_back(high(bar, s));
        lows.push_back(low(bar, s));
      }
      if (highs.size() < 7) return missing;
      const Real top = *std::ranges::max_element(highs), bottom = *std::ranges::min_element(lows);
      return 2 * (close(t, s) - bottom) / (top - bottom) - 1;
    };
    f["gap"] = [this](int t, std::size_t s) { return std::log(open(t, s) / last_close(t - 1, s)); };
    f["intraday_return"] = [this](int t, std::size_t s) { return std::log(close(t, s) / open(t, s)); };
    f["close_location"] = [this](int t, std::size_t s) {
      return 2 * (close(t, s) - low(t, s)) / (high(t, s) - low(t, s)) - 1;
    };
    for (const int n : {20, 63, 252}) f["volume_z_score_" + std::to_string(n)] = z_score(n);
    f["log_volume_ratio_21"] = [this](int t, std::size_t s) {
      return std::log(volume(t, s) / mean(window(t, 21, [&](int bar) { return volume(bar, s); })));
    };
    f["drawdown_252"] = [this](int t, std::size_t s) {
      const auto closes = window(t, 252, [&](int bar) { return close(bar, s); });
      return closes.empty() ? missing : std::log(close(t, s) / *std::ranges::max_element(closes));
    };
    f["distance_sma_50"] = distance(50);
    f["distance_sma_200"] = distance(200);
    f["trend_strength_21"] = [this](int t, std::size_t s) {
      Values sizes;
      for (const Real move : returns(t, 21, s)) sizes.push_back(std::abs(move));
      return mean(returns(t, 21, s)) / mean(sizes);
    };
    f["skewness_63"] = [this](int t, std::size_t s) {
      const auto values = returns(t, 63, s);
      return power_mean(values, 3, mean(values)) / std::pow(deviation(values), 3);
    };
    f["autocorrelation_21"] = [this](int t, std::size_t s) { return autocorrelation(t, s); };
    f["max_return_21"] = [this](int t, std::size_t s) {
      const auto values = returns(t, 21, s);
      return values.empty() ? missing : *std::ranges::max_element(values);
    };
    f["rank_return_5"] = rank(5);
    f["rank_return_21"] = rank(21);
    f["market_beta_63"] = [this](int t, std::size_t s) {
      const auto p = pairs(t, s);
      return covariance(p.own, p.market) / covariance(p.market, p.market);
    };
    f["market_correlation_63"] = [this](int t, std::size_t s) {
      const auto p = pairs(t, s);
      return covariance(p.own, p.market) / (deviation(p.own) * deviation(p.market));
    };
    f["idiosyncratic_volatility_63"] = [this](int t, std::size_t s) {
      const auto p = pairs(t, s);
      const Real beta = covariance(p.own, p.market) / covariance(p.market, p.market);
      Values residuals;
      for (std::size_t i = 0; i < p.own.size(); ++i) {
        residuals.push_back(p.own[i] - mean(p.own) - beta * (p.market[i] - mean(p.market)));
      }
      return std::sqrt(power_mean(residuals, 2, 0));
    };
  }

  const Panel& panel_;
  std::map<std::string, Formula> formulas_;
};

}  // namespace regent::market::test
