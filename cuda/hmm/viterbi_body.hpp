#pragma once
// The most probable path, in logs:
//   δ_t(k) = log density_t(k) − max δ_{t−1} + max_j (δ_{t−1}(j) + log P(j → k))
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
REGENT_BODY void take_larger(R candidate, IndexOf<R> origin, R& best, IndexOf<R>& best_origin) {
  const auto better = best < candidate;
  best = maximum(best, candidate);
  best_origin = select(better, origin, best_origin);
}

// The best predecessor of every state: score [K] and origin [K].
template <class R, class S>
REGENT_BODY void best_predecessors(const S& s, const LogTransitions<R, S>& logs, const R* from, R* score,
                                   IndexOf<R>* origin) {
  using L = Lanes<R>;
  using I = IndexScalarOf<R>;
  const ParameterLayout<S> layout{s};
  for (int i = 0; i < s.macros; ++i) {
    const I first = I(i) * I(s.micros);
    for (int to = 0; to < s.micros; ++to) {
      R best = from[i * s.micros] + logs(layout.stay(i, 0, to));
      IndexOf<R> best_origin = L::all_index(first);
      for (int j = 1; j < s.micros; ++j) {
        take_larger(from[i * s.micros + j] + logs(layout.stay(i, j, to)), L::all_index(first + I(j)), best,
                    best_origin);
      }
      score[i * s.micros + to] = best;
      origin[i * s.micros + to] = best_origin;
    }
  }
  if constexpr (!S::always_flat) {
    if (s.macros == 1) return;
    R leaving[S::states_bound];
    IndexOf<R> leaving_origin[S::states_bound];
    for (int i = 0; i < s.macros; ++i) {
      leaving[i] = from[i * s.micros] + logs(layout.exit(i * s.micros));
      leaving_origin[i] = L::all_index(I(i) * I(s.micros));
      for (int j = 1; j < s.micros; ++j) {
        const int k = i * s.micros + j;
        take_larger(from[k] + logs(layout.exit(k)), L::all_index(I(k)), leaving[i], leaving_origin[i]);
      }
    }
    for (int to = 0; to < s.macros; ++to) {
      R best = leaving[0] + logs(layout.macro(0, to));
      IndexOf<R> best_origin = leaving_origin[0];
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

// The best predecessors of all states of a bar, packed into words (OriginPacking), bars a row of words apart.
template <class R>
struct OriginTable {
  using L = Lanes<R>;
  using Word = IndexOf<R>;
  IndexScalarOf<R>* base;
  int states;

  REGENT_BODY IndexScalarOf<R>* row(std::int64_t t, int word,
                                    const OriginPacking<ScalarOf<R>>& packing) const {
    return base + (t * packing.words + word) * workspace_stride<R>;
  }
  template <class S>
  REGENT_BODY void store(const S& s, std::int64_t t, const Word* origin) const {
    const OriginPacking<ScalarOf<R>> packing(s.states);
    for (int word = 0; word < packing.words; ++word) {
      Word value = origin[word * packing.per_word];
      for (int i = 1; i < packing.per_word && word * packing.per_word + i < s.states; ++i)
        value = value | (origin[word * packing.per_word + i] << (i * packing.bits));
      L::store_index(row(t, word, packing), value);
    }
  }
  // The predecessor of `state`.
  REGENT_BODY Word of(std::int64_t t, Word state, const OriginPacking<ScalarOf<R>>& packing) const {
    using I = IndexScalarOf<R>;
    const int word_bits = packing.per_word == 1 ? 0 : 31 - __builtin_clz(packing.per_word);
    Word word = L::load_index(row(t, 0, packing));
    for (int w = 1; w < packing.words; ++w) {
      const auto below = state < L::all_index(I(w) << word_bits);
      word = select(below, word, L::load_index(row(t, w, packing)));
    }
    const Word place = state & L::all_index(I(packing.per_word - 1));
    const Word shift = packing.bits == 1   ? place
                       : packing.bits == 2 ? place << 1
                       : packing.bits == 4 ? place << 2
                                           : place << 3;
    return (word >> shift) & L::all_index((I(1) << packing.bits) - 1);
  }
};

template <class R>
struct ViterbiState {
  R score[states_max];
  R best;  // of the scores, not yet taken off
};
template <class R, class S>
REGENT_BODY void start_viterbi(const S& s, ViterbiState<R>& state) {
  for (int k = 0; k < s.states; ++k) state.score[k] = Lanes<R>::all(ScalarOf<R>{0});
  state.best = Lanes<R>::all(ScalarOf<R>{0});
}

// Bars [first, end) of one block; density_rows: log densities. totals: the sum of what was taken off.
template <class R, class S, class Lengths>
REGENT_SERIES_BODY void viterbi_block(const S s, const Table<R> log_rows, std::int64_t first,
                                      std::int64_t end, const Lengths lengths,
                                      const BlockRows<R> density_rows, const OriginTable<R> origins,
                                      double* totals, ViterbiState<R>& carried) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0});
  const LogTransitions<R, S> logs{s, log_rows};
  const ParameterLayout<S> layout{s};
  R score[S::states_bound], predicted[S::states_bound], best = carried.best, total = zero;
  IndexOf<R> origin[S::states_bound];
  for (int k = 0; k < s.states; ++k) score[k] = carried.score[k];
  for (std::int64_t t = first; t < end; ++t) {
    read_parameters_again();
    if (t == 0) {
      for (int k = 0; k < s.states; ++k) {
        predicted[k] = logs(layout.start(k));
        origin[k] = Lanes<R>::all_index(0);
      }
    } else {
      best_predecessors(s, logs, score, predicted, origin);
    }
    origins.store(s, t, origin);
    R next_best = zero;
    for (int k = 0; k < s.states; ++k) {
      // not below 10 times the impossible, so that what is impossible twice stays finite
      predicted[k] = maximum(predicted[k] + (density_rows.load(t - first, k) - best),
                             Lanes<R>::all(T(10) * impossible<T>));
      next_best = k == 0 ? predicted[0] : maximum(next_best, predicted[k]);
    }
    if (t == 0 || lengths.all_alive(t)) {
      for (int k = 0; k < s.states; ++k) score[k] = predicted[k];
      total = total + best;
      best = next_best;
    } else {
      const auto alive = lengths.alive(t);
      for (int k = 0; k < s.states; ++k) score[k] = select(alive, predicted[k], score[k]);
      total = total + select(alive, best, zero);
      best = select(alive, next_best, best);
    }
  }
  Lanes<R>::add_to(totals, total);
  for (int k = 0; k < s.states; ++k) carried.score[k] = score[k];
  carried.best = best;
}

// From the best last state of every lane, or the one it was told, back to the first bar. path: [steps, 32] of
// this group; a lane that has ended keeps its last state.
template <class R, class S, class Lengths>
REGENT_BODY void trace_back(const S& s, std::int64_t steps, const Lengths& lengths,
                            const OriginTable<R>& origins, IndexOf<R> state, std::uint8_t* path) {
  const OriginPacking<ScalarOf<R>> packing(s.states);
  for (std::int64_t t = steps - 1; t >= 0; --t) {
    Lanes<R>::store_bytes(path + t * lane_block, state);
    const IndexOf<R> before = origins.of(t, state, packing);
    state = lengths.all_alive(t) ? before : select(lengths.alive(t), before, state);
  }
}
template <class R, class S>
REGENT_BODY IndexOf<R> best_state(const S& s, const ViterbiState<R>& state) {
  R best = state.score[0];
  IndexOf<R> result = Lanes<R>::all_index(0);
  for (int k = 1; k < s.states; ++k)
    take_larger(state.score[k], Lanes<R>::all_index(IndexScalarOf<R>(k)), best, result);
  return result;
}

}  // namespace regent::cuda::hmm
