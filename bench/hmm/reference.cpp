#include "bench/hmm/reference.hpp"

#include <Eigen/Dense>
#include <cmath>

namespace regent::bench {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// [bars, K] log densities by Eigen's own inverse and determinant.
Matrix log_densities(const hmm::Model& model, const double* values, std::int64_t bars) {
  const int dimension = model.dimension();
  Matrix logs(bars, model.states());
  for (int k = 0; k < model.states(); ++k) {
    using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Matrix covariance =
        Eigen::Map<const Rows>(&model.covariances[k * dimension * dimension], dimension, dimension);
    const Matrix precision = covariance.inverse();
    const double constant = -0.5 * (std::log(covariance.determinant()) + dimension * std::log(2 * M_PI));
    const Eigen::Map<const Vector> mean(&model.means[k * dimension], dimension);
    for (std::int64_t t = 0; t < bars; ++t) {
      const Vector away = Eigen::Map<const Vector>(values + t * dimension, dimension) - mean;
      logs(t, k) = constant - 0.5 * away.dot(precision * away);
    }
  }
  return logs;
}

void maximise(const Matrix& smoothed, const double* values, Reference& result) {
  const auto bars = smoothed.rows();
  const auto dimension = static_cast<Eigen::Index>(result.means.size() / smoothed.cols());
  for (Eigen::Index k = 0; k < smoothed.cols(); ++k) {
    Vector mean = Vector::Zero(dimension);
    Matrix scatter = Matrix::Zero(dimension, dimension);
    const double weight = smoothed.col(k).sum();
    for (Eigen::Index t = 0; t < bars; ++t)
      mean += smoothed(t, k) / weight * Eigen::Map<const Vector>(values + t * dimension, dimension);
    for (Eigen::Index t = 0; t < bars; ++t) {
      const Vector away = Eigen::Map<const Vector>(values + t * dimension, dimension) - mean;
      scatter += smoothed(t, k) / weight * away * away.transpose();
    }
    for (Eigen::Index d = 0; d < dimension; ++d) result.means[k * dimension + d] = mean(d);
    for (Eigen::Index e = 0; e < dimension * dimension; ++e)
      result.covariances[k * dimension * dimension + e] = scatter(e / dimension, e % dimension);
  }
}

}  // namespace

Reference reference_of(const hmm::Model& model, const double* values, std::int64_t bars) {
  const int states = model.states();
  const Matrix logs = log_densities(model, values, bars);
  const std::vector<double> start = model.flat_start(), flat = model.flat_transition();
  const Matrix transition =
      Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          flat.data(), states, states);
  Matrix filtered(bars, states), smoothed(bars, states);
  Vector predicted = Eigen::Map<const Vector>(start.data(), states), best(states);
  Reference result;
  for (std::int64_t t = 0; t < bars; ++t) {
    if (t > 0) predicted = transition.transpose() * filtered.row(t - 1).transpose();
    const double top = logs.row(t).maxCoeff();
    Vector joint = predicted.array() * (logs.row(t).transpose().array() - top).exp();
    result.log_likelihood += top + std::log(joint.sum());
    filtered.row(t) = (joint / joint.sum()).transpose();
    Vector next(states);
    for (int to = 0; to < states; ++to) {
      double value = t == 0 ? std::log(start[to]) : -HUGE_VAL;
      for (int from = 0; from < states && t > 0; ++from)
        value = std::max(value, best(from) + std::log(transition(from, to)));
      next(to) = value + logs(t, to);
    }
    best = next;
  }
  result.best_log_probability = best.maxCoeff();
  Vector beta = Vector::Ones(states);
  for (std::int64_t t = bars - 1; t >= 0; --t) {
    const Vector joint = filtered.row(t).transpose().array() * beta.array();
    smoothed.row(t) = (joint / joint.sum()).transpose();
    if (t == 0) break;
    const double top = logs.row(t).maxCoeff();
    beta = transition * Vector((logs.row(t).transpose().array() - top).exp() * beta.array());
    beta /= beta.maxCoeff();
  }
  for (std::int64_t t = 0; t < bars; ++t) {
    for (int k = 0; k < states; ++k) {
      result.filtered.push_back(filtered(t, k));
      result.smoothed.push_back(smoothed(t, k));
    }
  }
  result.means.resize(model.means.size());
  result.covariances.resize(model.covariances.size());
  maximise(smoothed, values, result);
  return result;
}

}  // namespace regent::bench
