#include "hmm/labels.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "hmm/forecast.hpp"
#include "hmm/moments.hpp"

namespace regent::hmm {
namespace {

// Of a macro regime's bars.
Moments macro_moments(const Model& model, const std::vector<double>& weights, int macro) {
  std::vector<Moments> parts;
  std::vector<double> shares;
  double total = 0;
  for (int j = 0; j < model.micros; ++j) total += weights[macro * model.micros + j];
  for (int j = 0; j < model.micros; ++j) {
    const int state = macro * model.micros + j;
    parts.push_back(emission_moments(model, state));
    shares.push_back(total > 0 ? weights[state] / total : 1.0 / model.micros);
  }
  return mixed(parts, shares);
}

// −log of the overlap ∫√(pq) of Gaussians with these moments (Bhattacharyya 1943): at least 0, 0 for equal
// ones.
double distance(const Moments& a, const Moments& b) {
  const Eigen::MatrixXd middle = 0.5 * (a.covariance + b.covariance);
  const Eigen::LLT<Eigen::MatrixXd> cholesky(middle);
  const Eigen::VectorXd away = a.mean - b.mean;
  const auto log_determinant = [](const Eigen::MatrixXd& covariance) {
    return 2 * Eigen::MatrixXd(covariance.llt().matrixL()).diagonal().array().log().sum();
  };
  return away.dot(cholesky.solve(away)) / 8 +
         0.5 * (log_determinant(middle) -
                0.5 * (log_determinant(a.covariance) + log_determinant(b.covariance)));
}

bool drifts(const Model& model, const std::vector<double>& weights, int macro) {
  const int feature = return_feature(model);
  const Moments whole = macro_moments(model, weights, macro);
  double bars = 0;
  for (int j = 0; j < model.micros; ++j) bars += weights[macro * model.micros + j];
  const double standard_error = std::sqrt(whole.covariance(feature, feature) / std::max(bars, 1.0));
  return std::abs(whole.mean(feature)) > 2 * standard_error;
}

std::vector<std::string> names(const Model& model, const std::vector<double>& weights) {
  auto result = possible_labels(model.macros);
  if (model.macros == 3) std::erase(result, drifts(model, weights, 1) ? "mid" : "trend");
  return result;
}

std::vector<double> reordered_weights(const std::vector<double>& weights, int micros,
                                      const std::vector<int>& macro_order,
                                      const std::vector<std::vector<int>>& micro_order) {
  std::vector<double> result;
  for (std::size_t i = 0; i < macro_order.size(); ++i) {
    for (int j : micro_order[i]) result.push_back(weights[macro_order[i] * micros + j]);
  }
  return result;
}

// By volatility, then drift, which alone tells states of one tied covariance apart.
std::vector<int> volatility_order(const std::vector<Moments>& regimes, int feature) {
  std::vector<int> order(regimes.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](int i) {
    return std::pair(regimes[i].covariance(feature, feature), regimes[i].mean(feature));
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b); });
  return order;
}

// For each regime of the old ones, the new one that takes its place.
std::vector<int> places(const std::vector<Moments>& old_ones, const std::vector<Moments>& new_ones) {
  const int n = static_cast<int>(old_ones.size());
  std::vector<double> cost;
  for (const Moments& old_one : old_ones) {
    for (const Moments& new_one : new_ones) cost.push_back(distance(old_one, new_one));
  }
  return optimal_assignment(cost, n);
}

}  // namespace

std::vector<std::string> possible_labels(int macros) {
  if (macros == 2) return {"calm", "chaos"};
  if (macros == 3) return {"calm", "mid", "trend", "chaos"};
  std::vector<std::string> labels;
  for (int i = 0; i < macros; ++i) labels.push_back("regime_" + std::to_string(i));
  return labels;
}

int return_feature(const Model& model) {
  for (int d = 0; d < model.dimension(); ++d) {
    if (model.features[d].find("return") != std::string::npos) return d;
  }
  return 0;
}

Model reordered(const Model& model, const std::vector<int>& macro_order,
                const std::vector<std::vector<int>>& micro_order) {
  const int m = model.macros, n = model.micros, d = model.dimension(), c = model.components;
  Model result = model;
  for (int i = 0; i < m; ++i) {
    const int from = macro_order[i];
    result.macro_start[i] = model.macro_start[from];
    if (!model.labels.empty()) result.labels[i] = model.labels[from];
    for (int to = 0; to < m; ++to) {
      result.macro_transition[i * m + to] = model.macro_transition[from * m + macro_order[to]];
    }
    for (int j = 0; j < n; ++j) {
      const int k = i * n + j, source = from * n + micro_order[i][j];
      result.micro_start[k] = model.micro_start[source];
      result.micro_exit[k] = model.micro_exit[source];
      for (int to = 0; to < n; ++to) {
        result.micro_transition[k * n + to] = model.micro_transition[source * n + micro_order[i][to]];
      }
      std::copy_n(&model.means[source * c * d], c * d, &result.means[k * c * d]);
      std::copy_n(&model.covariances[source * c * d * d], c * d * d, &result.covariances[k * c * d * d]);
      if (!model.dof.empty()) result.dof[k] = model.dof[source];
      if (!model.mixture_weights.empty())
        std::copy_n(&model.mixture_weights[source * c], c, &result.mixture_weights[k * c]);
    }
  }
  return result;
}

Model order_by_volatility(const Model& model, std::vector<double>& weights) {
  const int feature = return_feature(model);
  std::vector<Moments> macros;
  for (int i = 0; i < model.macros; ++i) macros.push_back(macro_moments(model, weights, i));
  const std::vector<int> macro_order = volatility_order(macros, feature);
  std::vector<std::vector<int>> micro_order;
  for (int from : macro_order) {
    std::vector<Moments> micros;
    for (int j = 0; j < model.micros; ++j) micros.push_back(emission_moments(model, from * model.micros + j));
    micro_order.push_back(volatility_order(micros, feature));
  }
  Model result = reordered(model, macro_order, micro_order);
  weights = reordered_weights(weights, model.micros, macro_order, micro_order);
  result.labels = names(result, weights);
  return result;
}

Model match_to_previous(const Model& model, const Model& previous, std::vector<double>& weights) {
  if (model.macros != previous.macros || model.micros != previous.micros ||
      model.features != previous.features) {
    throw InputError("the previous regime model has " + std::to_string(previous.macros) +
                     " macro regimes of " + std::to_string(previous.micros) + " micro states over " +
                     std::to_string(previous.features.size()) +
                     " features; a refit is matched only to a model of its own shape and features");
  }
  // the previous fit's occupancies are not kept: both count by their stationary laws
  const std::vector<double> old_law = stationary_law(previous), new_law = stationary_law(model);
  std::vector<Moments> old_macros, new_macros;
  for (int i = 0; i < model.macros; ++i) {
    old_macros.push_back(macro_moments(previous, old_law, i));
    new_macros.push_back(macro_moments(model, new_law, i));
  }
  const std::vector<int> macro_order = places(old_macros, new_macros);
  std::vector<std::vector<int>> micro_order;
  for (int i = 0; i < model.macros; ++i) {
    std::vector<Moments> old_micros, new_micros;
    for (int j = 0; j < model.micros; ++j) {
      old_micros.push_back(emission_moments(previous, i * model.micros + j));
      new_micros.push_back(emission_moments(model, macro_order[i] * model.micros + j));
    }
    micro_order.push_back(places(old_micros, new_micros));
  }
  Model result = reordered(model, macro_order, micro_order);
  weights = reordered_weights(weights, model.micros, macro_order, micro_order);
  result.labels = previous.labels;
  for (int i = 0; i < model.macros; ++i) {
    std::string& label = result.labels[i];
    if (label == "trend" || label == "mid") label = drifts(result, weights, i) ? "trend" : "mid";
  }
  return result;
}

}  // namespace regent::hmm
