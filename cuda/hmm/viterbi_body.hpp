#pragma once
// The most probable path, in logs:
//   δ_t(k) = log density_t(k) + max_j (δ_{t−1}(j) + log P(j → k)),  relative to the largest δ of the bar
//   before.
// Within a macro regime the flat probability is stay + exit·macro_ii·entry; between regimes the rank-one
// structure lets the maximum over exits be taken once per regime. Ties go to the lowest state. A zero
// probability is −2e30. Method: Viterbi (1967). Sums of logs over time are in fp64.

#include "cuda/hmm/backward_body.hpp"

namespace regent::cuda::hmm {

template <class R>
REGENT_BODY R log_or_impossible(R probability) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0});
  return select(zero < probability, logarithm(probability), Lanes<R>::all(impossible<T>));
}

// Rows of the log parameters, [start K][within K·m][exit K][macro M²][entry K], in the caller's workspace.
template <class R, class S>
struct LogTransitions {
  const S& s;
  Table<R> rows;
  REGENT_BODY R operator()(int row) const { return rows.load(row); }
  REGENT_BODY void set(int row, R value) const { rows.store(row, value); }
  REGENT_BODY void fill(const Rows<R>& p) const {
    const ParameterLayout<S> layout{s};
    for (int k = 0; k < s.states; ++k) {
      set(layout.start(k), log_or_impossible(p(layout.start(k))));
      set(layout.exit(k), log_or_impossible(p(layout.exit(k))));
      set(layout.entry(k), log_or_impossible(p(layout.entry(k))));
    }
    for (int i = 0; i < s.macros; ++i) {
      for (int to = 0; to < s.macros; ++to) {
        const R value = log_or_impossible(p(layout.macro(i, to)));
        set(layout.macro(i, to), i == to ? Lanes<R>::all(impossible<ScalarOf<R>>) : value);
      }
      for (int j = 0; j < s.micros; ++j) {
        for (int to = 0; to < s.micros; ++to) {
          const R again = s.macros == 1 ? Lanes<R>::all(ScalarOf<R>{0})
                                        : p(layout.exit(i * s.micros + j)) * p(layout.macro(i, i));
          const R flat = s.macros == 1
                             ? p(layout.stay(i, j, to))
                             : fused(again, p(layout.entry(i * s.micros + to)), p(layout.stay(i, j, to)));
          set(layout.stay(i, j, to), log_or_impossible(flat));
        }
      }
    }
  }
};

template <class R>
REGENT_BODY void take_larger(R candidate, R origin, R& best, R& best_origin) {
  const auto better = best < candidate;
  best = select(better, candidate, best);
  best_origin = select(better, origin, best_origin);
}

// The best predecessor of every state: score [K] and origin [K] (as a real number).
template <class R, class S>
REGENT_BODY void best_predecessors(const S& s, const LogTransitions<R, S>& logs, const R* from, R* score,
                                   R* origin) {
  using T = ScalarOf<R>;
  const ParameterLayout<S> layout{s};
  for (int i = 0; i < s.macros; ++i) {
    for (int to = 0; to < s.micros; ++to) {
      R best = from[i * s.micros] + logs(layout.stay(i, 0, to));
      R best_origin = Lanes<R>::all(T(i * s.micros));
      for (int j = 1; j < s.micros; ++j) {
        take_larger(from[i * s.micros + j] + logs(layout.stay(i, j, to)), Lanes<R>::all(T(i * s.micros + j)),
                    best, best_origin);
      }
      score[i * s.micros + to] = best;
      origin[i * s.micros + to] = best_origin;
    }
  }
  if constexpr (!S::always_flat) {
    if (s.macros == 1) return;
    R leaving[S::states_bound], leaving_origin[S::states_bound];
    for (int i = 0; i < s.macros; ++i) {
      leaving[i] = from[i * s.micros] + logs(layout.exit(i * s.micros));
      leaving_origin[i] = Lanes<R>::all(T(i * s.micros));
      for (int j = 1; j < s.micros; ++j) {
        const int k = i * s.micros + j;
        take_larger(from[k] + logs(layout.exit(k)), Lanes<R>::all(T(k)), leaving[i], leaving_origin[i]);
      }
    }
    for (int to = 0; to < s.macros; ++to) {
      R best = leaving[0] + logs(layout.macro(0, to));
      R best_origin = leaving_origin[0];
      for (int i = 1; i < s.macros; ++i) {
        take_larger(leaving[i] + logs(layout.macro(i, to)), leaving_origin[i], best, best_origin);
      }
      for (int j = 0; j < s.micros; ++j) {
        const int k = to * s.micros + j;
        const R candidate = best + logs(layout.entry(k));
        // equal scores: the lower origin
        const auto take = score[k] < candidate || (score[k] == candidate && best_origin < origin[k]);
        score[k] = select(take, candidate, score[k]);
        origin[k] = select(take, best_origin, origin[k]);
      }
    }
  }
}

// origins: [steps, K] bytes, rows as far apart as those of a workspace; lanes of a row neighbour each other.
// The path of every lane is then walked back alone. totals: the sum of the shifts.
template <class R, class S, class Emission, class Lengths>
REGENT_BODY void viterbi_forward(const S& s, const LogTransitions<R, S>& logs, Emission& emission,
                                 std::int64_t steps, const Lengths& lengths, std::uint8_t* origins,
                                 double* totals, R* score) {
  using T = ScalarOf<R>;
  const ParameterLayout<S> layout{s};
  R predicted[S::states_bound], origin[S::states_bound];
  for (std::int64_t t = 0; t < steps; ++t) {
    read_parameters_again();
    emission.load(t);
    if (t == 0) {
      for (int k = 0; k < s.states; ++k) {
        predicted[k] = logs(layout.start(k));
        origin[k] = Lanes<R>::all(T{0});
      }
    } else {
      best_predecessors(s, logs, score, predicted, origin);
    }
    const auto alive = lengths.alive(t);
    R best = Lanes<R>::all(T(-HUGE_VAL));
    for (int k = 0; k < s.states; ++k) {
      Lanes<R>::store_bytes(origins + (t * s.states + k) * workspace_stride<R>, origin[k]);
      predicted[k] = predicted[k] + emission.log_density(k);
      best = maximum(best, predicted[k]);
    }
    for (int k = 0; k < s.states; ++k) {
      // not below 10 times the impossible, so that what is impossible twice stays finite
      const R relative = maximum(predicted[k] - best, Lanes<R>::all(T(10) * impossible<T>));
      score[k] = t == 0 ? relative : select(alive, relative, score[k]);
    }
    Lanes<R>::add_to(totals, select(alive, best, Lanes<R>::all(T{0})));
  }
}

}  // namespace regent::cuda::hmm
