#pragma once
// How a batch of hierarchical HMMs lies in memory. Lanes (a series with its own parameters) are grouped in
// blocks of 32, the warp's width; within a block the lane index is fastest:
//   parameters    [blocks, parameter, 32]     observations [blocks, steps, dimension, 32]  (NaN: missing)
//   posteriors    [blocks, steps, states, 32] counts       [blocks, count, 32] in fp64
// `shared` observations are one series for all lanes: [steps, dimension].

#include <cstddef>
#include <cstdint>

#include "base/host_device.hpp"
#include "cuda/hmm/real.hpp"

namespace regent::cuda::hmm {

inline constexpr int lane_block = 32;
inline constexpr int states_max = 32;
inline constexpr int dimension_max = 16;

// The law of a bar given its state. A mixture is run as its expansion into Gaussian sub-states.
enum class EmissionLaw : std::uint8_t { gaussian, student_t };

// M macro regimes of m micro states each, K = M·m; D features. A flat HMM is M = 1 without exits.
struct ShapeNumbers {
  int macros = 1, micros = 1, dimension = 1;
  REGENT_HD int states() const { return macros * micros; }
  bool operator==(const ShapeNumbers&) const = default;
};

// The shape at run time, or parts of it fixed at compile time, so that loops unroll and arrays become
// registers: what a pass over bars does depends on the dimension or on the states, never on both.
struct AnyShape {
  int macros, micros, dimension, states;
  template <class Numbers>
  REGENT_HD explicit AnyShape(const Numbers& n)
      : macros(n.macros), micros(n.micros), dimension(n.dimension), states(n.macros * n.micros) {}
  static constexpr int states_bound = states_max, dimension_bound = dimension_max;
  static constexpr bool always_flat = false, fixed_states = false, fixed_dimension = false;
};

template <int D>
struct FixedDimension {
  int macros, micros, states;
  template <class S>
  REGENT_HD explicit FixedDimension(const S& s) : macros(s.macros), micros(s.micros), states(s.states) {}
  static constexpr int dimension = D, states_bound = states_max, dimension_bound = D;
  static constexpr bool always_flat = false, fixed_states = false, fixed_dimension = true;
};

template <int M, int m>
struct FixedStates {
  int dimension;
  template <class S>
  REGENT_HD explicit FixedStates(const S& s) : dimension(s.dimension) {}
  static constexpr int macros = M, micros = m, states = M * m, states_bound = M * m,
                       dimension_bound = dimension_max;
  static constexpr bool always_flat = M == 1, fixed_states = true, fixed_dimension = false;
};

template <int M, int m, int D>
struct FixedShape {
  template <class Numbers>
  REGENT_HD explicit FixedShape(const Numbers&) {}
  static constexpr int macros = M, micros = m, dimension = D, states = M * m;
  static constexpr int states_bound = M * m, dimension_bound = D;
  static constexpr bool always_flat = M == 1, fixed_states = true, fixed_dimension = true;
};

// Index of (row, column), column <= row, in a packed lower triangle.
REGENT_HD constexpr int triangle(int row, int column) {
  return row * (row + 1) / 2 + column;
}
REGENT_HD constexpr int triangle_size(int dimension) {
  return dimension * (dimension + 1) / 2;
}

// Offsets of one lane's parameters. stay_ijj' = (1 − exit_ij)·micro_transition_i[j,j'].
template <class S>
struct ParameterLayout {
  const S& s;
  REGENT_HD constexpr int start(int k) const { return k; }
  REGENT_HD constexpr int stay(int i, int j, int to) const {
    return s.states + (i * s.micros + j) * s.micros + to;
  }
  REGENT_HD constexpr int exit(int k) const { return s.states + s.states * s.micros + k; }
  REGENT_HD constexpr int macro(int i, int to) const { return exit(s.states) + i * s.macros + to; }
  REGENT_HD constexpr int entry(int k) const { return macro(s.macros, 0) + k; }
  REGENT_HD constexpr int mean(int k, int d) const { return entry(s.states) + k * s.dimension + d; }
  // F = L⁻¹ of the covariance L·Lᵀ, packed: density exponent −½|F·(x − mean)|²
  REGENT_HD constexpr int factor(int k, int e) const {
    return mean(s.states, 0) + k * triangle_size(s.dimension) + e;
  }
  REGENT_HD constexpr int log_normaliser(int k) const { return factor(s.states, 0) + k; }
  REGENT_HD constexpr int covariance(int k, int e) const {
    return log_normaliser(s.states) + k * triangle_size(s.dimension) + e;
  }
  // Student-t only; the factor and the covariance are then those of the scale matrix.
  REGENT_HD constexpr int dof(int k) const { return covariance(s.states, 0) + k; }
  REGENT_HD constexpr int odd_normaliser(int k) const { return dof(s.states) + k; }
  REGENT_HD constexpr int size() const { return odd_normaliser(s.states); }
};
template <class S>
ParameterLayout(const S&) -> ParameterLayout<S>;

// Offsets of one lane's expected counts.
template <class S>
struct CountLayout {
  const S& s;
  REGENT_HD constexpr int stay(int i, int j, int to) const { return (i * s.micros + j) * s.micros + to; }
  REGENT_HD constexpr int macro(int i, int to) const { return s.states * s.micros + i * s.macros + to; }
  REGENT_HD constexpr int exit(int k) const { return macro(s.macros, 0) + k; }
  REGENT_HD constexpr int entry(int k) const {
    return exit(s.states) + k;
  }  // by exits; the first bar is in `start`
  REGENT_HD constexpr int start(int k) const { return entry(s.states) + k; }
  REGENT_HD constexpr int transitions_end() const { return start(s.states); }
  // Moments about the mean that the step was run with: Σγ, Σγ·d, Σγ·d·dᵀ (packed), over bars with any feature
  // present; until finish_moments Σγ·d·xᵀ stands where the last of them will.
  REGENT_HD constexpr int moment_size() const { return 1 + s.dimension + triangle_size(s.dimension); }
  REGENT_HD constexpr int weight(int k) const { return transitions_end() + k * moment_size(); }
  REGENT_HD constexpr int first(int k, int d) const { return weight(k) + 1 + d; }
  REGENT_HD constexpr int second(int k, int e) const { return weight(k) + 1 + s.dimension + e; }
  REGENT_HD constexpr int size() const { return weight(s.states); }
  // Student-t has two more per state, and its moments are scaled (see student_body.hpp).
  REGENT_HD constexpr int scaled_weight(int k) const { return size() + k; }
  REGENT_HD constexpr int log_scale(int k) const { return scaled_weight(s.states) + k; }
  REGENT_HD constexpr int rows(EmissionLaw law) const {
    return law == EmissionLaw::student_t ? log_scale(s.states) : size();
  }
};
template <class S>
CountLayout(const S&) -> CountLayout<S>;

inline std::size_t blocks_of(std::size_t lanes) {
  return (lanes + lane_block - 1) / lane_block;
}
// Position of (lane, row) in a [blocks, rows, 32] array.
inline std::size_t lane_index(std::size_t lane, std::size_t row, std::size_t rows) {
  return (lane / lane_block * rows + row) * lane_block + lane % lane_block;
}

// What every operation reads. Pointers are to the backend's memory.
template <class T>
struct BatchView {
  ShapeNumbers shape;
  int lanes = 0;
  std::int64_t steps = 0;                 // the longest series
  const std::int32_t* lengths = nullptr;  // [lanes], nullptr: all have `steps`
  const T* parameters = nullptr;
  const T* observations = nullptr;
  bool shared = false;                // one series for all lanes
  int series_blocks = 0;              // > 0: blocks of lanes take turns at this many blocks of series
  const T* emission_table = nullptr;  // instead of observations: log densities [blocks, steps, states, 32]
  EmissionLaw law = EmissionLaw::gaussian;  // of observations
};

// What an emission law makes of its parameters before it finds densities: rows of each state, and last what
// densities are relative to.
REGENT_BODY std::ptrdiff_t prepared_rows(const ShapeNumbers& shape) {
  return std::ptrdiff_t{shape.states()} * (triangle_size(shape.dimension) + shape.dimension + 4) + 1;
}

}  // namespace regent::cuda::hmm
