#include "allocation/eigen_risk.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "covariance/maps.hpp"
#include "covariance/sample.hpp"

namespace regent::allocation {
namespace {

constexpr double edge_min = 0.01;  // of a mean eigenvalue of 1: no mode is levered up more than tenfold

}  // namespace

NoiseEdge noise_edge(std::span<const double> eigenvalues, double rows) {
  REGENT_INVARIANT(!eigenvalues.empty() && rows > 0, "eigenvalues and rows behind them");
  NoiseEdge noise;
  while (noise.signals < eigenvalues.size()) {
    const auto rest = eigenvalues.subspan(noise.signals);
    const auto assets = static_cast<double>(rest.size());
    const double variance = std::accumulate(rest.begin(), rest.end(), 0.0) / assets;
    const double q = assets / std::max(rows - static_cast<double>(noise.signals), 1.0);
    noise.edge = std::max(variance * std::pow(1 + std::sqrt(q), 2), edge_min);
    const auto above = static_cast<std::size_t>(
        std::ranges::count_if(eigenvalues, [&](double value) { return value > noise.edge; }));
    if (above <= noise.signals) break;
    noise.signals = above;
  }
  return noise;
}

std::vector<double> eigen_risk_exposures(const covariance::Spectrum& spectrum,
                                         std::span<const double> convictions, double edge) {
  REGENT_INVARIANT(convictions.size() == spectrum.values.size(), "one conviction per asset");
  const auto n = static_cast<Eigen::Index>(convictions.size());
  const auto vectors = covariance::map_of(spectrum.vectors);
  Eigen::VectorXd along = vectors * Eigen::Map<const Eigen::VectorXd>(convictions.data(), n);
  for (Eigen::Index k = 0; k < n; ++k) {
    along(k) /= std::sqrt(std::max(spectrum.values[static_cast<std::size_t>(k)], edge));
  }
  const Eigen::VectorXd exposures = vectors.transpose() * along;
  return {exposures.begin(), exposures.end()};
}

covariance::Matrix without_noise(const covariance::Spectrum& spectrum, const NoiseEdge& noise) {
  const std::size_t assets = spectrum.values.size();
  std::vector<double> values = spectrum.values;
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(noise.signals);
  if (first != values.end()) {
    const double sum = std::accumulate(first, values.end(), 0.0);
    std::fill(first, values.end(), std::max(sum / static_cast<double>(values.end() - first), 0.0));
  }
  const Eigen::Map<const Eigen::VectorXd> weights(values.data(), static_cast<Eigen::Index>(assets));
  const auto vectors = covariance::map_of(spectrum.vectors);
  const Eigen::MatrixXd cleaned = vectors.transpose() * weights.asDiagonal() * vectors;
  covariance::Matrix result = covariance::correlation_of(covariance::plain(cleaned));
  for (std::size_t i = 0; i < assets; ++i) result(i, i) = 1;
  return result;
}

}  // namespace regent::allocation
