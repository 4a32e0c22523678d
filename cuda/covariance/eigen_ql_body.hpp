#pragma once
// One sweep of implicit QL with Wilkinson's shift over tridiagonal matrices, one per lane: which block it
// goes over, and the rotations that it leaves. Source: Martin & Wilkinson (1968), The implicit QL algorithm
// (EISPACK's tql2).

#include "cuda/covariance/eigen_common_body.hpp"

namespace regent::cuda::covariance {

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

}  // namespace regent::cuda::covariance
