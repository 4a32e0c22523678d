#include "hmm/lane_fit.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "hmm/lane_parameters.hpp"

namespace regent::hmm {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;
using cuda::hmm::ParameterLayout;
using cuda::hmm::triangle;
using cuda::hmm::triangle_size;

namespace {

constexpr double weightless = 1e-6;  // expected bars of a state below which its mean and covariance stay

// Posterior mode of one row of probabilities under Dirichlet(concentration). `skip`: an entry that is zero by
// design.
void maximise_row(double* row, const double* counts, int size, double concentration, int skip = -1) {
  double total = 0;
  for (int i = 0; i < size; ++i) total += i == skip ? 0 : counts[i] + concentration - 1;
  if (!(total > 0)) return;
  for (int i = 0; i < size; ++i) row[i] = i == skip ? 0 : (counts[i] + concentration - 1) / total;
}

double log_dirichlet(const double* row, int size, double concentration, int skip = -1) {
  double sum = 0;
  if (concentration == 1) return 0;
  for (int i = 0; i < size; ++i) sum += i == skip ? 0 : (concentration - 1) * std::log(row[i]);
  return sum;
}

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

bool LaneFit::to_parameters(std::vector<double>& parameters) const {
  const AnyShape s(shape);
  const ParameterLayout<AnyShape> layout{s};
  parameters.assign(layout.size(), 0);
  for (int k = 0; k < s.states; ++k) {
    parameters[layout.start(k)] = macro_start[k / s.micros] * micro_start[k];
    parameters[layout.exit(k)] = micro_exit[k];
    parameters[layout.entry(k)] = micro_start[k];
    for (int to = 0; to < s.micros; ++to) {
      parameters[layout.stay(k / s.micros, k % s.micros, to)] =
          (1 - micro_exit[k]) * micro_transition[k * s.micros + to];
    }
    double* covariance = &parameters[layout.covariance(k, 0)];
    std::copy_n(&covariances[k * triangle_size(s.dimension)], triangle_size(s.dimension), covariance);
    std::copy_n(&means[k * s.dimension], s.dimension, &parameters[layout.mean(k, 0)]);
    if (!precision_factor(s.dimension, covariance, &parameters[layout.factor(k, 0)],
                          &parameters[layout.log_normaliser(k)])) {
      return false;
    }
  }
  std::copy(macro_transition.begin(), macro_transition.end(), &parameters[layout.macro(0, 0)]);
  return true;
}

void LaneFit::maximise(const std::vector<double>& counts, const FitSettings& settings) {
  const AnyShape s(shape);
  const CountLayout<AnyShape> layout{s};
  const double prior = settings.dirichlet;
  double entries[cuda::hmm::states_max], macro_starts[cuda::hmm::states_max] = {};
  for (int k = 0; k < s.states; ++k) {
    entries[k] = counts[layout.entry(k)] + counts[layout.start(k)];
    macro_starts[k / s.micros] += counts[layout.start(k)];
  }
  maximise_row(macro_start.data(), macro_starts, s.macros, prior);
  for (int i = 0; i < s.macros; ++i) {
    maximise_row(&micro_start[i * s.micros], &entries[i * s.micros], s.micros, prior);
    if (s.macros > 1)
      maximise_row(&macro_transition[i * s.macros], &counts[layout.macro(i, 0)], s.macros, prior, i);
    for (int j = 0; j < s.micros; ++j) {
      const int k = i * s.micros + j;
      const double* stays = &counts[layout.stay(i, j, 0)];
      maximise_row(&micro_transition[k * s.micros], stays, s.micros, prior);
      if (s.macros == 1) continue;
      double stayed = 0;
      for (int to = 0; to < s.micros; ++to) stayed += stays[to];
      const double exits = counts[layout.exit(k)] + prior - 1;
      const double total = exits + stayed + prior - 1 + settings.sticky;
      if (total > 0) micro_exit[k] = exits / total;
    }
  }
  const double strength = settings.inverse_wishart_strength;
  for (int k = 0; k < s.states; ++k) {
    const double weight = counts[layout.weight(k)];
    if (!(weight > weightless)) continue;
    double shift[cuda::hmm::dimension_max];
    for (int d = 0; d < s.dimension; ++d) shift[d] = counts[layout.first(k, d)] / weight;
    double* covariance = &covariances[k * triangle_size(s.dimension)];
    for (int row = 0; row < s.dimension; ++row) {
      for (int column = 0; column <= row; ++column) {
        const double scatter =
            counts[layout.second(k, triangle(row, column))] - weight * shift[row] * shift[column];
        covariance[triangle(row, column)] = (scatter + (row == column ? strength : 0)) / (weight + strength);
      }
    }
    floor_covariance(s.dimension, settings.covariance_floor, covariance);
    for (int d = 0; d < s.dimension; ++d) means[k * s.dimension + d] += shift[d];
  }
}

double LaneFit::log_prior(const FitSettings& settings) const {
  const AnyShape s(shape);
  const double prior = settings.dirichlet;
  double sum = log_dirichlet(macro_start.data(), s.macros, prior);
  for (int i = 0; i < s.macros; ++i) {
    sum += log_dirichlet(&micro_start[i * s.micros], s.micros, prior);
    if (s.macros > 1) sum += log_dirichlet(&macro_transition[i * s.macros], s.macros, prior, i);
    for (int j = 0; j < s.micros; ++j) {
      const int k = i * s.micros + j;
      sum += log_dirichlet(&micro_transition[k * s.micros], s.micros, prior);
      if (s.macros == 1) continue;
      if (prior > 1) sum += (prior - 1) * std::log(micro_exit[k]);
      if (prior - 1 + settings.sticky > 0) sum += (prior - 1 + settings.sticky) * std::log1p(-micro_exit[k]);
    }
  }
  for (int k = 0; k < s.states; ++k) {
    double factor[triangle(cuda::hmm::dimension_max, 0)], log_normaliser = 0;
    const double* covariance = &covariances[k * triangle_size(s.dimension)];
    if (!precision_factor(s.dimension, covariance, factor, &log_normaliser)) return -INFINITY;
    double trace = 0;  // of the precision: squares of the factor
    for (int e = 0; e < triangle_size(s.dimension); ++e) trace += factor[e] * factor[e];
    const double log_determinant = -2 * (log_normaliser + 0.5 * s.dimension * std::log(2 * M_PI));
    sum -= 0.5 * settings.inverse_wishart_strength * (log_determinant + trace);
  }
  return sum;
}

}  // namespace regent::hmm
