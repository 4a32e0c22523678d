#pragma once
// The eigenproblem of D + s z z' for a diagonal D (poles, ascending), a vector z and s = ±1. Its eigenvalues
// are the roots of the secular equation
//   g(λ) = s + Σ_j z_j² / (d_j − λ) = 0,
// one beside each pole: above it for s = 1, below it for s = −1; its vectors are (D − λ)⁻¹ z. Sources: Golub
// (1973), Some modified matrix eigenvalue problems; Li (1993), Solving secular equations stably and
// efficiently (LAPACK note 89), whose middle way the steps go; Gu & Eisenstat (1994), A stable and efficient
// algorithm for the rank-one modification of the symmetric eigenproblem: with the z whose roots are exactly
// those found, vectors are orthogonal to rounding, however close the roots lie.
//
// Here neighbouring roots are the lanes of R (float, double or a Pack of either). Nothing is deflated:
// poles are kept apart by a rounding error, and no z is exactly zero. A root is kept as a pole and the
// distance from it, so that its distances from all poles are accurate. REQUIRES poles and z of size one.

#include "cuda/covariance/eigen_common_body.hpp"

namespace regent::cuda::covariance {

inline constexpr int secular_steps_max = 40;
// Beside poles of size one, z² below this changes nothing, and its square is still a number.
template <class T>
inline constexpr T least_weight = T(sizeof(T) == 4 ? 1e-18 : 1e-120);

template <class T>
struct Secular {
  const T *poles,
      *weights;  // [1 + n + 1 …]: z² of d_j at 1 + j; before and after them a far pole of weight 0
  int n;
  T sign;
};

// g less its constant, as sums over the poles below and above, and their derivatives
template <class R>
struct SecularSums {
  R below, above, below_slope, above_slope;
};

template <class R>
REGENT_SERIES_BODY SecularSums<R> secular_sums(const Secular<ScalarOf<R>>& s, R origin, R offset) {
  const R zero = Lanes<R>::all(ScalarOf<R>(0)), one = Lanes<R>::all(ScalarOf<R>(1));
  SecularSums<R> sums{zero, zero, zero, zero};
  for (int j = 1; j <= s.n; ++j) {
    const R distance = (Lanes<R>::all(s.poles[j]) - origin) - offset;
    const R inverse = one / distance;
    const R term = Lanes<R>::all(s.weights[j]) * inverse, slope = term * inverse;
    const auto is_below = distance < zero;
    sums.below = sums.below + select(is_below, term, zero);
    sums.above = sums.above + select(is_below, zero, term);
    sums.below_slope = sums.below_slope + select(is_below, slope, zero);
    sums.above_slope = sums.above_slope + select(is_below, zero, slope);
  }
  return sums;
}

// The root between the poles of c x² − a x + b = 0
template <class R>
REGENT_BODY R root_between(R a, R b, R c) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T(0)), two = Lanes<R>::all(T(2));
  const R square = fused(a, a, Lanes<R>::all(T(-4)) * b * c);
  const R root = square_root(hmm::maximum(square, zero));
  return select(zero < a, two * b / (a + root), (a - root) / (two * c));
}

// A step towards the root from where g and its derivatives are known: below and above, one pole each with
// the sums' value and derivative.
template <class R>
REGENT_BODY R middle_way(const SecularSums<R>& sums, R value, R to_lower, R to_upper) {
  const R zero = Lanes<R>::all(ScalarOf<R>(0)), product = to_lower * to_upper;
  const R a = fused(to_lower + to_upper, value, zero - product * (sums.below_slope + sums.above_slope));
  const R c = value - to_lower * sums.below_slope - to_upper * sums.above_slope;
  return root_between<R>(a, product * value, c);
}

template <class R>
struct SecularRoots {
  R origin, offset;  // pole and distance from it
};

// The roots between lower and upper = neighbouring poles with their weights. A lane at or beyond `count`
// has none and gets anything.
template <class R>
REGENT_BODY SecularRoots<R> find_roots(const Secular<ScalarOf<R>>& s, int first, int count) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T(0)), one = Lanes<R>::all(T(1)), half = Lanes<R>::all(T(0.5));
  const R sign = Lanes<R>::all(s.sign);
  const int at_lower = first + (s.sign > 0 ? 1 : 0);
  const R lower = Lanes<R>::load(s.poles + at_lower), upper = Lanes<R>::load(s.poles + at_lower + 1);
  const R lower_weight = Lanes<R>::load(s.weights + at_lower);
  const R upper_weight = Lanes<R>::load(s.weights + at_lower + 1);
  const R middle = half * (upper - lower);
  SecularSums<R> sums = secular_sums<R>(s, lower, middle);
  R value = sign + sums.below + sums.above;
  const auto in_lower_half = zero < value;
  const R origin = select(in_lower_half, lower, upper);
  const R lower_at = lower - origin, upper_at = upper - origin;  // one of them 0
  R low = select(in_lower_half, zero, zero - middle), high = select(in_lower_half, middle, zero);
  // the two poles as they are, the others as they look from the middle
  const R others = value + (lower_weight - upper_weight) / middle;
  R offset = root_between<R>(fused(others, lower_at + upper_at, lower_weight + upper_weight),
                             fused(lower_weight, upper_at, upper_weight * lower_at), others);
  offset = select(low < offset && offset < high, offset, half * (low + high));
  T numbers[Lanes<R>::width];
  for (int lane = 0; lane < Lanes<R>::width; ++lane) numbers[lane] = T(first + lane);
  auto found = !(Lanes<R>::load(numbers) < Lanes<R>::all(T(count)));
  for (int steps = secular_steps_max; steps > 0 && any(!found); --steps) {
    sums = secular_sums<R>(s, origin, offset);
    value = sign + sums.below + sums.above;
    const R noise = Lanes<R>::all(8 * epsilon<T>) * (one - sums.below + sums.above);
    found = found || magnitude(value) < noise;
    const auto rises = value < zero;
    low = select(rises, offset, low);
    high = select(rises, high, offset);
    const R step = middle_way<R>(sums, value, lower_at - offset, upper_at - offset);
    R next = offset + step;
    const auto settled = magnitude(step) < Lanes<R>::all(4 * epsilon<T>) * magnitude(offset);
    next = select(settled || (low < next && next < high), next, half * (low + high));
    offset = select(found, offset, next);
    found = found || settled;
  }
  return {origin, offset};
}

// The magnitude of the z_i whose roots are exactly those found (Löwner 1934):
// z_i² = |λ_i − d_i| Π_{j≠i} (λ_j − d_i) / (d_j − d_i), for `width` neighbouring i from `first` on.
template <class R>
REGENT_SERIES_BODY R exact_vector(const Secular<ScalarOf<R>>& s, const ScalarOf<R>* origins,
                                  const ScalarOf<R>* offsets, int first) {
  using T = ScalarOf<R>;
  const R one = Lanes<R>::all(T(1)), zero = Lanes<R>::all(T(0));
  const R pole = Lanes<R>::load(s.poles + 1 + first);
  R square = magnitude((Lanes<R>::load(origins + first) - pole) + Lanes<R>::load(offsets + first));
  for (int j = 0; j < s.n; ++j) {
    const R above = (Lanes<R>::all(origins[j]) - pole) + Lanes<R>::all(offsets[j]);
    const R below = Lanes<R>::all(s.poles[1 + j]) - pole;
    const auto itself = below == zero;
    square = square * select(itself, one, above / select(itself, one, below));
  }
  return square_root(magnitude(square));
}

// Columns k of the vectors for neighbouring k: z_i / (d_i − λ_k) at strip[i · width]. Returns 1 / their
// lengths.
template <class R>
REGENT_SERIES_BODY R fill_turn(const Secular<ScalarOf<R>>& s, const ScalarOf<R>* z, SecularRoots<R> roots,
                               ScalarOf<R>* strip) {
  R square = Lanes<R>::all(ScalarOf<R>(0));
  for (int i = 0; i < s.n; ++i) {
    const R distance = (Lanes<R>::all(s.poles[1 + i]) - roots.origin) - roots.offset;
    const R entry = Lanes<R>::all(z[i]) / distance;
    square = fused(entry, entry, square);
    Lanes<R>::store(strip + static_cast<long>(i) * Lanes<R>::width, entry);
  }
  return Lanes<R>::all(ScalarOf<R>(1)) / square_root(square);
}

// `rows` rows and `packs` · width columns of  scale_k Σ_i turn[i, k] v[i, ·]
// strip: [n, width], of which the first `rows` are wanted; panel: [n, 2 · width] columns of the vectors.
template <class R, int rows, int packs>
REGENT_SERIES_BODY void turn_tile(const ScalarOf<R>* strip, const ScalarOf<R>* panel,
                                  const ScalarOf<R>* scale, int n, int rows_stored, ScalarOf<R>* to,
                                  int stride) {
  constexpr int width = Lanes<R>::width;
  R sums[rows][packs];
  for (int r = 0; r < rows; ++r) {
    for (int p = 0; p < packs; ++p) sums[r][p] = Lanes<R>::all(ScalarOf<R>(0));
  }
  for (int i = 0; i < n; ++i) {
    R columns[packs];
    for (int p = 0; p < packs; ++p)
      columns[p] = Lanes<R>::load(panel + (static_cast<long>(i) * 2 + p) * width);
    for (int r = 0; r < rows; ++r) {
      const R weight = Lanes<R>::all(strip[static_cast<long>(i) * width + r]);
      for (int p = 0; p < packs; ++p) sums[r][p] = fused(weight, columns[p], sums[r][p]);
    }
  }
  for (int r = 0; r < rows_stored; ++r) {
    for (int p = 0; p < packs; ++p)
      Lanes<R>::store(to + static_cast<long>(r) * stride + p * width, sums[r][p] * Lanes<R>::all(scale[r]));
  }
}

}  // namespace regent::cuda::covariance
