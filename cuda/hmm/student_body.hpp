#pragma once
// Multivariate Student's t with location μ, scale matrix Σ and ν degrees of freedom, of the n features that a
// bar has (the marginal keeps ν and takes their part of μ and Σ):
//   log t(x) = g(ν, n) − ½·log|Σ| − ½·(ν + n)·log(1 + δ/ν),  δ = (x − μ)ᵀ·Σ⁻¹·(x − μ)
//   g(ν, n) = log Γ(½(ν + n)) − log Γ(½ν) − ½·n·log(ν·π)
//           = −½·n·log 2π + [n odd]·log_gamma_step(½ν) + Σ_{i < ⌊n/2⌋} log(1 + (2i + [n odd])/ν)
// which holds its digits for any ν and becomes the Gaussian's constant as ν grows. All features missing: log
// density 0. Bounded below by −1e30. Expected counts, with u the bar's hidden precision (x ~ N(μ, Σ/u)):
//   E u = w = (ν + n)/(ν + δ);   E log u = log w + digamma_gap(½(ν + n))
// so the moments of CountLayout are Σγ·w·d and Σγ·(w·d·dᵀ + conditional scale of what is missing), and each
// state has also Σγ·w and Σγ·(log w − w + 1 + digamma_gap(½(ν + n)) − digamma_gap(½(ν + D))).
// Sources: Liu, Rubin (1995), ML estimation of the t distribution using EM and its extensions, ECM and ECME;
// Peel, McLachlan (2000), Robust mixture modelling using the t distribution.

#include "cuda/hmm/emission_body.hpp"
#include "cuda/hmm/gamma_body.hpp"

namespace regent::cuda::hmm {

template <class R, class S>
class StudentEmission {
  using T = ScalarOf<R>;
  using Mask = MaskOf<R>;

 public:
  REGENT_BODY StudentEmission(const S& shape, const BatchView<T>& batch, Rows<R> parameters, const T* series)
      : shape_(shape), parameters_(parameters), bar_(shape, batch, parameters, series) {}

  REGENT_BODY void load(std::int64_t t) { bar_.load(t); }
  REGENT_BODY Mask present() const { return bar_.present(); }
  REGENT_BODY bool any_incomplete() const { return bar_.any_incomplete(); }
  REGENT_BODY void difference(int k, R* out) const { bar_.difference(k, out); }
  REGENT_BODY void complete(int k, R* out, R* spread) const { bar_.complete(k, out, spread); }

  REGENT_BODY R log_density(int k) const {
    const ParameterLayout<S> layout{shape_};
    const R square = bar_.squared_distance(k), dof = parameters_(layout.dof(k));
    const R power = (dof + Lanes<R>::all(static_cast<T>(shape_.dimension))) * Lanes<R>::all(T(-0.5));
    R result = fused(power, log_one_plus(square / dof), parameters_(layout.log_normaliser(k)));
    if (any_incomplete()) result = select(bar_.incomplete(), marginal_log_density(bar_.copy(), k), result);
    return maximum(result, Lanes<R>::all(T(-1e30)));
  }

  // E u of the bar, and what it adds to log_scale. Of no use where all features are missing.
  REGENT_BODY void scale(int k, R& weight, R& log_scale) const {
    const ParameterLayout<S> layout{shape_};
    const R one = Lanes<R>::all(T{1}), dof = parameters_(layout.dof(k));
    weight = (dof + Lanes<R>::all(static_cast<T>(shape_.dimension))) / (dof + bar_.squared_distance(k));
    log_scale = logarithm(weight) - (weight - one);
    if (any_incomplete()) marginal_scale(bar_.copy(), k, bar_.incomplete(), weight, log_scale);
  }

 private:
  REGENT_COLD_BODY static R marginal_log_density(const IncompleteBar<R, S> bar, int k) {
    const ParameterLayout<S> layout{bar.shape_};
    const R zero = Lanes<R>::all(T{0}), half = Lanes<R>::all(T(0.5)), dof = bar.parameters_(layout.dof(k));
    const auto part = bar.marginal(k);
    R odd = zero;
    for (int d = 0; d < bar.shape_.dimension; ++d) {
      odd = select(bar.x_[d] == bar.x_[d], Lanes<R>::all(T{1}) - odd, odd);
    }
    R result = fused(part.count, Lanes<R>::all(T(-0.91893853320467274178)),
                     odd * bar.parameters_(layout.odd_normaliser(k)));
    for (int i = 0; 2 * i < bar.shape_.dimension; ++i) {
      const R step = Lanes<R>::all(static_cast<T>(2 * i)) + odd;
      const auto within = step + Lanes<R>::all(T{1}) < part.count;
      result = result + select(within, log_one_plus(step / dof), zero);
    }
    const R power = (dof + part.count) * half;
    return result - part.log_root - power * log_one_plus(part.square / dof);
  }

  REGENT_COLD_BODY static void marginal_scale(const IncompleteBar<R, S> bar, int k, Mask lanes, R& weight,
                                              R& log_scale) {
    const ParameterLayout<S> layout{bar.shape_};
    const R half = Lanes<R>::all(T(0.5)), dof = bar.parameters_(layout.dof(k));
    const auto part = bar.marginal(k);
    const R whole = dof + Lanes<R>::all(static_cast<T>(bar.shape_.dimension)), some = dof + part.count;
    const R scaled = some / (dof + part.square);
    const R logs = logarithm(scaled) - (scaled - Lanes<R>::all(T{1})) +
                   (digamma_gap(some * half) - digamma_gap(whole * half));
    weight = select(lanes, scaled, weight);
    log_scale = select(lanes, logs, log_scale);
  }

  S shape_;
  Rows<R> parameters_;
  GaussianEmission<R, S> bar_;  // with the scale matrix for a covariance
};

}  // namespace regent::cuda::hmm
