#pragma once
// Small random models of every kind, as a Model and for the reference that visits every path.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "hmm/fit.hpp"
#include "tests/cuda/hmm/reference.hpp"

namespace regent::hmm {

using cuda::hmm::reference::Generator;
using cuda::hmm::reference::Hierarchy;

struct ModelShape {
  int macros, micros, components, dimension;
};

// A random model of any kind, beside its reference: the structure, and its K·C parts with their emissions.
struct RandomModel {
  Model model;
  Hierarchy structure, parts;
  std::vector<double> series;

  RandomModel(std::uint64_t seed, ModelShape shape, EmissionKind emission, CovarianceKind covariance,
              int steps, double missing) {
    Generator generator(seed);
    const auto& [macros, micros, components, dimension] = shape;
    structure = generator.hierarchy(macros, micros, dimension, seed % 2 == 0);
    parts = generator.hierarchy(macros, micros * components, dimension);
    constrain(covariance);
    if (emission == EmissionKind::student_t) parts = generator.student(parts);
    series = generator.series(parts, steps, missing);
    model.macros = macros;
    model.micros = micros;
    model.macro_start = structure.macro_start;
    model.macro_transition = structure.macro_transition;
    model.micro_start = structure.micro_start;
    model.micro_transition = structure.micro_transition;
    model.micro_exit = structure.micro_exit;
    model.emission = emission;
    model.components = components;
    model.means = parts.means;
    model.covariances = parts.covariances;
    model.dof = parts.dof;
    for (int k = 0; k < structure.states() && emission == EmissionKind::mixture; ++k) {
      const std::vector<double> weights = generator.row(components);
      model.mixture_weights.insert(model.mixture_weights.end(), weights.begin(), weights.end());
    }
    for (int d = 0; d < dimension; ++d) model.features.push_back("x" + std::to_string(d));
    for (int i = 0; i < macros; ++i) model.labels.push_back("regime_" + std::to_string(i));
  }

  bool missing(std::size_t bar) const {
    const int d = model.dimension();
    return std::all_of(&series[bar * d], &series[bar * d] + d, [](double x) { return std::isnan(x); });
  }
  // log w_c·N_c(x) of one part.
  double joint(std::size_t bar, int part) const {
    const double weight = model.mixture_weights.empty() ? 1 : model.mixture_weights[part];
    return std::log(weight) +
           cuda::hmm::reference::log_density(parts, part, &series[bar * model.dimension()]);
  }
  double log_density(std::size_t bar, int state) const {
    long double sum = 0;
    for (int c = 0; c < model.components; ++c)
      sum += std::exp(static_cast<long double>(joint(bar, state * model.components + c)));
    return static_cast<double>(std::log(sum));
  }
  // Every path summed by hand.
  cuda::hmm::reference::Answers truth() const {
    std::vector<double> table;
    for (std::size_t bar = 0; bar < series.size() / model.features.size(); ++bar) {
      for (int k = 0; k < model.states(); ++k) table.push_back(log_density(bar, k));
    }
    return cuda::hmm::reference::enumerate(cuda::hmm::reference::flat_start(structure),
                                           cuda::hmm::reference::flat_transition(structure), table,
                                           model.states());
  }

 private:
  void constrain(CovarianceKind kind) {
    const int d = parts.dimension;
    for (int k = 0; k < parts.states(); ++k) {
      double* own = &parts.covariances[k * d * d];
      if (kind == CovarianceKind::tied) std::copy_n(parts.covariances.data(), d * d, own);
      if (kind == CovarianceKind::full || kind == CovarianceKind::tied) continue;
      for (int e = 0; e < d * d; ++e) {
        const bool diagonal = e / d == e % d;
        own[e] = !diagonal ? 0 : kind == CovarianceKind::spherical ? own[0] : own[e];
      }
    }
  }
};

}  // namespace regent::hmm
