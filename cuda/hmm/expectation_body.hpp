#pragma once
// Expected counts of one group of lanes (the E-step), in the structured form of CountLayout. Products are
// summed in R for `flush_every` bars, then in fp64; moments are about the means of this step, which keeps
// them well conditioned. run_to_run: bitwise, whatever the number of threads. cpu_to_gpu: the same operations
// in the same order.

#include "cuda/hmm/backward_body.hpp"
#include "cuda/hmm/student_body.hpp"

namespace regent::cuda::hmm {

template <class R, class S>
struct CountSink {
  static constexpr EmissionLaw law = EmissionLaw::gaussian;
  S s;
  Rows<R> p;
  Table<R> partial;  // [counts]
  double* totals;    // [counts], rows a block apart

  REGENT_BODY void clear(EmissionLaw rows_of = law) const {
    const int size = CountLayout<S>{s}.rows(rows_of);
    for (int row = 0; row < size; ++row) partial.store(row, Lanes<R>::all(ScalarOf<R>{0}));
    for (int row = 0; row < size; ++row) Lanes<R>::store_double(totals + row * lane_block, partial.load(row));
  }

  REGENT_BODY void flush_partial(EmissionLaw rows_of = law) const {
    const int size = CountLayout<S>{s}.rows(rows_of);
    const R zero = Lanes<R>::all(ScalarOf<R>{0});
    for (int row = 0; row < size; ++row) {
      Lanes<R>::add_to(totals + row * lane_block, partial.load(row));
      partial.store(row, zero);
    }
  }

  template <class Emission>
  REGENT_BODY void posterior(std::int64_t t, const R* values, const Emission& emission) const {
    const CountLayout<S> layout{s};
    if (t == 0) {
      for (int k = 0; k < s.states; ++k) partial.store(layout.start(k), values[k]);
    }
    const R zero = Lanes<R>::all(ScalarOf<R>{0});
    R difference[S::dimension_bound];
    if (!emission.any_incomplete()) {
      for (int k = 0; k < s.states; ++k) {
        emission.difference(k, difference);
        add_moments(layout, k, values[k], difference);
      }
      return;
    }
    R spread[triangle_size(S::dimension_bound)];
    const auto present = emission.present();
    for (int k = 0; k < s.states; ++k) {
      const R weight = select(present, values[k], zero);
      emission.complete(k, difference, spread);
      add_moments(layout, k, weight, difference);
      for (int e = 0; e < triangle_size(s.dimension); ++e)
        partial.add_product(layout.second(k, e), weight, spread[e]);
    }
  }

  REGENT_BODY void add_moments(const CountLayout<S>& layout, int k, R weight, const R* difference) const {
    partial.add(layout.weight(k), weight);
    add_products(layout, k, weight, difference);
  }
  REGENT_BODY void add_products(const CountLayout<S>& layout, int k, R weight, const R* difference) const {
    for (int row = 0; row < s.dimension; ++row) {
      const R weighted = weight * difference[row];
      partial.add(layout.first(k, row), weighted);
      for (int column = 0; column <= row; ++column) {
        partial.add_product(layout.second(k, triangle(row, column)), weighted, difference[column]);
      }
    }
  }

  REGENT_BODY void transition(const R* weight, const R* ahead, const R* welcome, const R* outlook) const {
    const CountLayout<S> layout{s};
    const ParameterLayout<S> parameters{s};
    const R zero = Lanes<R>::all(ScalarOf<R>{0});
    for (int i = 0; i < s.macros; ++i) {
      for (int j = 0; j < s.micros; ++j) {
        for (int to = 0; to < s.micros; ++to) {
          partial.add_product(layout.stay(i, j, to), weight[i * s.micros + j], ahead[i * s.micros + to]);
        }
      }
    }
    if constexpr (!S::always_flat) {
      if (s.macros == 1) return;
      R arriving[S::states_bound];
      for (int i = 0; i < s.macros; ++i) arriving[i] = zero;
      for (int i = 0; i < s.macros; ++i) {
        R leaving = zero;
        for (int j = 0; j < s.micros; ++j) {
          const int k = i * s.micros + j;
          leaving = fused(weight[k], p(parameters.exit(k)), leaving);
          partial.add_product(layout.exit(k), weight[k], outlook[i]);
        }
        for (int to = 0; to < s.macros; ++to) {
          partial.add_product(layout.macro(i, to), leaving, welcome[to]);
          arriving[to] = fused(leaving, p(parameters.macro(i, to)), arriving[to]);
        }
      }
      for (int i = 0; i < s.macros; ++i) {
        for (int j = 0; j < s.micros; ++j) {
          partial.add_product(layout.entry(i * s.micros + j), arriving[i], ahead[i * s.micros + j]);
        }
      }
    }
  }

  REGENT_BODY void end_of_bar(std::int64_t t) const {
    if (t % flush_every == 0) flush_partial();
  }

  // The factor P that stands outside the sums over time.
  REGENT_BODY void finish() const {
    const CountLayout<S> layout{s};
    const ParameterLayout<S> parameters{s};
    for (int i = 0; i < s.macros; ++i) {
      for (int j = 0; j < s.micros; ++j) {
        for (int to = 0; to < s.micros; ++to)
          scale_total(layout.stay(i, j, to), p(parameters.stay(i, j, to)));
      }
      for (int to = 0; to < s.macros; ++to) scale_total(layout.macro(i, to), p(parameters.macro(i, to)));
    }
    for (int k = 0; k < s.states; ++k) {
      scale_total(layout.exit(k), p(parameters.exit(k)));
      scale_total(layout.entry(k), p(parameters.entry(k)));
    }
  }
  REGENT_BODY void scale_total(int row, R factor) const {
    double factors[Lanes<R>::width];
    Lanes<R>::store_double(factors, factor);
    for (int lane = 0; lane < Lanes<R>::width; ++lane) totals[row * lane_block + lane] *= factors[lane];
  }
};

// Moments scaled by what the bar says of its hidden precision: see student_body.hpp.
template <class R, class S>
struct StudentCountSink : CountSink<R, S> {
  static constexpr EmissionLaw law = EmissionLaw::student_t;
  using Base = CountSink<R, S>;
  using Base::partial;
  using Base::s;

  REGENT_BODY void clear() const { Base::clear(law); }
  REGENT_BODY void flush_partial() const { Base::flush_partial(law); }
  REGENT_BODY void end_of_bar(std::int64_t t) const {
    if (t % flush_every == 0) flush_partial();
  }

  REGENT_BODY void posterior(std::int64_t t, const R* values, const StudentEmission<R, S>& emission) const {
    const CountLayout<S> layout{s};
    const R zero = Lanes<R>::all(ScalarOf<R>{0});
    if (t == 0) {
      for (int k = 0; k < s.states; ++k) partial.store(layout.start(k), values[k]);
    }
    R difference[S::dimension_bound], spread[triangle_size(S::dimension_bound)];
    for (int k = 0; k < s.states; ++k) {
      R weight = values[k], scale, log_scale;
      emission.scale(k, scale, log_scale);
      if (emission.any_incomplete()) {
        weight = select(emission.present(), weight, zero);
        emission.complete(k, difference, spread);
        for (int e = 0; e < triangle_size(s.dimension); ++e)
          partial.add_product(layout.second(k, e), weight, spread[e]);
      } else {
        emission.difference(k, difference);
      }
      partial.add(layout.weight(k), weight);
      partial.add_product(layout.scaled_weight(k), weight, scale);
      partial.add_product(layout.log_scale(k), weight, log_scale);
      Base::add_products(layout, k, weight * scale, difference);
    }
  }
};

template <class Emission>
struct CountSinkOf;
template <class R, class S>
struct CountSinkOf<GaussianEmission<R, S>> {
  using Type = CountSink<R, S>;
};
template <class R, class S>
struct CountSinkOf<StudentEmission<R, S>> {
  using Type = StudentCountSink<R, S>;
};

}  // namespace regent::cuda::hmm
