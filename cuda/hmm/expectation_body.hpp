#pragma once
// Expected counts of one group of lanes (the E-step), in the structured form of CountLayout. Products are
// summed in R over a block of flush_every bars, last to first, then in fp64; moments are of differences from
// the means of this step, which keeps them well conditioned. Bars go through several passes, each with few
// enough sums to keep them in registers; between two passes they rest in `sums`, rows of CountLayout.
// run_to_run: bitwise, whatever the number of threads. cpu_to_gpu: the same operations in the same order, but
// for series that either cuts in time (window_body.hpp, chunk_body.hpp).

#include "cuda/hmm/backward_body.hpp"
#include "cuda/hmm/student_body.hpp"

namespace regent::cuda::hmm {

// What the backward pass leaves for the passes after it; posteriors and weights take the place of the
// densities and weights that it was given.
template <class R>
struct PassScratch {
  BlockRows<R> posteriors;  // [K]
  BlockRows<R> weights;     // [K], weight/n
  BlockRows<R> ahead;       // [K], b·β of the bar after
  BlockRows<R> macros;      // [3M]: welcome, outlook, arriving
  template <class S>
  REGENT_BODY PassScratch of(const S& s) const {
    return {posteriors.of(s.states), weights.of(s.states), ahead.of(s.states), macros.of(3 * s.macros)};
  }
};

// Few enough transitions to sum them in registers during the backward pass: a GPU's threads have more of
// them, and little room near by for what a pass leaves to the next.
template <class R, class S>
inline constexpr bool few_transitions = S::fixed_states &&
                                        (S::always_flat ? S::states_bound <= 4
                                                        : Lanes<R>::width == 1 && S::states_bound <= 9);

// These sums are the first of CountLayout.
template <class R, class S>
constexpr int few_transitions_size() {
  if constexpr (!few_transitions<R, S>) {
    return 1;
  } else if constexpr (S::always_flat) {
    return S::states * S::micros;
  } else {
    return S::states * (S::micros + 2) + S::macros * S::macros;
  }
}

template <class R, class S>
struct CountSink {
  S s;
  Rows<R> p;
  PassScratch<R> scratch;
  Table<R> sums;
  static constexpr int size = few_transitions_size<R, S>();
  R held[size];

  REGENT_BODY void begin() {
    scratch = scratch.of(s);
    if constexpr (few_transitions<R, S>) {
      for (int e = 0; e < size; ++e) held[e] = sums.load(e);
    }
  }
  REGENT_BODY void posterior(std::int64_t bar, int k, R value) const {
    scratch.posteriors.store(bar, k, value);
  }
  REGENT_BODY void weight(std::int64_t bar, int k, R value) const {
    if constexpr (!few_transitions<R, S>) scratch.weights.store(bar, k, value);
  }
  REGENT_BODY void ahead(std::int64_t bar, const R* values) const {
    if constexpr (!few_transitions<R, S>) {
      for (int k = 0; k < s.states; ++k) scratch.ahead.store(bar, k, values[k]);
    }
  }
  REGENT_BODY void transition(std::int64_t bar, const R* weight, const R* ahead, const R* welcome,
                              const R* outlook) {
    if constexpr (few_transitions<R, S>) {
      add_stays(weight, ahead);
      if constexpr (!S::always_flat) add_moves(weight, ahead, welcome, outlook);
    } else {
      for (int i = 0; i < s.macros && s.macros > 1; ++i) {
        scratch.macros.store(bar, i, welcome[i]);
        scratch.macros.store(bar, s.macros + i, outlook[i]);
      }
    }
  }
  REGENT_BODY void finish() const {
    if constexpr (few_transitions<R, S>) {
      for (int e = 0; e < size; ++e) sums.store(e, held[e]);
    }
  }

 private:
  REGENT_BODY void add_stays(const R* weight, const R* ahead) {
    for (int k = 0; k < s.states; ++k) {
      const int i = k / s.micros;
      for (int to = 0; to < s.micros; ++to) {
        R& sum = held[k * s.micros + to];
        sum = fused(weight[k], ahead[i * s.micros + to], sum);
      }
    }
  }
  // In the order of add_few_macros and add_micros.
  REGENT_BODY void add_moves(const R* weight, const R* ahead, const R* welcome, const R* outlook) {
    const CountLayout<S> layout{s};
    const ParameterLayout<S> parameters{s};
    R arriving[S::states_bound];
    for (int to = 0; to < s.macros; ++to) arriving[to] = Lanes<R>::all(ScalarOf<R>{0});
    for (int i = 0; i < s.macros; ++i) {
      R leaving = Lanes<R>::all(ScalarOf<R>{0});
      for (int j = 0; j < s.micros; ++j) {
        const int k = i * s.micros + j;
        leaving = fused(weight[k], p(parameters.exit(k)), leaving);
        held[layout.exit(k)] = fused(weight[k], outlook[i], held[layout.exit(k)]);
      }
      for (int to = 0; to < s.macros; ++to) {
        held[layout.macro(i, to)] = fused(leaving, welcome[to], held[layout.macro(i, to)]);
        arriving[to] = fused(leaving, p(parameters.macro(i, to)), arriving[to]);
      }
    }
    for (int k = 0; k < s.states; ++k)
      held[layout.entry(k)] = fused(arriving[k / s.micros], ahead[k], held[layout.entry(k)]);
  }
};

// Moves between macro regimes; leaves `arriving` in the scratch rows.
template <class R, class S>
REGENT_BODY void add_macros(const S& s, const Rows<R>& p, std::int64_t bars, const PassScratch<R>& scratch,
                            const Table<R>& sums) {
  const CountLayout<S> layout{s};
  const ParameterLayout<S> parameters{s};
  const R zero = Lanes<R>::all(ScalarOf<R>{0});
  for (std::int64_t bar = bars - 1; bar >= 0; --bar) {
    for (int i = 0; i < s.macros; ++i) scratch.macros.store(bar, 2 * s.macros + i, zero);
  }
  for (int i = 0; i < s.macros; ++i) {
    R macros[S::states_bound];
    for (int to = 0; to < s.macros; ++to) macros[to] = sums.load(layout.macro(i, to));
    for (std::int64_t bar = bars - 1; bar >= 0; --bar) {
      R leaving = zero;
      for (int j = 0; j < s.micros; ++j) {
        const int k = i * s.micros + j;
        leaving = fused(scratch.weights.load(bar, k), p(parameters.exit(k)), leaving);
      }
      for (int to = 0; to < s.macros; ++to) {
        macros[to] = fused(leaving, scratch.macros.load(bar, to), macros[to]);
        const R arriving = scratch.macros.load(bar, 2 * s.macros + to);
        scratch.macros.store(bar, 2 * s.macros + to, fused(leaving, p(parameters.macro(i, to)), arriving));
      }
    }
    for (int to = 0; to < s.macros; ++to) sums.store(layout.macro(i, to), macros[to]);
  }
}

// As above where the states are known: all sums in registers.
template <class R, class S>
REGENT_BODY void add_few_macros(const S& s, const Rows<R>& p, std::int64_t bars,
                                const PassScratch<R>& scratch, const Table<R>& sums) {
  constexpr int m = S::macros;
  const CountLayout<S> layout{s};
  const ParameterLayout<S> parameters{s};
  R macros[m * m];
  for (int e = 0; e < m * m; ++e) macros[e] = sums.load(layout.macro(0, e));
  for (std::int64_t bar = bars - 1; bar >= 0; --bar) {
    read_parameters_again();
    R arriving[m], welcome[m];
    for (int to = 0; to < m; ++to) welcome[to] = scratch.macros.load(bar, to);
    for (int i = 0; i < m; ++i) {
      const int first = i * s.micros;
      R leaving = scratch.weights.load(bar, first) * p(parameters.exit(first));
      for (int k = first + 1; k < first + s.micros; ++k)
        leaving = fused(scratch.weights.load(bar, k), p(parameters.exit(k)), leaving);
      for (int to = 0; to < m; ++to) {
        const R chance = p(parameters.macro(i, to));
        macros[i * m + to] = fused(leaving, welcome[to], macros[i * m + to]);
        arriving[to] = i == 0 ? leaving * chance : fused(leaving, chance, arriving[to]);
      }
    }
    for (int to = 0; to < m; ++to) scratch.macros.store(bar, 2 * m + to, arriving[to]);
  }
  for (int e = 0; e < m * m; ++e) sums.store(layout.macro(0, e), macros[e]);
}

// Moves within macro regime i, exits from its states and entries to them: `rows` states of it at a time.
template <class R, class S>
REGENT_BODY void add_micros(const S& s, int i, std::int64_t bars, const PassScratch<R>& scratch,
                            const Table<R>& sums) {
  const CountLayout<S> layout{s};
  constexpr bool together = S::fixed_states && S::states_bound <= 9;
  const int rows = together ? s.micros : 1;
  const bool moves = s.macros > 1;
  R stays[S::states_bound * (together ? S::states_bound : 1)], exits[S::states_bound],
      entries[S::states_bound];
  for (int j = 0; j < s.micros; j += rows) {
    const int first = i * s.micros + j;
    for (int e = 0; e < rows * s.micros; ++e) stays[e] = sums.load(layout.stay(i, j, e));
    for (int row = 0; row < rows; ++row) {
      exits[row] = sums.load(layout.exit(first + row));
      entries[row] = sums.load(layout.entry(first + row));
    }
    for (std::int64_t bar = bars - 1; bar >= 0; --bar) {
      for (int row = 0; row < rows; ++row) {
        const R weight = scratch.weights.load(bar, first + row);
        for (int to = 0; to < s.micros; ++to) {
          R& sum = stays[row * s.micros + to];
          sum = fused(weight, scratch.ahead.load(bar, i * s.micros + to), sum);
        }
        if (!moves) continue;
        exits[row] = fused(weight, scratch.macros.load(bar, s.macros + i), exits[row]);
        const R arriving = scratch.macros.load(bar, 2 * s.macros + i);
        entries[row] = fused(arriving, scratch.ahead.load(bar, first + row), entries[row]);
      }
    }
    for (int e = 0; e < rows * s.micros; ++e) sums.store(layout.stay(i, j, e), stays[e]);
    for (int row = 0; row < rows; ++row) {
      sums.store(layout.exit(first + row), exits[row]);
      sums.store(layout.entry(first + row), entries[row]);
    }
  }
}

template <class R, class S>
REGENT_SERIES_BODY void add_transitions(const S s, const Rows<R> p, std::int64_t bars,
                                        const PassScratch<R> rows, const Table<R> sums) {
  const PassScratch<R> scratch = rows.of(s);
  if constexpr (!few_transitions<R, S>) {
    if constexpr (!S::always_flat) {
      if constexpr (S::fixed_states) {
        add_few_macros(s, p, bars, scratch, sums);
      } else if (s.macros > 1) {
        add_macros(s, p, bars, scratch, sums);
      }
    }
    for (int i = 0; i < s.macros; ++i) add_micros<R>(s, i, bars, scratch, sums);
  }
}

template <class R>
REGENT_BODY void clear_counts(int size, double* totals) {
  for (int row = 0; row < size; ++row)
    Lanes<R>::store_double(totals + row * lane_block, Lanes<R>::all(ScalarOf<R>{0}));
}

// Rows [row, row + n), which one lane waits for together.
template <int n, class T>
REGENT_BODY void flush_rows(int row, const Table<T>& sums, double* totals) {
  T added[n];
  double total[n];
  for (int i = 0; i < n; ++i) {
    added[i] = sums.load(row + i);
    total[i] = totals[(row + i) * lane_block];
  }
  for (int i = 0; i < n; ++i) {
    totals[(row + i) * lane_block] = total[i] + static_cast<double>(added[i]);
    sums.store(row + i, T{0});
  }
}

// Empties the sums of a block into the fp64 counts.
template <class R>
REGENT_SERIES_BODY void flush_sums(int size, const Table<R> sums, double* totals) {
  int row = 0;
  if constexpr (Lanes<R>::width == 1) {
    constexpr int together = 16;
    for (; row + together <= size; row += together) flush_rows<together>(row, sums, totals);
  }
  for (; row < size; ++row) {
    Lanes<R>::add_to(totals + row * lane_block, sums.load(row));
    sums.store(row, Lanes<R>::all(ScalarOf<R>{0}));
  }
}

template <class R>
REGENT_BODY void scale_total(double* total, R factor) {
  double factors[Lanes<R>::width];
  Lanes<R>::store_double(factors, factor);
  for (int lane = 0; lane < Lanes<R>::width; ++lane) total[lane] *= factors[lane];
}

// What stands outside the sums over time: the factor P, and the means.
template <class R, class S>
REGENT_BODY void finish_counts(const S& s, const Rows<R>& p, double* totals) {
  finish_moments(s, p, totals);
  const CountLayout<S> layout{s};
  const ParameterLayout<S> parameters{s};
  for (int i = 0; i < s.macros; ++i) {
    for (int j = 0; j < s.micros; ++j) {
      for (int to = 0; to < s.micros; ++to)
        scale_total(totals + layout.stay(i, j, to) * lane_block, p(parameters.stay(i, j, to)));
    }
    for (int to = 0; to < s.macros; ++to)
      scale_total(totals + layout.macro(i, to) * lane_block, p(parameters.macro(i, to)));
  }
  for (int k = 0; k < s.states; ++k) {
    scale_total(totals + layout.exit(k) * lane_block, p(parameters.exit(k)));
    scale_total(totals + layout.entry(k) * lane_block, p(parameters.entry(k)));
  }
}

}  // namespace regent::cuda::hmm
