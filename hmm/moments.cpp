#include "hmm/moments.hpp"

#include <algorithm>
#include <vector>

#include "hmm/emission_maximisation.hpp"

namespace regent::hmm {
namespace {

Moments part_moments(const Model& model, int part) {
  const int dimension = model.dimension();
  Moments result{Eigen::VectorXd(dimension), Eigen::MatrixXd(dimension, dimension)};
  for (int d = 0; d < dimension; ++d) {
    result.mean(d) = model.means[part * dimension + d];
    for (int e = 0; e < dimension; ++e)
      result.covariance(d, e) = model.covariances[(part * dimension + d) * dimension + e];
  }
  return result;
}

}  // namespace

Moments mixed(std::span<const Moments> parts, std::span<const double> shares) {
  const Eigen::Index dimension = parts.front().mean.size();
  Moments result{Eigen::VectorXd::Zero(dimension), Eigen::MatrixXd::Zero(dimension, dimension)};
  for (std::size_t i = 0; i < parts.size(); ++i) result.mean += shares[i] * parts[i].mean;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Eigen::VectorXd away = parts[i].mean - result.mean;
    result.covariance += shares[i] * (parts[i].covariance + away * away.transpose());
  }
  return result;
}

Moments emission_moments(const Model& model, int state) {
  if (model.emission == EmissionKind::mixture) {
    std::vector<Moments> parts;
    for (int c = 0; c < model.components; ++c)
      parts.push_back(part_moments(model, state * model.components + c));
    return mixed(parts, std::span(&model.mixture_weights[state * model.components], parts.size()));
  }
  Moments result = part_moments(model, state);
  if (model.emission == EmissionKind::student_t) {
    const double dof = std::max(model.dof[state], dof_min);
    result.covariance *= dof / (dof - 2);
  }
  return result;
}

}  // namespace regent::hmm
