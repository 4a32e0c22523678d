#include "scenario/jumps.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace regent::scenario {
namespace {

constexpr double keep = 0.94;  // RiskMetrics' daily decay
constexpr std::size_t events_min = 3, start_bars = 50;
constexpr int excitation_bars = 5;
constexpr double excitation_decay = 0.7;
constexpr double branching_max = 0.7;  // below 1, or jumps would breed jumps without end

double start_variance(const Returns& returns, std::size_t asset) {
  const std::size_t count = std::min(start_bars, returns.bars());
  std::vector<double> squares;
  for (std::size_t bar = 0; bar < count; ++bar) {
    const double x = returns.log_returns[bar * returns.assets() + asset];
    squares.push_back(x * x);
  }
  // the median of χ²_1 is 0.455: a start that single jumps do not spoil
  std::nth_element(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(count / 2), squares.end());
  const double median = squares[count / 2] / 0.455;
  return median > 0 ? median
                    : std::accumulate(squares.begin(), squares.end(), 1e-12) / static_cast<double>(count);
}

// Mean over the assets that jumped, each in units of its own deviation relative to the mean asset's.
double size_of(const Returns& returns, const std::vector<std::uint8_t>& of_assets, std::size_t bar,
               const std::vector<double>& scale, double& participants) {
  const std::size_t n = returns.assets();
  double sum = 0;
  participants = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (of_assets[bar * n + i] == 0) continue;
    sum += returns.log_returns[bar * n + i] / scale[i];
    participants += 1;
  }
  return sum / participants;
}

// How many more jumps follow a jump than the regimes explain, per unit of excitation.
double excitation_of(const std::vector<std::uint8_t>& events, const std::vector<double>& expected) {
  double seen = 0, explained = 0;
  for (std::size_t bar = 0; bar < events.size(); ++bar) {
    if (events[bar] == 0) continue;
    for (std::size_t lag = 1; lag <= excitation_bars && bar + lag < events.size(); ++lag) {
      seen += events[bar + lag];
      explained += expected[bar + lag];
    }
  }
  if (!(explained > 0)) return 0;
  double kernel = 0;
  for (int lag = 0; lag < excitation_bars; ++lag) kernel += std::pow(excitation_decay, lag) / excitation_bars;
  return std::max(0.0, (seen / explained - 1) / kernel);
}

}  // namespace

std::vector<std::uint8_t> jumps_of_assets(const Returns& returns, double threshold) {
  const std::size_t n = returns.assets();
  std::vector<std::uint8_t> jumps(returns.log_returns.size(), 0);
  for (std::size_t i = 0; i < n; ++i) {
    double variance = start_variance(returns, i);
    for (std::size_t bar = 0; bar < returns.bars(); ++bar) {
      const double square = returns.log_returns[bar * n + i] * returns.log_returns[bar * n + i];
      const double limit = threshold * threshold * variance;
      jumps[bar * n + i] = square > limit ? 1 : 0;
      variance = std::max(keep * variance + (1 - keep) * std::min(square, limit), 1e-14);
    }
  }
  return jumps;
}

std::vector<std::uint8_t> jumps_of_market(const Returns& returns,
                                          const std::vector<std::uint8_t>& of_assets) {
  const std::size_t n = returns.assets();
  std::vector<std::uint8_t> jumps(returns.bars(), 0);
  for (std::size_t bar = 0; bar < jumps.size(); ++bar) {
    const auto row = of_assets.begin() + static_cast<std::ptrdiff_t>(bar * n);
    const auto count = std::accumulate(row, row + static_cast<std::ptrdiff_t>(n), std::size_t{0});
    jumps[bar] = count >= 1 && 4 * count >= n ? 1 : 0;
  }
  return jumps;
}

cuda::scenario::Jumps jump_law(const Returns& returns, const std::vector<std::uint8_t>& of_assets,
                               const std::vector<std::uint8_t>& of_market, const std::vector<double>& weights,
                               int regimes, const std::vector<double>& deviation) {
  cuda::scenario::Jumps law;
  const auto events = static_cast<std::size_t>(std::accumulate(of_market.begin(), of_market.end(), 0));
  if (events < events_min) return law;
  const std::size_t n = returns.assets(), bars = returns.bars();
  const double mean_deviation =
      std::accumulate(deviation.begin(), deviation.end(), 0.0) / static_cast<double>(n);
  law.scale = deviation;
  for (double& value : law.scale) value /= mean_deviation;
  std::vector<double> count(regimes, 0), time(regimes, 0), sizes;
  double shares = 0;
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (int k = 0; k < regimes; ++k) {
      time[k] += weights[bar * regimes + k];
      count[k] += of_market[bar] * weights[bar * regimes + k];
    }
    if (of_market[bar] == 0) continue;
    double participants = 0;
    sizes.push_back(size_of(returns, of_assets, bar, law.scale, participants));
    shares += participants / static_cast<double>(n);
  }
  const double m = static_cast<double>(events), overall = m / static_cast<double>(bars);
  // one jump's worth of the overall rate keeps a rare regime from never jumping
  for (int k = 0; k < regimes; ++k) law.intensity.push_back((count[k] + 1) / (time[k] + 1 / overall));
  law.participation = shares / m;
  law.mean = std::accumulate(sizes.begin(), sizes.end(), 0.0) / m;
  double squares = 0;
  for (const double size : sizes) squares += (size - law.mean) * (size - law.mean);
  law.deviation = std::sqrt(squares / (m - 1));
  std::vector<double> expected(bars, 0);
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (int k = 0; k < regimes; ++k) expected[bar] += weights[bar * regimes + k] * law.intensity[k];
  }
  const double largest = *std::max_element(law.intensity.begin(), law.intensity.end());
  law.decay = excitation_decay;
  law.excitation =
      std::min(excitation_of(of_market, expected), branching_max * (1 - excitation_decay) / largest);
  // what excitation adds is taken from the rate, so that the overall number of jumps stays what was seen
  for (double& rate : law.intensity) rate *= 1 - std::min(0.7, law.excitation / (1 - law.decay) * overall);
  return law;
}

}  // namespace regent::scenario
