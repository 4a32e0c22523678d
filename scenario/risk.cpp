#include "scenario/risk.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/normal.hpp"

namespace regent::scenario {
namespace {

void check_share(const char* name, double value) {
  if (!(value > 0 && value < 1))
    throw InputError(std::string(name) + " is " + std::to_string(value) + "; between 0 and 1 is possible");
}

void check_finite(std::span<const double> profits) {
  if (!std::ranges::all_of(profits, [](double profit) { return std::isfinite(profit); }))
    throw InputError("risk: a profit is not finite");
}

// The k-th smallest, k from 1.
double order(const std::vector<double>& sorted, double k) {
  const double last = static_cast<double>(sorted.size());
  return sorted[static_cast<std::size_t>(std::clamp(k, 1.0, last)) - 1];
}

// n·level without the rounding that makes 1000·0.99 a little more than 990.
double place_of(double n, double level) {
  const double place = n * level, nearest = std::round(place);
  return std::abs(place - nearest) < 1e-9 * n ? nearest : place;
}

// Of losses whose ⌈n·level⌉-th smallest stands in its place, with none larger before it.
Risk tail_of_ordered(const std::vector<double>& losses, double level) {
  const double n = static_cast<double>(losses.size()), place = place_of(n, level), k = std::ceil(place);
  Risk risk{.level = level, .value_at_risk = order(losses, k)};
  const double beyond = std::accumulate(losses.begin() + static_cast<std::ptrdiff_t>(k), losses.end(), 0.0);
  risk.expected_shortfall = (beyond + (k - place) * risk.value_at_risk) / (n - place);
  return risk;
}

}  // namespace

double quantile_of_sorted(std::span<const double> sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), sorted.size() - 1);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Risk risk_of(std::span<const double> profits, double level, double confidence) {
  std::vector<double> sorted(profits.begin(), profits.end());
  check_finite(sorted);
  std::sort(sorted.begin(), sorted.end());
  return risk_of_sorted(sorted, level, confidence);
}

Risk risk_of_sorted(std::span<const double> profits, double level, double confidence) {
  check_share("level", level);
  check_share("confidence", confidence);
  if (profits.empty()) throw InputError("risk of no profits; at least one path is needed");
  check_finite(profits);
  REGENT_INVARIANT(std::ranges::is_sorted(profits), "profits in ascending order");
  std::vector<double> losses(profits.size());
  std::transform(profits.rbegin(), profits.rend(), losses.begin(), std::negate<>());
  Risk risk = tail_of_ordered(losses, level);
  const double n = static_cast<double>(losses.size()), place = place_of(n, level);
  const double tail = n - place;  // how many losses the mean is of
  double squares = 0;
  for (auto i = static_cast<std::size_t>(std::ceil(place)); i < losses.size(); ++i)
    squares += (losses[i] - risk.value_at_risk) * (losses[i] - risk.value_at_risk);
  const double z = normal_quantile(0.5 + confidence / 2), spread = z * std::sqrt(n * level * (1 - level));
  risk.var_low = order(losses, std::floor(place - spread));
  risk.var_high = order(losses, std::ceil(place + spread) + 1);
  // of excesses over VaR, which are 0 for the fraction that lies at VaR itself
  const double excess = risk.expected_shortfall - risk.value_at_risk;
  const double variance = std::max(0.0, squares / tail - excess * excess);
  const double error = z * std::sqrt((variance + level * excess * excess) / tail);
  risk.es_low = risk.expected_shortfall - error;
  risk.es_high = risk.expected_shortfall + error;
  return risk;
}

Risk tail_of(std::vector<double> losses, double level) {
  const double k = std::max(1.0, std::ceil(place_of(static_cast<double>(losses.size()), level)));
  std::nth_element(losses.begin(), losses.begin() + static_cast<std::ptrdiff_t>(k) - 1, losses.end());
  return tail_of_ordered(losses, level);
}

Share share_of(std::int64_t hits, std::int64_t n, double confidence) {
  const double z = normal_quantile(0.5 + confidence / 2), count = static_cast<double>(n);
  const double p = static_cast<double>(hits) / count, scale = 1 + z * z / count;
  const double centre = (p + z * z / (2 * count)) / scale;
  const double half = z / scale * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  return {p, hits == 0 ? 0 : centre - half, hits == n ? 1 : centre + half};
}

}  // namespace regent::scenario
