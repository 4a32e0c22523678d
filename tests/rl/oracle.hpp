#pragma once
// The best that anyone can do who knows the synthetic market's signal v_t, its law, and each regime's drift,
// volatility and transitions (measured on the whole series, held-out bars included): dynamic programming over
// a grid of (v, regime, position) for the greatest mean log growth after costs. A decision at bar t sees v_t
// and the regime of t, and is paid the return of bar t + 1. The plan leaves the drift of positions by prices
// out; its evaluation does not.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "market/synthetic.hpp"
#include "tests/rl/synthetic_training.hpp"

namespace regent::rl {

class Oracle {
 public:
  Oracle(const market::SyntheticMarket& settings, const market::SyntheticResult& market, double cost_rate)
      : drift_per_signal_(settings.signal_strength * settings.daily_volatility), cost_rate_(cost_rate) {
    measure_regimes(market);
    measure_signal(settings.signal_persistence);
    for (int sweep = 0; sweep < 500; ++sweep) improve();
  }

  // Targets [bars, symbols] for the bars [first, end), positions 0 at the start.
  std::vector<float> positions(const market::SyntheticResult& market, std::size_t first,
                               std::size_t end) const {
    const std::size_t symbols = market.panel.symbol_count();
    std::vector<std::size_t> held(symbols, (places - 1) / 2);
    std::vector<float> targets;
    for (std::size_t bar = first; bar < end; ++bar) {
      for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
        const double v = std::clamp(market.signal[bar * symbols + symbol], -4.0, 4.0);
        const auto i = static_cast<std::size_t>(std::lround((v + 4) / 8 * (grid - 1)));
        held[symbol] = plan_[cell(i, static_cast<std::size_t>(market.regime[bar]), held[symbol])];
        targets.push_back(static_cast<float>(place(held[symbol])));
      }
    }
    return targets;
  }

 private:
  static constexpr std::size_t grid = 41, regimes = 3, places = 21;
  static double signal(std::size_t i) { return -4 + 8.0 * static_cast<double>(i) / (grid - 1); }
  static double place(std::size_t p) { return -1 + 2.0 * static_cast<double>(p) / (places - 1); }
  static std::size_t cell(std::size_t i, std::size_t r, std::size_t p) {
    return (i * regimes + r) * places + p;
  }

  void measure_regimes(const market::SyntheticResult& market) {
    const std::vector<float> returns = execution_returns(market.panel);
    const std::size_t symbols = market.panel.symbol_count();
    std::array<double, regimes> sums{}, squares{}, counts{};
    for (std::size_t bar = 0; bar + 2 < market.panel.bars(); ++bar) {
      const auto next = static_cast<std::size_t>(market.regime[bar + 1]);
      regime_transition_[static_cast<std::size_t>(market.regime[bar])][next] += 1;
      for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
        const std::size_t i = bar * symbols + symbol;
        const double rest = returns[i] - drift_per_signal_ * market.signal[i];
        sums[next] += rest;
        squares[next] += rest * rest;
        counts[next] += 1;
      }
    }
    for (std::size_t r = 0; r < regimes; ++r) {
      double row = 0;
      for (const double count : regime_transition_[r]) row += count;
      for (double& count : regime_transition_[r]) count = row > 0 ? count / row : 1.0 / regimes;
      mean_[r] = counts[r] > 0 ? sums[r] / counts[r] : 0;
      variance_[r] = counts[r] > 0 ? squares[r] / counts[r] - mean_[r] * mean_[r] : 0;
    }
  }

  void measure_signal(double persistence) {
    const double spread = std::sqrt(1 - persistence * persistence);
    for (std::size_t from = 0; from < grid; ++from) {
      double sum = 0;
      for (std::size_t to = 0; to < grid; ++to) {
        const double z = (signal(to) - persistence * signal(from)) / spread;
        sum += signal_transition_[from][to] = std::exp(-0.5 * z * z);
      }
      for (double& chance : signal_transition_[from]) chance /= sum;
    }
  }

  // One sweep of value iteration; the discount makes the plan look some 200 bars ahead.
  void improve() {
    std::vector<double> by_signal(values_.size(), 0.0);
    for (std::size_t from = 0; from < grid; ++from) {
      for (std::size_t to = 0; to < grid; ++to) {
        const double chance = signal_transition_[from][to];
        if (chance < 1e-12) continue;
        for (std::size_t k = 0; k < regimes * places; ++k) {
          by_signal[from * regimes * places + k] += chance * values_[to * regimes * places + k];
        }
      }
    }
    for (std::size_t i = 0; i < grid; ++i) {
      for (std::size_t r = 0; r < regimes; ++r) decide(i, r, by_signal);
    }
  }

  void decide(std::size_t i, std::size_t r, const std::vector<double>& by_signal) {
    double mean = drift_per_signal_ * signal(i);
    double variance = 0;
    std::array<double, places> after{};
    for (std::size_t next = 0; next < regimes; ++next) {
      mean += regime_transition_[r][next] * mean_[next];
      variance += regime_transition_[r][next] * variance_[next];
      for (std::size_t q = 0; q < places; ++q) {
        after[q] += 0.995 * regime_transition_[r][next] * by_signal[cell(i, next, q)];
      }
    }
    for (std::size_t p = 0; p < places; ++p) {
      double best = -1e300;
      for (std::size_t q = 0; q < places; ++q) {
        const double growth = place(q) * mean - 0.5 * place(q) * place(q) * variance -
                              cost_rate_ * std::abs(place(q) - place(p));
        if (growth + after[q] <= best) continue;
        best = growth + after[q];
        plan_[cell(i, r, p)] = q;
      }
      values_[cell(i, r, p)] = best;
    }
  }

  double drift_per_signal_, cost_rate_;
  std::array<std::array<double, grid>, grid> signal_transition_{};
  std::array<std::array<double, regimes>, regimes> regime_transition_{};
  std::array<double, regimes> mean_{}, variance_{};
  std::vector<double> values_ = std::vector<double>(grid * regimes * places, 0.0);
  std::vector<std::size_t> plan_ = std::vector<std::size_t>(grid * regimes * places, 0);
};

}  // namespace regent::rl
