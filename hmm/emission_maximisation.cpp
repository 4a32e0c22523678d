#include "hmm/emission_maximisation.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "cuda/hmm/gamma_body.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/simplex.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;
using cuda::hmm::digamma_gap;
using cuda::hmm::EmissionLaw;
using cuda::hmm::triangle;
using cuda::hmm::triangle_size;

constexpr double weightless = 1e-6;  // expected bars of a part below which its mean and covariance stay

// Whether covariance − floor·I has a Cholesky factor: then no eigenvalue is below the floor. Packed.
bool above_floor(int dimension, double floor, const double* covariance) {
  double lower[triangle_size(cuda::hmm::dimension_max)];
  for (int row = 0; row < dimension; ++row) {
    for (int column = 0; column <= row; ++column) {
      double value = covariance[triangle(row, column)] - (row == column ? floor : 0);
      for (int e = 0; e < column; ++e) value -= lower[triangle(row, e)] * lower[triangle(column, e)];
      if (row == column && !(value > 0)) return false;
      lower[triangle(row, column)] =
          row == column ? std::sqrt(value) : value / lower[triangle(column, column)];
    }
  }
  return true;
}

// Of a part under the inverse-Wishart prior, in units of the data's variance: the parts share the volume of
// the data (Fraley, Raftery 2007). A prior as wide as the data would pay for parts that hold nothing, since
// every tight one costs it dear.
double prior_variance(const LaneFit& lane) {
  const cuda::hmm::ShapeNumbers shape = lane.run_shape();
  return std::pow(shape.states(), -2.0 / shape.dimension);
}

void keep_diagonal(int dimension, double* packed) {
  for (int row = 0; row < dimension; ++row) std::fill_n(&packed[triangle(row, 0)], row, 0.0);
}

void make_spherical(int dimension, double* packed) {
  double mean = 0;
  for (int d = 0; d < dimension; ++d) mean += packed[triangle(d, d)] / dimension;
  keep_diagonal(dimension, packed);
  for (int d = 0; d < dimension; ++d) packed[triangle(d, d)] = mean;
}

void make_kind(CovarianceKind kind, int dimension, double* packed) {
  if (kind == CovarianceKind::diagonal) keep_diagonal(dimension, packed);
  if (kind == CovarianceKind::spherical) make_spherical(dimension, packed);
}

// Moves the mean of one part; `scatter` becomes the (scaled) scatter about the new mean, prior included.
void move_mean(const FitSettings& settings, const std::vector<double>& counts,
               const CountLayout<AnyShape>& layout, EmissionLaw law, int part, double* mean,
               double* scatter) {
  const int dimension = layout.s.dimension;
  std::copy_n(&counts[layout.second(part, 0)], triangle_size(dimension), scatter);
  const double scaled =
      counts[law == EmissionLaw::student_t ? layout.scaled_weight(part) : layout.weight(part)];
  if (!(counts[layout.weight(part)] > weightless) || !(scaled > 0)) return;
  const double strength = settings.mean_strength;
  double shift[cuda::hmm::dimension_max];
  for (int d = 0; d < dimension; ++d) {
    const double first = counts[layout.first(part, d)] - strength * mean[d];
    shift[d] = settings.free.means ? first / (scaled + strength) : 0;
    mean[d] += shift[d];
  }
  for (int row = 0; row < dimension; ++row) {
    for (int column = 0; column <= row; ++column) {
      scatter[triangle(row, column)] +=
          scaled * shift[row] * shift[column] - counts[layout.first(part, row)] * shift[column] -
          counts[layout.first(part, column)] * shift[row] + strength * mean[row] * mean[column];
    }
  }
}

// Posterior mode of a covariance: the maximiser for every kind, since the diagonal's and the trace's part of
// scatter and prior are all that a diagonal or spherical covariance sees.
void set_covariance(const FitSettings& settings, const LaneFit& lane, double weight, double* covariance) {
  const double strength = settings.inverse_wishart_strength, prior = strength * prior_variance(lane);
  const int dimension = lane.shape.dimension;
  for (int row = 0; row < dimension; ++row) {
    for (int column = 0; column <= row; ++column) {
      double& value = covariance[triangle(row, column)];
      value = (value + (row == column ? prior : 0)) / (weight + strength);
    }
  }
  make_kind(settings.covariance, dimension, covariance);
  floor_covariance(dimension, settings.covariance_floor, covariance);
}

void maximise_dof(const std::vector<double>& counts, const CountLayout<AnyShape>& layout, LaneFit& lane) {
  for (int k = 0; k < layout.s.states; ++k) {
    const double weight = counts[layout.weight(k)];
    if (!(weight > weightless)) continue;
    const double whole = digamma_gap(0.5 * (lane.dof[k] + layout.s.dimension));
    lane.dof[k] = solve_dof(counts[layout.log_scale(k)] / weight + whole);
  }
}

void maximise_weights(const std::vector<double>& counts, const CountLayout<AnyShape>& layout,
                      double concentration, LaneFit& lane) {
  for (int k = 0; k < lane.shape.states(); ++k) {
    double bars[cuda::hmm::states_max];
    for (int c = 0; c < lane.components; ++c) bars[c] = counts[layout.weight(k * lane.components + c)];
    maximise_row(&lane.mixture_weights[k * lane.components], bars, lane.components, concentration);
  }
}

// log|Σ| + variance · trace Σ⁻¹ of one covariance; false when it is not positive definite.
bool prior_distance(int dimension, double variance, const double* covariance, double* distance) {
  double factor[triangle(cuda::hmm::dimension_max, 0)], log_normaliser = 0;
  if (!precision_factor(dimension, covariance, factor, &log_normaliser)) return false;
  double trace = 0;  // of the precision: squares of the factor
  for (int e = 0; e < triangle_size(dimension); ++e) trace += factor[e] * factor[e];
  *distance = variance * trace - 2 * (log_normaliser + 0.5 * dimension * std::log(2 * M_PI));
  return true;
}

// Σ over parts of meanᵀ·Σ⁻¹·mean: how far the means are from the data's, which is zero.
double mean_distances(const LaneFit& lane) {
  const int dimension = lane.shape.dimension;
  double sum = 0;
  for (int part = 0; part < lane.run_shape().states(); ++part) {
    double factor[triangle(cuda::hmm::dimension_max, 0)], log_normaliser = 0;
    if (!precision_factor(dimension, &lane.covariances[part * triangle_size(dimension)], factor,
                          &log_normaliser))
      return INFINITY;
    for (int row = 0; row < dimension; ++row) {
      double z = 0;
      for (int column = 0; column <= row; ++column)
        z += factor[triangle(row, column)] * lane.means[part * dimension + column];
      sum += z * z;
    }
  }
  return sum;
}

}  // namespace

void floor_covariance(int dimension, double floor, double* covariance) {
  if (above_floor(dimension, floor, covariance)) return;
  Eigen::MatrixXd full(dimension, dimension);
  for (int row = 0; row < dimension; ++row) {
    for (int column = 0; column <= row; ++column) {
      full(row, column) = full(column, row) = covariance[triangle(row, column)];
    }
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(full);
  if (solver.info() != Eigen::Success || solver.eigenvalues().minCoeff() >= floor) return;
  const Eigen::VectorXd values = solver.eigenvalues().cwiseMax(floor);
  full = solver.eigenvectors() * values.asDiagonal() * solver.eigenvectors().transpose();
  for (int row = 0; row < dimension; ++row) {
    for (int column = 0; column <= row; ++column) covariance[triangle(row, column)] = full(row, column);
  }
}

// A secant in 1/ν, in which digamma_gap(½ν) is all but straight, kept between the ends (Illinois method).
double solve_dof(double gap) {
  const auto miss = [gap](double inverse) { return digamma_gap(0.5 / inverse) - gap; };
  double low = 1 / dof_max, high = 1 / dof_min;
  double at_low = miss(low), at_high = miss(high);  // falls as 1/ν grows
  if (!(at_low > 0)) return dof_max;
  if (!(at_high < 0)) return dof_min;
  double inverse = low;
  int last_side = 0;
  for (int round = 0; round < 60; ++round) {
    const double next = (low * at_high - high * at_low) / (at_high - at_low);
    const double value = miss(next), moved = std::abs(next - inverse);
    inverse = next;
    if (value == 0 || moved < 1e-12 * inverse) break;
    const int side = value > 0 ? 1 : -1;
    (side > 0 ? low : high) = inverse;
    (side > 0 ? at_low : at_high) = value;
    if (side == last_side) (side > 0 ? at_high : at_low) *= 0.5;
    last_side = side;
  }
  return 1 / inverse;
}

void maximise_emissions(const std::vector<double>& counts, const FitSettings& settings, LaneFit& lane) {
  const AnyShape s(lane.run_shape());
  const CountLayout<AnyShape> layout{s};
  const int packed = triangle_size(s.dimension);
  const bool tied = settings.covariance == CovarianceKind::tied;
  double pooled[triangle_size(cuda::hmm::dimension_max)] = {}, pooled_weight = 0;
  for (int part = 0; part < s.states; ++part) {
    const double weight = counts[layout.weight(part)];
    double scatter[triangle_size(cuda::hmm::dimension_max)];
    move_mean(settings, counts, layout, lane.law(), part, &lane.means[part * s.dimension], scatter);
    if (tied) {
      pooled_weight += weight;
      for (int e = 0; e < packed; ++e) pooled[e] += scatter[e];
    } else if (weight > weightless && settings.free.covariances) {
      set_covariance(settings, lane, weight, scatter);
      std::copy_n(scatter, packed, &lane.covariances[part * packed]);
    }
  }
  if (tied && pooled_weight > weightless && settings.free.covariances) {
    set_covariance(settings, lane, pooled_weight, pooled);
    for (int part = 0; part < s.states; ++part) std::copy_n(pooled, packed, &lane.covariances[part * packed]);
  }
  if (!lane.dof.empty() && settings.free.covariances) maximise_dof(counts, layout, lane);
  if (!lane.mixture_weights.empty() && settings.free.means)
    maximise_weights(counts, layout, settings.dirichlet, lane);
}

double log_emission_prior(const FitSettings& settings, const LaneFit& lane) {
  const int dimension = lane.shape.dimension, parts = lane.run_shape().states();
  const double variance = prior_variance(lane);
  double sum = 0;
  for (int part = 0; part < (settings.covariance == CovarianceKind::tied ? 1 : parts); ++part) {
    double distance = 0;
    if (!prior_distance(dimension, variance, &lane.covariances[part * triangle_size(dimension)], &distance))
      return -INFINITY;
    sum -= 0.5 * settings.inverse_wishart_strength * distance;
  }
  if (settings.mean_strength > 0) sum -= 0.5 * settings.mean_strength * mean_distances(lane);
  for (int k = 0; k < lane.shape.states() && !lane.mixture_weights.empty(); ++k) {
    sum += log_dirichlet(&lane.mixture_weights[k * lane.components], lane.components, settings.dirichlet);
  }
  return sum;
}

void constrain_covariances(CovarianceKind kind, LaneFit& lane) {
  const int packed = triangle_size(lane.shape.dimension), parts = lane.run_shape().states();
  for (int part = 0; part < parts; ++part)
    make_kind(kind, lane.shape.dimension, &lane.covariances[part * packed]);
  if (kind != CovarianceKind::tied) return;
  for (int e = 0; e < packed; ++e) {
    double mean = 0;
    for (int part = 0; part < parts; ++part) mean += lane.covariances[part * packed + e] / parts;
    for (int part = 0; part < parts; ++part) lane.covariances[part * packed + e] = mean;
  }
}

}  // namespace regent::hmm
