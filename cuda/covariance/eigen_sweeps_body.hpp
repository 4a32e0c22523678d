#pragma once
// The middle one of the three stages in which the GPU solves a symmetric matrix: the QL sweeps that
// diagonalise the tridiagonal matrix of the first stage and leave their rotations for the third
// (eigen_turn_body.hpp). A sweep is one long chain of roots and divisions, work for one thread. It needs only
// the tridiagonal matrix, so that the chains of thousands of matrices run side by side where a
// multiprocessor's shared memory holds one to three whole ones.
//
// The rotations of a round are bounded; what is left then is made in a further round, after the vectors were
// turned by the last one's.

#include "cuda/covariance/eigen_ql_body.hpp"

namespace regent::cuda::covariance {

// How far a matrix is.
struct SweepState {
  int lowest, left;  // first row that may not be diagonal yet; sweeps that it may still take
  int sweeps;        // of this round
  bool made, finished;
};

// What the stages leave each other, for all matrices of a job.
template <class T>
struct EigenStages {
  int rotations_max, sweeps_max;  // of one round, at least size − 1 and 1
  Scaling<T>* scaling;            // [count]
  T* products;                    // [count, 2, size]: A x of both probes
  T* beside;                      // [count, size]; the diagonal is where the values will be
  T* rotations;                // [count, rotations_max, 2]: those of each sweep after those of the one before
  std::uint8_t *lows, *highs;  // [count, sweeps_max]
  SweepState* states;          // [count]
  T* parts;                    // [count, slabs_of(size), 2, size]: V x of both probes from each slab's rows

  REGENT_BODY T* rotations_of(std::ptrdiff_t index) const { return rotations + index * rotations_max * 2; }
  REGENT_BODY std::uint8_t* lows_of(std::ptrdiff_t index) const { return lows + index * sweeps_max; }
  REGENT_BODY std::uint8_t* highs_of(std::ptrdiff_t index) const { return highs + index * sweeps_max; }
};

// A covariance takes 0.85 n² rotations in 1.7 n sweeps, the worst matrices of the tests 1.4 n² (more below n
// = 32) in 2.8 n.
REGENT_BODY int rotations_of_a_round(int n) {
  return n * n + n * n / 2 + 4 * n;
}
REGENT_BODY int sweeps_of_a_round(int n) {
  return 3 * n + 8;
}
inline constexpr int staged_size_max = 128;  // rows are numbered in bytes

// Rows of the vectors are turned alone, so that a slab of them needs no other one.
inline constexpr int slab_rows_max = 64;
REGENT_BODY int rows_of_a_slab(int n) {
  return n < slab_rows_max ? n : slab_rows_max;
}
REGENT_BODY int slabs_of(int n) {
  return (n + slab_rows_max - 1) / slab_rows_max;
}

// One round of one matrix: sweeps until the matrix is diagonal, the round full or its patience at an end.
template <class T>
REGENT_BODY void make_sweeps(const EigenStages<T>& stages, int n, int index, T* diagonal, T* beside) {
  SweepState& state = stages.states[index];
  T* rotations = stages.rotations_of(index);
  std::uint8_t *lows = stages.lows_of(index), *highs = stages.highs_of(index);
  EigenSpace<T> tridiagonal{};
  tridiagonal.diagonal = diagonal;
  tridiagonal.beside = beside;
  int sweeps = 0, room = stages.rotations_max, low = 0, high = state.lowest;
  QlBlock<T> block{T(high), T(high), 0, 0, 0, 0};  // none yet
  for (; state.left > 0; --state.left) {
    if (block.first == T(high)) block = find_block<T>(tridiagonal, high, n);
    range_of(block, low, high);
    if (low >= n - 1) break;
    if (sweeps == stages.sweeps_max || high - low > room) {
      state.sweeps = sweeps;
      return;
    }
    block = sweep<T>(tridiagonal, block, low, high, rotations);
    lows[sweeps] = static_cast<std::uint8_t>(low);
    highs[sweeps++] = static_cast<std::uint8_t>(high);
    rotations += 2 * (high - low);
    room -= high - low;
    state.lowest = low;
  }
  state.sweeps = sweeps;
  state.made = true;
}

}  // namespace regent::cuda::covariance
