#pragma once
// A market with known regimes, for tests: states and bars drawn from a Model.

#include <Eigen/Dense>
#include <random>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

struct Simulated {
  std::vector<int> states;
  std::vector<double> bars;  // [T, D]
};

inline Simulated simulate(const Model& model, int steps, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  const int states = model.states(), dimension = model.dimension();
  const std::vector<double> start = model.flat_start(), transition = model.flat_transition();
  std::vector<Eigen::MatrixXd> factors;
  for (int k = 0; k < states * model.components; ++k) {
    Eigen::MatrixXd covariance(dimension, dimension);
    for (int r = 0; r < dimension; ++r) {
      for (int c = 0; c < dimension; ++c)
        covariance(r, c) = model.covariances[(k * dimension + r) * dimension + c];
    }
    factors.push_back(covariance.llt().matrixL());
  }
  std::normal_distribution<double> normal;
  Simulated result;
  for (int t = 0; t < steps; ++t) {
    const double* row = t == 0 ? start.data() : &transition[result.states.back() * states];
    result.states.push_back(std::discrete_distribution<int>(row, row + states)(engine));
    int part = result.states.back();
    if (model.emission == EmissionKind::mixture) {
      const double* weights = &model.mixture_weights[part * model.components];
      part = part * model.components +
             std::discrete_distribution<int>(weights, weights + model.components)(engine);
    }
    Eigen::VectorXd noise(dimension);
    for (int d = 0; d < dimension; ++d) noise(d) = normal(engine);
    if (model.emission == EmissionKind::student_t) {
      const double dof = model.dof[part];
      noise /= std::sqrt(std::chi_squared_distribution<double>(dof)(engine) / dof);
    }
    const Eigen::VectorXd value = factors[part] * noise;
    for (int d = 0; d < dimension; ++d) result.bars.push_back(model.means[part * dimension + d] + value(d));
  }
  return result;
}

// Three macro regimes of three micro states over (return, log volatility, …), persistent and overlapping.
inline Model market_hierarchy(int dimension = 4) {
  Model model;
  model.macros = model.micros = 3;
  for (int d = 0; d < dimension; ++d) {
    model.features.push_back(d == 0 ? "market_return" : "feature_" + std::to_string(d));
  }
  model.labels = {"calm", "trend", "chaos"};
  model.macro_start = {0.5, 0.3, 0.2};
  model.macro_transition = {0, 0.7, 0.3, 0.6, 0, 0.4, 0.5, 0.5, 0};
  const double spreads[] = {0.6, 1.0, 2.2};
  for (int i = 0; i < 3; ++i) {
    const double entries[] = {0.5, 0.3, 0.2};
    const double rows[3][3] = {{0.8, 0.15, 0.05}, {0.1, 0.8, 0.1}, {0.05, 0.15, 0.8}};
    for (int j = 0; j < 3; ++j) {
      model.micro_start.push_back(entries[j]);
      model.micro_exit.push_back(0.01 + 0.005 * j);
      model.micro_transition.insert(model.micro_transition.end(), rows[j], rows[j] + 3);
      for (int d = 0; d < dimension; ++d) {
        const double level = d == 0 ? (i == 1   ? 0.5
                                       : i == 2 ? -0.4
                                                : 0.1)
                                    : (d % 2 == 1 ? 1.2 * i : -0.8 * i);
        model.means.push_back(level + (j - 1) * (d == 0 ? 0.8 : 0.7) * spreads[i]);
      }
      for (int r = 0; r < dimension; ++r) {
        for (int c = 0; c < dimension; ++c) {
          model.covariances.push_back(0.25 * spreads[i] * spreads[i] * (r == c ? 1.0 : 0.2));
        }
      }
    }
  }
  return model;
}

}  // namespace regent::hmm
