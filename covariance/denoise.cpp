#include "covariance/denoise.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/error.hpp"
#include "covariance/maps.hpp"
#include "covariance/sample.hpp"
#include "covariance/spectrum.hpp"

namespace regent::covariance {
namespace {

void check_variances(const Matrix& covariance) {
  for (std::size_t i = 0; i < covariance.size; ++i) {
    if (covariance(i, i) > 0) continue;
    throw InputError("column " + std::to_string(i + 1) + " has the variance " +
                     std::to_string(covariance(i, i)) + "; a correlation needs it above 0");
  }
}

// Σ_k λ_k v_k v_k' with ones on the diagonal again, as a covariance of these deviations.
Matrix rebuilt(const Spectrum& spectrum, const std::vector<double>& values, const Matrix& covariance) {
  const auto n = static_cast<Eigen::Index>(covariance.size);
  const Eigen::Map<const Eigen::VectorXd> weights(values.data(), n);
  const Eigen::MatrixXd correlation =
      map_of(spectrum.vectors).transpose() * weights.asDiagonal() * map_of(spectrum.vectors);
  Matrix result = covariance_of(correlation_of(plain(correlation)), deviations_of(covariance));
  for (std::size_t i = 0; i < covariance.size; ++i) result(i, i) = covariance(i, i);
  return result;
}

}  // namespace

Denoised denoised(const Matrix& covariance, std::size_t rows) {
  if (rows < 2) throw InputError(std::to_string(rows) + " rows of observations; denoising needs at least 2");
  check_variances(covariance);
  const Spectrum spectrum = spectrum_of(correlation_of(covariance));
  Denoised result{{}, spectrum.values, 0, {}};
  result.noise =
      fit_marchenko_pastur(spectrum.values, static_cast<double>(covariance.size) / static_cast<double>(rows));
  result.signals = static_cast<std::size_t>(
      std::ranges::count_if(spectrum.values, [&](double value) { return value > result.noise.upper(); }));
  std::vector<double> values = spectrum.values;
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(result.signals);
  if (first != values.end()) {
    const double mean = std::accumulate(first, values.end(), 0.0) / static_cast<double>(values.end() - first);
    std::fill(first, values.end(), std::max(mean, 0.0));
  }
  result.covariance = rebuilt(spectrum, values, covariance);
  return result;
}

Matrix detoned(const Matrix& covariance, std::size_t modes) {
  if (modes >= covariance.size) {
    throw InputError(std::to_string(modes) + " market modes of " + std::to_string(covariance.size) +
                     " columns; at least one eigenvalue must stay");
  }
  check_variances(covariance);
  const Spectrum spectrum = spectrum_of(correlation_of(covariance));
  std::vector<double> values = spectrum.values;
  std::fill_n(values.begin(), modes, 0.0);
  return rebuilt(spectrum, values, covariance);
}

}  // namespace regent::covariance
