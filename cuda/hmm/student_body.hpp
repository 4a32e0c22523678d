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

// Sums as CountLayout has them for a Student-t state.
template <class R, class S>
struct StudentSums : MomentSums<R, S> {
  R scaled_weight, log_scale;
  REGENT_BODY void load(const S& s, int k, const Table<R>& rows) {
    MomentSums<R, S>::load(s, k, rows);
    const CountLayout<S> layout{s};
    scaled_weight = rows.load(layout.scaled_weight(k));
    log_scale = rows.load(layout.log_scale(k));
  }
  REGENT_BODY void store(const S& s, int k, const Table<R>& rows) const {
    MomentSums<R, S>::store(s, k, rows);
    const CountLayout<S> layout{s};
    rows.store(layout.scaled_weight(k), scaled_weight);
    rows.store(layout.log_scale(k), log_scale);
  }
};

// Densities of one state relative to e^reference, of bars that lack nothing; see GaussianDensity.
template <class R, class S>
struct StudentDensity {
  using T = ScalarOf<R>;
  GaussianDensity<R, S> distance;  // its exponents are −½·log₂ e·δ
  R per_dof, power, peak;          // log₂ of the density: peak + power·log(1 + per_dof·exponent)

  template <class Law>
  REGENT_BODY void prepare(const S& s, const Law& law, R reference) {
    distance.prepare(s, law.normal, reference);
    peak = distance.peak;
    distance.peak = Lanes<R>::all(T{0});
    per_dof = Lanes<R>::all(T(-1.38629436111989061883)) / law.dof;
    power = (law.dof + law.dimension()) * Lanes<R>::all(T(-0.72134752044448170368));
  }
  template <int n, class Features>
  REGENT_BODY void find_exponents(const S& s, const Features& x, R* out) const {
    distance.template find_exponents<n>(s, x, out);
    for (int i = 0; i < n; ++i) out[i] = fused(power, log_one_plus(out[i] * per_dof), peak);
  }
};

template <class R, class S>
struct StudentLaw {
  using T = ScalarOf<R>;
  using Mask = MaskOf<R>;
  using Sums = StudentSums<R, S>;
  using Density = StudentDensity<R, S>;
  static constexpr bool sums_by_rows = false;
  GaussianLaw<R, S> normal;  // with the scale matrix for a covariance
  R dof;

  REGENT_BODY StudentLaw(const S& s, const Rows<R>& p, int k)
      : normal(s, p, k), dof(p(ParameterLayout<S>{s}.dof(k))) {}
  REGENT_BODY R dimension() const { return Lanes<R>::all(static_cast<T>(normal.s.dimension)); }

  REGENT_BODY R log_density(const R* x) const {
    const R power = (dof + dimension()) * Lanes<R>::all(T(-0.5));
    return normal.bounded(fused(power, log_one_plus(normal.squared_distance_of(x) / dof), normal.normaliser));
  }
  REGENT_BODY R marginal_log_density(const R* x) const {
    return normal.bounded(marginal_of(normal.bar(x), normal.k));
  }
  REGENT_BODY void add(const R* x, R posterior, Sums& sums) const {
    R away[S::dimension_bound];
    normal.difference(x, away);
    const R weight = (dof + dimension()) / (dof + normal.squared_distance(away));
    add_scaled(posterior, weight, log_scale_of(weight), x, sums);
  }
  REGENT_BODY void add_incomplete(const R* x, R posterior, Sums& sums) const {
    R away[S::dimension_bound], expected[S::dimension_bound], spread[triangle_size(S::dimension_bound)];
    normal.difference(x, away);
    R weight = (dof + dimension()) / (dof + normal.squared_distance(away)), log_scale = log_scale_of(weight);
    marginal_scale(normal.bar(x), normal.k, lacks_any(normal.s, x), weight, log_scale);
    normal.complete(x, expected, spread);
    const R counted = select(has_any(normal.s, x), posterior, Lanes<R>::all(T{0}));
    sums.add_spread(normal.s, counted, spread);
    add_scaled(counted, weight, log_scale, expected, sums);
  }

 private:
  // E u of the bar, and what it adds to log_scale. Of no use where all features are missing.
  REGENT_BODY static R log_scale_of(R weight) { return logarithm(weight) - (weight - Lanes<R>::all(T{1})); }
  REGENT_BODY void add_scaled(R posterior, R weight, R log_scale, const R* x, Sums& sums) const {
    sums.weight = sums.weight + posterior;
    sums.scaled_weight = fused(posterior, weight, sums.scaled_weight);
    sums.log_scale = fused(posterior, log_scale, sums.log_scale);
    sums.add_products(normal, posterior * weight, x);
  }
  REGENT_COLD_BODY static R marginal_of(const IncompleteBar<R, S> bar, int k) {
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
};
template <class R, class S>
using StudentEmission = LawEmission<StudentLaw, EmissionLaw::student_t, R, S>;

}  // namespace regent::cuda::hmm
