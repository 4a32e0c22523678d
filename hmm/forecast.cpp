#include "hmm/forecast.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "hmm/moments.hpp"

namespace regent::hmm {
namespace {

void check_posterior(const Model& model, std::span<const double> posterior) {
  double sum = 0;
  bool fine = posterior.size() == static_cast<std::size_t>(model.states());
  for (double p : posterior) {
    fine = fine && p >= 0;
    sum += p;
  }
  if (fine && std::abs(sum - 1) <= 1e-6) return;
  throw InputError("regime forecast: it starts from " + std::to_string(posterior.size()) +
                   " probabilities that sum to " + std::to_string(sum) + "; " +
                   std::to_string(model.states()) + " that are at least 0 and sum to 1 are needed");
}

void append(const Moments& moments, Forecast& out) {
  const Eigen::Index dimension = moments.mean.size();
  for (Eigen::Index row = 0; row < dimension; ++row) out.mean.push_back(moments.mean(row));
  for (Eigen::Index row = 0; row < dimension; ++row) {
    for (Eigen::Index column = 0; column < dimension; ++column)
      out.covariance.push_back(moments.covariance(row, column));
  }
}

}  // namespace

void predict(const Model& model, std::span<const double> from, std::span<double> to) {
  const int macros = model.macros, micros = model.micros;
  std::fill(to.begin(), to.end(), 0.0);
  for (int i = 0; i < macros; ++i) {
    double leaving = 0;
    for (int k = i * micros; k < (i + 1) * micros; ++k) {
      leaving += from[k] * model.micro_exit[k];
      const double staying = from[k] * (1 - model.micro_exit[k]);
      for (int j = 0; j < micros; ++j) to[i * micros + j] += staying * model.micro_transition[k * micros + j];
    }
    for (int next = 0; next < macros && leaving > 0; ++next) {
      const double arriving = leaving * model.macro_transition[i * macros + next];
      for (int k = next * micros; k < (next + 1) * micros; ++k) to[k] += arriving * model.micro_start[k];
    }
  }
}

std::vector<double> stationary_law(const Model& model) {
  std::vector<double> law = model.flat_start(), next(law.size());
  for (int step = 0; step < 100'000; ++step) {
    predict(model, law, next);
    double moved = 0;
    for (std::size_t k = 0; k < law.size(); ++k) {
      moved = std::max(moved, std::abs(next[k] - law[k]));
      law[k] = 0.5 * (law[k] + next[k]);  // a periodic chain settles too
    }
    if (moved < 1e-13) break;
  }
  return law;
}

Forecast forecast(const Model& model, std::span<const double> posterior, int steps) {
  model.has_emission() ? validate(model, "regime forecast") : validate_structure(model, "regime forecast");
  check_posterior(model, posterior);
  if (steps < 1)
    throw InputError("regime forecast: " + std::to_string(steps) + " steps; at least 1 is needed");
  std::vector<Moments> parts;
  for (int k = 0; model.has_emission() && k < model.states(); ++k)
    parts.push_back(emission_moments(model, k));
  Forecast result;
  std::vector<double> now(posterior.begin(), posterior.end()), next(now.size());
  for (int step = 0; step < steps; ++step) {
    predict(model, now, next);
    now.swap(next);
    result.probability.insert(result.probability.end(), now.begin(), now.end());
    for (int i = 0; i < model.macros; ++i) {
      double sum = 0;
      for (int j = 0; j < model.micros; ++j) sum += now[i * model.micros + j];
      result.macro_probability.push_back(sum);
    }
    if (model.has_emission()) append(mixed(parts, now), result);
  }
  return result;
}

}  // namespace regent::hmm
