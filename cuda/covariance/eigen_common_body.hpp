#pragma once
// What all ways of solving small symmetric matrices share: constants of the number formats, scaling, one
// group's arrays, Householder's reflector, a rotation, probes. R is float, double or a Pack of either; arrays
// hold one R per index (`width` scalars).

#include <type_traits>

#include "cuda/covariance/eigen_job.hpp"
#include "cuda/hmm/real.hpp"

namespace regent::cuda::covariance {

using hmm::any;
using hmm::fused;
using hmm::Lanes;
using hmm::MaskOf;
using hmm::ScalarOf;
using hmm::select;
using hmm::square_root;

// Beside entries of size one nothing are: sums of squares below a reflector, a coupling of neighbours, a
// bulge's square.
template <class T>
inline constexpr T negligible = T(sizeof(T) == 4 ? 1e-30 : 1e-290);
template <class T>
inline constexpr T least_coupling = T(sizeof(T) == 4 ? 1e-16 : 1e-140);
template <class T>
inline constexpr T vanishing = T(sizeof(T) == 4 ? 1e-36 : 1e-300);
template <class T>
inline constexpr T epsilon = T(sizeof(T) == 4 ? 5.9604644775390625e-8 : 1.1102230246251565e-16);
inline constexpr int sweeps_per_value = 30;  // more than this many and a lane has failed
inline constexpr int rows_at_once = 4;

// Arrays of one group in the caller's memory; sizes in R.
template <class T>
struct EigenSpace {
  T* matrix;      // packed lower triangle, n (n + 1) / 2; destroyed
  T* reflectors;  // v_k at k·n: entries k + 1 … n − 1, the first of them 1; n²
  T* factors;     // τ_k, n
  T* diagonal;    // n; the eigenvalues in the end, in no order
  T* beside;      // n
  T* vectors;     // [n, n]: row i holds entry i of every vector
  T* scratch;     // 4 n
  T* rotations;   // 2 n · sweeps_kept
  int sweeps_kept;
};

// Powers of two that bring a matrix's largest entry into [2, 4) and back; 0 for a matrix of zeros and one
// that is not finite.
template <class T>
struct Scaling {
  T scale, unscale;
  EigenOutcome outcome;  // not_finite or, until it is checked, solved
};

// Magnitudes order as their bits do, and anything that is not finite comes last.
template <class T>
REGENT_BODY typename hmm::Format<T>::Bits magnitude_bits(T value) {
  using Bits = typename hmm::Format<T>::Bits;
  return hmm::bits_of(value) & static_cast<Bits>(~std::make_unsigned_t<Bits>{0} >> 1);
}

template <class T>
REGENT_BODY Scaling<T> scaling_of(typename hmm::Format<T>::Bits largest) {
  using Bits = typename hmm::Format<T>::Bits;
  constexpr int fraction_bits = hmm::Format<T>::fraction_bits;
  constexpr Bits infinity = static_cast<Bits>((sizeof(T) == 4 ? Bits{255} : Bits{2047}) << fraction_bits);
  constexpr Bits bias = hmm::Format<T>::one_bits >> fraction_bits;
  const Bits exponent = largest >> fraction_bits;
  if (largest >= infinity) return {T(0), T(0), EigenOutcome::not_finite};
  if (exponent == 0) return {T(0), T(0), EigenOutcome::solved};
  return {hmm::from_bits<T>((2 * bias + 1 - exponent) << fraction_bits),
          hmm::from_bits<T>((exponent < 2 ? Bits{1} : exponent - 1) << fraction_bits), EigenOutcome::solved};
}

template <class T>
REGENT_BODY T not_a_number() {
  return hmm::from_bits<T>(
      static_cast<typename hmm::Format<T>::Bits>(sizeof(T) == 4 ? 0x7fc00000LL : 0x7ff8000000000000LL));
}

// Residual and orthogonality must be below 16 n roundings, and the largest value a number once unscaled.
template <class T>
REGENT_BODY EigenOutcome judged(EigenOutcome outcome, T residual, T orthogonality, T largest, int n) {
  const T tolerance = T(16) * static_cast<T>(n) * epsilon<T>;
  if (outcome != EigenOutcome::solved) return outcome;
  if (!(largest - largest == 0)) return EigenOutcome::out_of_range;
  return residual <= tolerance && orthogonality <= tolerance ? EigenOutcome::solved
                                                             : EigenOutcome::not_converged;
}

template <class R>
REGENT_BODY R magnitude(R x) {
  return hmm::maximum(x, Lanes<R>::all(ScalarOf<R>(0)) - x);
}

template <class R>
REGENT_BODY R at(const ScalarOf<R>* array, int i) {
  return Lanes<R>::load(array + static_cast<long>(i) * Lanes<R>::width);
}
template <class R>
REGENT_BODY void put(ScalarOf<R>* array, int i, R value) {
  Lanes<R>::store(array + static_cast<long>(i) * Lanes<R>::width, value);
}
// the packed lower triangle's row i
template <class R>
REGENT_BODY ScalarOf<R>* row_of(ScalarOf<R>* packed, int i) {
  return packed + static_cast<long>(i) * (i + 1) / 2 * Lanes<R>::width;
}

// β, τ and what the entries below the first are multiplied by, of the reflector (1 − τ v v') x = (β, 0, …)'
// with v_first = 1. τ = 0 where nothing is below x_first.
template <class R>
struct Reflector {
  R beta, tau, inverse;
};

// alpha = x_first, sum: of the squares below it; in range, since entries are below 4 and tiny ones mean
// nothing
template <class R>
REGENT_BODY Reflector<R> reflector_of(R alpha, R sum) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T(0)), one = Lanes<R>::all(T(1));
  const auto nothing = sum < Lanes<R>::all(negligible<T>);
  const R norm = square_root(fused(alpha, alpha, sum));
  const R signed_norm = select(alpha < zero, norm, zero - norm);
  const R beta = select(nothing, alpha, signed_norm);
  const R divisor = select(nothing, one, alpha - beta);
  return {beta, select(nothing, zero, (beta - alpha) / select(nothing, one, beta)),
          select(nothing, zero, one / divisor)};
}

// Turns x = q_{k+1}, y = q_k by a rotation: x goes on to the next one as q_k; returns q_{k+1}.
template <class R>
REGENT_BODY R turn(R cosine, R sine, R& x, R y) {
  const R done = fused(cosine, x, sine * y);
  x = fused(Lanes<R>::all(ScalarOf<R>(0)) - sine, x, cosine * y);
  return done;
}

// Entry i of probe number `probe`: a fixed, patternless sign.
REGENT_BODY int probe_sign(int probe, int i) {
  std::uint32_t x = static_cast<std::uint32_t>(probe * 7919 + i + 1) * 0x9e3779b9U;
  x = (x ^ (x >> 16)) * 0x85ebca6bU;
  x = (x ^ (x >> 13)) * 0xc2b2ae35U;
  return (x >> 31) != 0 ? 1 : -1;
}

}  // namespace regent::cuda::covariance
