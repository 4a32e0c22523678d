#pragma once
// Random bars, tables and lanes for the sweep's tests; everything follows from the seed.

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "cuda/trading/sweep.hpp"

namespace regent::cuda::sweep {

struct Market {
  std::vector<double> open, high, low, close;
  std::vector<float> table;
  std::size_t columns;
  std::vector<std::int32_t> bucket;
  std::vector<std::uint8_t> allowed;
  std::vector<double> slippage_rates;
  std::vector<Lane> lanes;

  // A random walk with gaps; columns are slow noises that begin with missing values.
  Market(std::size_t bars, std::size_t column_count, unsigned seed, double volatility = 0.01)
      : columns(column_count), random_(seed) {
    double price = 100;
    for (std::size_t t = 0; t < bars; ++t) {
      open.push_back(price * std::exp(0.3 * volatility * normal()));
      close.push_back(open.back() * std::exp(volatility * normal()));
      high.push_back(std::max(open.back(), close.back()) * std::exp(0.4 * volatility * std::abs(normal())));
      low.push_back(std::min(open.back(), close.back()) * std::exp(-0.4 * volatility * std::abs(normal())));
      price = close.back();
      bucket.push_back(static_cast<std::int32_t>(t * 3 / bars) * 2 + (t / 37 % 2 == 0 ? 0 : 1));
      allowed.push_back(t / 53 % 4 == 3 ? 0 : 1);
    }
    for (std::size_t t = 0; t < bars; ++t) slippage_rates.push_back(0.0001 * below(100));
    table.resize(Table::size(bars, columns));
    std::vector<double> value(columns, 0);
    for (std::size_t t = 0; t < bars; ++t) {
      for (std::size_t c = 0; c < columns; ++c) {
        value[c] = 0.8 * value[c] + normal();
        const bool missing = t < c || (t > 200 && t % 61 == c % 61);
        table[Table::at(bars, t, c)] =
            missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value[c]);
      }
    }
  }
  double normal() { return std::normal_distribution<double>()(random_); }
  int below(std::size_t count) {
    return std::uniform_int_distribution<int>(0, static_cast<int>(count) - 1)(random_);
  }
  Task task() const {
    Task task;
    task.bars = {open, high, low, close};
    task.table = {table, columns};
    task.lanes = lanes;
    return task;
  }

 private:
  std::mt19937 random_;
};

}  // namespace regent::cuda::sweep
