#pragma once
// Products with the structured transition, M·m² + M² + 2K fused multiply-adds instead of K²:
//   P((i,j) → (i',j')) = [i=i']·stay_ijj' + exit_ij·macro_ii'·entry_i'j'

#include "cuda/hmm/emission_body.hpp"

namespace regent::cuda::hmm {

// The rows of ParameterLayout that say how states follow each other, copied from memory: a GPU's thread has
// registers for those of few states, and the loop over bars then fetches nothing but its bars.
template <class R, class S>
struct HeldTransitions {
  static constexpr int first = S::states, size = S::states * (S::micros + 2) + S::macros * S::macros;
  R values[size];
  REGENT_BODY explicit HeldTransitions(const Rows<R>& p) {
    for (int row = 0; row < size; ++row) values[row] = p(first + row);
  }
  REGENT_BODY R operator()(std::ptrdiff_t row) const { return values[row - first]; }
};
template <class R, class S>
REGENT_BODY auto hold_transitions(const S&, const Rows<R>& p) {
  if constexpr (S::fixed_states && Lanes<R>::width == 1 && S::states_bound <= 9) {
    return HeldTransitions<R, S>(p);
  } else {
    return p;
  }
}

// to_k' = Σ_k from_k·P(k → k'). One macro regime after the other, so that few values are under way at a time.
template <class R, class S, class Parameters>
REGENT_BODY void step_forward(const S& s, const Parameters& p, const R* from, R* to) {
  const ParameterLayout<S> layout{s};
  const bool moves = !S::always_flat && s.macros > 1;
  R arriving[S::states_bound];
  for (int i = 0; i < s.macros; ++i) {
    const R* here = from + i * s.micros;
    for (int to_micro = 0; to_micro < s.micros; ++to_micro) {
      R sum = here[0] * p(layout.stay(i, 0, to_micro));
      for (int j = 1; j < s.micros; ++j) sum = fused(here[j], p(layout.stay(i, j, to_micro)), sum);
      to[i * s.micros + to_micro] = sum;
    }
    if (!moves) continue;
    R leaving = here[0] * p(layout.exit(i * s.micros));
    for (int j = 1; j < s.micros; ++j) leaving = fused(here[j], p(layout.exit(i * s.micros + j)), leaving);
    for (int next = 0; next < s.macros; ++next) {
      const R chance = p(layout.macro(i, next));
      arriving[next] = i == 0 ? leaving * chance : fused(leaving, chance, arriving[next]);
    }
  }
  for (int k = 0; k < s.states && moves; ++k)
    to[k] = fused(arriving[k / s.micros], p(layout.entry(k)), to[k]);
}

// from_k = Σ_k' P(k → k')·to_k', likewise. `welcome` [M] = Σ_j entry_ij·to_ij; `outlook` [M] = Σ_i'
// macro_ii'·welcome_i'.
template <class R, class S, class Parameters>
REGENT_BODY void step_backward(const S& s, const Parameters& p, const R* to, R* from, R* welcome,
                               R* outlook) {
  const ParameterLayout<S> layout{s};
  const bool moves = !S::always_flat && s.macros > 1;
  for (int i = 0; i < s.macros; ++i) {
    const R* here = to + i * s.micros;
    for (int j = 0; j < s.micros; ++j) {
      R sum = here[0] * p(layout.stay(i, j, 0));
      for (int next = 1; next < s.micros; ++next) sum = fused(here[next], p(layout.stay(i, j, next)), sum);
      from[i * s.micros + j] = sum;
    }
    if (!moves) continue;
    welcome[i] = p(layout.entry(i * s.micros)) * here[0];
    for (int j = 1; j < s.micros; ++j)
      welcome[i] = fused(p(layout.entry(i * s.micros + j)), here[j], welcome[i]);
  }
  for (int i = 0; i < s.macros && moves; ++i) {
    outlook[i] = p(layout.macro(i, 0)) * welcome[0];
    for (int next = 1; next < s.macros; ++next)
      outlook[i] = fused(p(layout.macro(i, next)), welcome[next], outlook[i]);
    for (int j = 0; j < s.micros; ++j) {
      const int k = i * s.micros + j;
      from[k] = fused(p(layout.exit(k)), outlook[i], from[k]);
    }
  }
}

}  // namespace regent::cuda::hmm
