#pragma once
// Eigenvalues and vectors of small symmetric matrices, one matrix per lane: Householder tridiagonalisation,
// then implicit QL with Wilkinson's shift, its rotations kept for a while and applied to few rows of the
// vectors at a time. Sources: Golub & Van Loan (2013), Matrix Computations, 8.3; Martin & Wilkinson (1968),
// The implicit QL algorithm (EISPACK's tql2); Van Zee, van de Geijn & Quintana-Ortí (2014) for rotations
// applied in batches.
//
// R is float, double or a Pack of either; arrays hold one R per index (`width` scalars). A lane's result does
// not depend on its neighbours: each has its own block, shift and convergence, and turns by the identity
// where it has nothing to do. REQUIRES finite entries of magnitude below 4, the largest at least 2, or all
// zero.

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

// v (v_first = 1), τ and β for the column x held in v from `first` on.
template <class R>
REGENT_BODY R make_reflector(ScalarOf<R>* v, int first, int n, R& beta) {
  R sum = Lanes<R>::all(ScalarOf<R>(0));
  for (int i = first + 1; i < n; ++i) sum = fused(at<R>(v, i), at<R>(v, i), sum);
  const Reflector<R> reflector = reflector_of<R>(at<R>(v, first), sum);
  beta = reflector.beta;
  for (int i = first + 1; i < n; ++i) put<R>(v, i, at<R>(v, i) * reflector.inverse);
  put<R>(v, first, Lanes<R>::all(ScalarOf<R>(1)));
  return reflector.tau;
}

// For rows i of the trailing matrix: A −= v w' + w v', then p = A u over its lower triangle, in one pass.
// Two rows at a time, so that the vectors are loaded half as often.
template <class R, bool update>
REGENT_SERIES_BODY void update_and_multiply(ScalarOf<R>* packed, int first, int n, const ScalarOf<R>* v,
                                            const ScalarOf<R>* w, const ScalarOf<R>* u, ScalarOf<R>* p) {
  const R zero = Lanes<R>::all(ScalarOf<R>(0));
  for (int i = first; i < n; ++i) put<R>(p, i, zero);
  int i = first;
  for (; i + 1 < n; i += 2) {
    ScalarOf<R>*a = row_of<R>(packed, i), *b = row_of<R>(packed, i + 1);
    const R va = zero - at<R>(v, i), wa = zero - at<R>(w, i), ua = at<R>(u, i);
    const R vb = zero - at<R>(v, i + 1), wb = zero - at<R>(w, i + 1), ub = at<R>(u, i + 1);
    R sum_a = zero, sum_b = zero;
    for (int j = first; j < i; ++j) {
      R x = at<R>(a, j), y = at<R>(b, j);
      const R uj = at<R>(u, j);
      if constexpr (update) {
        const R vj = at<R>(v, j), wj = at<R>(w, j);
        x = fused(va, wj, fused(wa, vj, x));
        y = fused(vb, wj, fused(wb, vj, y));
        put<R>(a, j, x);
        put<R>(b, j, y);
      }
      sum_a = fused(x, uj, sum_a);
      sum_b = fused(y, uj, sum_b);
      put<R>(p, j, fused(x, ua, fused(y, ub, at<R>(p, j))));
    }
    R x = at<R>(a, i), y = at<R>(b, i), z = at<R>(b, i + 1);
    if constexpr (update) {
      const R vi = at<R>(v, i), wi = at<R>(w, i), vn = at<R>(v, i + 1), wn = at<R>(w, i + 1);
      x = fused(va, wi, fused(wa, vi, x));
      y = fused(vb, wi, fused(wb, vi, y));
      z = fused(vb, wn, fused(wb, vn, z));
      put<R>(a, i, x);
      put<R>(b, i, y);
      put<R>(b, i + 1, z);
    }
    put<R>(p, i, at<R>(p, i) + fused(x, ua, fused(y, ub, sum_a)));
    put<R>(p, i + 1, at<R>(p, i + 1) + fused(y, ua, fused(z, ub, sum_b)));
  }
  if (i < n) {
    ScalarOf<R>* a = row_of<R>(packed, i);
    const R va = zero - at<R>(v, i), wa = zero - at<R>(w, i), ua = at<R>(u, i);
    R sum = zero;
    for (int j = first; j <= i; ++j) {
      R x = at<R>(a, j);
      if constexpr (update) {
        x = fused(va, at<R>(w, j), fused(wa, at<R>(v, j), x));
        put<R>(a, j, x);
      }
      if (j == i) {
        sum = fused(x, ua, sum);
      } else {
        sum = fused(x, at<R>(u, j), sum);
        put<R>(p, j, fused(x, ua, at<R>(p, j)));
      }
    }
    put<R>(p, i, at<R>(p, i) + sum);
  }
}

// w = τ (p − ½ τ (p·v) v) for p = A v
template <class R>
REGENT_BODY void make_update(const ScalarOf<R>* p, const ScalarOf<R>* v, R tau, int first, int n,
                             ScalarOf<R>* w) {
  using T = ScalarOf<R>;
  R dot = Lanes<R>::all(T(0));
  for (int i = first; i < n; ++i) dot = fused(at<R>(p, i), at<R>(v, i), dot);
  const R share = Lanes<R>::all(T(-0.5)) * tau * dot;
  for (int i = first; i < n; ++i) put<R>(w, i, tau * fused(share, at<R>(v, i), at<R>(p, i)));
}

// Q' A Q = T: diagonal, beside (entry k beside k and k + 1), reflectors and their factors.
template <class R>
REGENT_BODY void tridiagonalise(const EigenSpace<ScalarOf<R>>& s, int n) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  T *w = s.scratch, *p = s.scratch + static_cast<long>(n) * width;
  const T* before = nullptr;  // the reflector whose update the trailing matrix still waits for
  for (int k = 0; k + 2 < n; ++k) {
    T* v = s.reflectors + static_cast<long>(k) * n * width;
    R pivot = at<R>(row_of<R>(s.matrix, k), k);
    if (before != nullptr) {
      const R minus_v = Lanes<R>::all(T(-2)) * at<R>(before, k);
      pivot = fused(minus_v, at<R>(w, k), pivot);
    }
    put<R>(s.diagonal, k, pivot);
    for (int i = k + 1; i < n; ++i) {
      R x = at<R>(row_of<R>(s.matrix, i), k);
      if (before != nullptr) {
        const R zero = Lanes<R>::all(T(0));
        x = fused(zero - at<R>(before, i), at<R>(w, k), fused(zero - at<R>(w, i), at<R>(before, k), x));
      }
      put<R>(v, i, x);
    }
    R beta;
    const R tau = make_reflector<R>(v, k + 1, n, beta);
    put<R>(s.factors, k, tau);
    put<R>(s.beside, k, beta);
    if (before != nullptr) {
      update_and_multiply<R, true>(s.matrix, k + 1, n, before, w, v, p);
    } else {
      update_and_multiply<R, false>(s.matrix, k + 1, n, v, v, v, p);
    }
    make_update<R>(p, v, tau, k + 1, n, w);
    before = v;
  }
  for (int i = n < 2 ? 0 : n - 2; i < n; ++i) {
    for (int j = n < 2 ? 0 : n - 2; j <= i; ++j) {
      R x = at<R>(row_of<R>(s.matrix, i), j);
      if (before != nullptr) {
        const R zero = Lanes<R>::all(T(0));
        x = fused(zero - at<R>(before, i), at<R>(w, j), fused(zero - at<R>(w, i), at<R>(before, j), x));
      }
      put<R>(i == j ? s.diagonal : s.beside, j, x);
    }
  }
  put<R>(s.beside, n - 1, Lanes<R>::all(T(0)));
}

// Rows first … first + rows of Q = H_0 H_1 …, each from its unit vector.
template <class R, int rows>
REGENT_SERIES_BODY void form_rows(const EigenSpace<ScalarOf<R>>& s, int first, int n) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  const R zero = Lanes<R>::all(T(0));
  T* q = s.vectors + static_cast<long>(first) * n * width;
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < n; ++j) put<R>(q, r * n + j, Lanes<R>::all(T(first + r == j ? 1 : 0)));
  }
  for (int k = 0; k + 2 < n; ++k) {
    const T* v = s.reflectors + static_cast<long>(k) * n * width;
    R dot[rows];
    for (int r = 0; r < rows; ++r) dot[r] = zero;
    for (int j = k + 1; j < n; ++j) {
      const R vj = at<R>(v, j);
      for (int r = 0; r < rows; ++r) dot[r] = fused(at<R>(q, r * n + j), vj, dot[r]);
    }
    const R minus_tau = zero - at<R>(s.factors, k);
    for (int r = 0; r < rows; ++r) dot[r] = dot[r] * minus_tau;
    for (int j = k + 1; j < n; ++j) {
      const R vj = at<R>(v, j);
      for (int r = 0; r < rows; ++r) put<R>(q, r * n + j, fused(dot[r], vj, at<R>(q, r * n + j)));
    }
  }
}

template <class R>
REGENT_BODY void form_vectors(const EigenSpace<ScalarOf<R>>& s, int n) {
  int first = 0;
  for (; first + rows_at_once <= n; first += rows_at_once) form_rows<R, rows_at_once>(s, first, n);
  for (; first < n; ++first) form_rows<R, 1>(s, first, n);
}

// Where a lane's QL stands: its block first … last (as numbers), and what the shift needs of it.
template <class R>
struct QlBlock {
  R first, last, d_first, d_next, d_last, e_first;
};

// Finds the first block of each lane that is not diagonal yet among rows that it sees from the last one up;
// first = `end` where there is none.
template <class R>
struct BlockSearch {
  QlBlock<R> block;
  R above, split, d_split;  // of the row seen before: d, and the end of its block with the d there

  REGENT_BODY BlockSearch(R end, R d_end) : block{}, above(d_end), split(end), d_split(d_end) {
    const R zero = Lanes<R>::all(ScalarOf<R>(0));
    block = {end, end, zero, zero, zero, Lanes<R>::all(ScalarOf<R>(1))};
  }
  REGENT_BODY void see(R index, R d, R e) {
    using T = ScalarOf<R>;
    const R eps = Lanes<R>::all(epsilon<T>), least = Lanes<R>::all(least_coupling<T>);
    const auto coupled = fused(eps, magnitude(d) + magnitude(above), least) < magnitude(e);
    block.first = select(coupled, index, block.first);
    block.last = select(coupled, split, block.last);
    block.d_first = select(coupled, d, block.d_first);
    block.d_next = select(coupled, above, block.d_next);
    block.d_last = select(coupled, d_split, block.d_last);
    block.e_first = select(coupled, e, block.e_first);
    split = select(coupled, split, index);
    d_split = select(coupled, d_split, d);
    above = d;
  }
};

// The first block of each lane that is not diagonal yet, from `lowest` on; first = n − 1 where there is none.
template <class R>
REGENT_BODY QlBlock<R> find_block(const EigenSpace<ScalarOf<R>>& s, int lowest, int n) {
  using T = ScalarOf<R>;
  BlockSearch<R> search(Lanes<R>::all(T(n - 1)), at<R>(s.diagonal, n - 1));
  for (int k = n - 2; k >= lowest; --k)
    search.see(Lanes<R>::all(T(k)), at<R>(s.diagonal, k), at<R>(s.beside, k));
  return search.block;
}

// d_last less Wilkinson's shift of the block's first two rows
template <class R>
REGENT_BODY R start_of_sweep(const QlBlock<R>& block) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T(0)), one = Lanes<R>::all(T(1));
  const R g = (block.d_next - block.d_first) / (block.e_first + block.e_first);
  const R root = square_root(fused(g, g, one));
  return block.d_last - block.d_first + block.e_first / (g + select(g < zero, zero - root, root));
}

template <class R>
struct Root {
  R root, inverse;
};

// 20 good bits of 1 / √x, on the GPU its own approximation, which takes normal numbers.
REGENT_BODY float rough_inverse_root(float x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return hmm::from_bits<float>(hmm::bits_of(1.0F / square_root(x)) & ~std::int32_t{7});
#endif
}
REGENT_BODY double rough_inverse_root(double x) {
#ifdef __CUDA_ARCH__
  double y;
  asm("rsqrt.approx.ftz.f64 %0, %1;" : "=d"(y) : "d"(x));
  return y;
#else
  return hmm::from_bits<double>(hmm::bits_of(1.0 / square_root(x)) & ~((std::int64_t{1} << 32) - 1));
#endif
}

// √x and 1 / √x for x from `vanishing` on. One lane waits for each operation, and an exact root and a
// division are long; a step of Newton's (fp64: Halley's, of third order) on an approximation makes both,
// wrong by one rounding more. Registers of many lanes have other lanes to wait with.
template <class R>
REGENT_BODY Root<R> root_of(R x) {
  using T = ScalarOf<R>;
  if constexpr (Lanes<R>::width == 1) {
    const T rough = rough_inverse_root(x), off = fused(-x * rough, rough, T(1));
    const T inverse = sizeof(T) == 4 ? fused(T(0.5) * rough, off, rough)
                                     : fused(rough * off, fused(T(0.375), off, T(0.5)), rough);
    return {x * inverse, inverse};
  } else {
    const R root = square_root(x);
    return {root, Lanes<R>::all(T(1)) / root};
  }
}

// Which lanes row k's rotation belongs to, is the first one of, and the last one of.
template <class R>
struct SweepPlace {
  decltype(R() < R()) active, starts, ends;
};
template <class R>
REGENT_BODY SweepPlace<R> place_of(const QlBlock<R>& block, int k, int low, int high) {
  using T = ScalarOf<R>;
  if constexpr (Lanes<R>::width == 1) {
    return {true, k + 1 == high, k == low};
  } else {
    const R index = Lanes<R>::all(T(k)), next = Lanes<R>::all(T(k + 1));
    const auto active = (block.first < next) && (index < block.last);
    return {active, next == block.last, active && (index == block.first)};
  }
}

// One of a single lane, loaded and stored at once
template <class T>
struct alignas(2 * sizeof(T)) Rotation {
  T cosine, sine;
};

// One implicit QL sweep of every lane over its own block; cosine and sine of rows k and k + 1 go to
// `rotations` at 2 (k − low). Returns the first block of what it went through that is not diagonal yet, first
// = high where there is none, if there is but one lane.
template <class R>
REGENT_SERIES_BODY QlBlock<R> sweep(const EigenSpace<ScalarOf<R>>& s, const QlBlock<R>& block, int low,
                                    int high, ScalarOf<R>* rotations) {
  using T = ScalarOf<R>;
  constexpr bool alone = Lanes<R>::width == 1;
  const R zero = Lanes<R>::all(T(0)), one = Lanes<R>::all(T(1)), two = Lanes<R>::all(T(2));
  R g = start_of_sweep(block), sine = one, cosine = one, p = zero;
  R above = at<R>(s.diagonal, high), d = at<R>(s.diagonal, high - 1), e = at<R>(s.beside, high - 1);
  BlockSearch<R> search(Lanes<R>::all(T(high)), zero);
  for (int k = high - 1; k >= low; --k) {
    R next_d = zero, next_e = zero;
    if constexpr (alone) {  // loaded before this row's are stored
      const int ahead = k > low ? k - 1 : low;
      next_d = at<R>(s.diagonal, ahead);
      next_e = at<R>(s.beside, ahead);
    } else {
      d = at<R>(s.diagonal, k);
      e = at<R>(s.beside, k);
    }
    const SweepPlace<R> place = place_of(block, k, low, high);
    const R f = sine * e, b = cosine * e;
    const R square = fused(f, f, g * g);
    // the bulge has vanished, and nothing more is to be chased
    const auto vanished = square < Lanes<R>::all(vanishing<T>);
    const Root<R> radius = root_of<R>(square);  // of use unless it has vanished
    const R new_sine = select(vanished, zero, f * radius.inverse),
            new_cosine = select(vanished, one, g * radius.inverse);
    const R shifted = above - p;
    const R r = fused(d - shifted, new_sine, two * new_cosine * b);
    const R new_p = new_sine * r;
    const R outer = select(vanished || place.starts, zero, radius.root), turned = shifted + new_p;
    g = select(place.active, fused(new_cosine, r, zero - b), g);
    sine = select(place.active, new_sine, sine);
    cosine = select(place.active, new_cosine, cosine);
    p = select(place.active, new_p, p);
    if constexpr (alone) {
      put<R>(s.beside, k + 1, outer);
      put<R>(s.diagonal, k + 1, turned);
      *reinterpret_cast<Rotation<T>*>(rotations + 2 * (k - low)) = {new_cosine, new_sine};
      search.see(Lanes<R>::all(T(k + 1)), turned, outer);
      above = d;
    } else {
      put<R>(s.beside, k + 1, select(place.active, outer, at<R>(s.beside, k + 1)));
      put<R>(s.diagonal, k + 1, select(place.active, turned, above));
      put<R>(s.beside, k, select(place.ends, g, e));
      above = select(place.ends, d - p, d);
      put<R>(s.diagonal, k, above);
      put<R>(rotations, 2 * (k - low), select(place.active, new_cosine, one));
      put<R>(rotations, 2 * (k - low) + 1, select(place.active, new_sine, zero));
    }
    d = next_d;
    e = next_e;
  }
  if constexpr (alone) {
    put<R>(s.beside, low, g);
    put<R>(s.diagonal, low, above - p);
    search.see(Lanes<R>::all(T(low)), above - p, g);
  }
  return search.block;
}

// Turns x = q_{k+1}, y = q_k by a rotation: x goes on to the next one as q_k; returns q_{k+1}.
template <class R>
REGENT_BODY R turn(R cosine, R sine, R& x, R y) {
  const R done = fused(cosine, x, sine * y);
  x = fused(Lanes<R>::all(ScalarOf<R>(0)) - sine, x, cosine * y);
  return done;
}

// Turns neighbouring rows of the vectors, [rows, n], by the rotations of one sweep, from high − 1 down to
// low.
template <class R, int rows>
REGENT_SERIES_BODY void turn_rows(ScalarOf<R>* q, int n, const ScalarOf<R>* rotations, int low, int high) {
  R x[rows];
  for (int r = 0; r < rows; ++r) x[r] = at<R>(q, r * n + high);
  for (int k = high - 1; k >= low; --k) {
    const R cosine = at<R>(rotations, 2 * (k - low)), sine = at<R>(rotations, 2 * (k - low) + 1);
    for (int r = 0; r < rows; ++r) put<R>(q, r * n + k + 1, turn(cosine, sine, x[r], at<R>(q, r * n + k)));
  }
  for (int r = 0; r < rows; ++r) put<R>(q, r * n + low, x[r]);
}

// Few rows at a time through all sweeps kept, so that they stay in the nearest cache.
template <class R>
REGENT_BODY void turn_vectors(const EigenSpace<ScalarOf<R>>& s, const int* lows, const int* highs, int sweeps,
                              int n) {
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(n) * Lanes<R>::width;
  int first = 0;
  for (; first + rows_at_once <= n; first += rows_at_once) {
    for (int i = 0; i < sweeps; ++i)
      turn_rows<R, rows_at_once>(s.vectors + first * row, n, s.rotations + 2 * i * row, lows[i], highs[i]);
  }
  for (; first < n; ++first) {
    for (int i = 0; i < sweeps; ++i)
      turn_rows<R, 1>(s.vectors + first * row, n, s.rotations + 2 * i * row, lows[i], highs[i]);
  }
}

// Smallest first and largest last over the lanes.
template <class R>
REGENT_BODY void range_of(const QlBlock<R>& block, int& low, int& high) {
  using T = ScalarOf<R>;
  T firsts[Lanes<R>::width], lasts[Lanes<R>::width];
  Lanes<R>::store(firsts, block.first);
  Lanes<R>::store(lasts, block.last);
  low = static_cast<int>(firsts[0]);
  high = static_cast<int>(lasts[0]);
  for (int lane = 1; lane < Lanes<R>::width; ++lane) {
    low = low < static_cast<int>(firsts[lane]) ? low : static_cast<int>(firsts[lane]);
    high = high > static_cast<int>(lasts[lane]) ? high : static_cast<int>(lasts[lane]);
  }
}

// Diagonalises T, turning the vectors along; gives up after sweeps_per_value sweeps for each value.
template <class R>
REGENT_BODY void diagonalise(const EigenSpace<ScalarOf<R>>& s, int n) {
  constexpr int kept_max = 64;
  int lows[kept_max], highs[kept_max], kept = 0, lowest = 0;
  for (int left = sweeps_per_value * n; left > 0; --left) {
    const QlBlock<R> block = find_block<R>(s, lowest, n);
    int low = 0, high = 0;
    range_of(block, low, high);
    if (low >= n - 1) break;
    sweep<R>(s, block, low, high, s.rotations + static_cast<long>(kept) * 2 * n * Lanes<R>::width);
    lows[kept] = low;
    highs[kept++] = high;
    lowest = low;
    if (kept < s.sweeps_kept && kept < kept_max) continue;
    turn_vectors<R>(s, lows, highs, kept, n);
    kept = 0;
  }
  turn_vectors<R>(s, lows, highs, kept, n);
}

// Entry i of probe number `probe`: a fixed, patternless sign.
REGENT_BODY int probe_sign(int probe, int i) {
  std::uint32_t x = static_cast<std::uint32_t>(probe * 7919 + i + 1) * 0x9e3779b9U;
  x = (x ^ (x >> 16)) * 0x85ebca6bU;
  x = (x ^ (x >> 13)) * 0xc2b2ae35U;
  return (x >> 31) != 0 ? 1 : -1;
}

// y = A x for the probe x, A packed.
template <class R>
REGENT_BODY void multiply_probe(ScalarOf<R>* packed, int n, int probe, ScalarOf<R>* y) {
  using T = ScalarOf<R>;
  for (int i = 0; i < n; ++i) {
    const ScalarOf<R>* row = row_of<R>(packed, i);
    const R xi = Lanes<R>::all(T(probe_sign(probe, i)));
    R sum = at<R>(row, i) * xi;
    for (int j = 0; j < i; ++j) {
      sum = fused(at<R>(row, j), Lanes<R>::all(T(probe_sign(probe, j))), sum);
      put<R>(y, j, fused(at<R>(row, j), xi, at<R>(y, j)));
    }
    put<R>(y, i, sum);
  }
}

// ‖(A − V Λ V') x‖² and ‖(V V' − 1) x‖² for the probe x and y = A x: the expectation over random signs is the
// squared Frobenius norm of what is wrong (Freivalds 1979, for products).
template <class R>
REGENT_BODY void check_probe(const EigenSpace<ScalarOf<R>>& s, int n, int probe, const ScalarOf<R>* y,
                             R& residual, R& orthogonality) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  const R zero = Lanes<R>::all(T(0));
  T* u = s.scratch;  // V' x
  for (int k = 0; k < n; ++k) put<R>(u, k, zero);
  for (int i = 0; i < n; ++i) {
    const R sign = Lanes<R>::all(T(probe_sign(probe, i)));
    const T* row = s.vectors + static_cast<long>(i) * n * width;
    for (int k = 0; k < n; ++k) put<R>(u, k, fused(at<R>(row, k), sign, at<R>(u, k)));
  }
  for (int i = 0; i < n; ++i) {
    const T* row = s.vectors + static_cast<long>(i) * n * width;
    R back = zero, image = zero;
    for (int k = 0; k < n; ++k) {
      const R part = at<R>(row, k) * at<R>(u, k);
      back = back + part;
      image = fused(part, at<R>(s.diagonal, k), image);
    }
    const R away = at<R>(y, i) - image, off = back - Lanes<R>::all(T(probe_sign(probe, i)));
    residual = fused(away, away, residual);
    orthogonality = fused(off, off, orthogonality);
  }
}

}  // namespace regent::cuda::covariance
