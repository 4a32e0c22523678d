#pragma once
// exp and log as polynomials with every fused multiply-add written out, so that they vectorise over lanes and
// give the same bits on CPU and GPU. Errors measured against correctly rounded results:
// tests/cuda/hmm/elementary_test.cpp.
//
// exponential(x) = 2^n · e^r, n = round(x·log2 e), r = x − n·ln 2 in two parts.
//   float: Cephes expf's polynomial; double: Taylor to r^13. x below the smallest normal result gives 0, x
//   above the largest finite result is clamped to it; NaN gives NaN.
// power_of_two(y) = 2^n·2^r, n = round(y), r = y − n, which is exact; minimax polynomials of 2^r, relative to
//   it. 0 where n is at most the lowest exponent, NaN gives NaN; above the largest exponent: not allowed.
// logarithm(x), x = 2^n·m with m in [√½, √2).
//   float: Cephes logf's polynomial; double: fdlibm's e_log. 0 gives −inf, negative or NaN gives NaN, +inf
//   gives +inf.
// log_one_plus(x) = log(1 + x), x >= 0: the logarithm of the rounded sum plus what the rounding lost,
// relative
//   to the sum. +inf gives +inf, NaN gives NaN.
// Sources: Moshier, Cephes Mathematical Library (1989); Sun Microsystems, fdlibm (1993).

#include "cuda/hmm/real.hpp"

namespace regent::cuda::hmm {

template <class R>
REGENT_BODY R exponential_polynomial(R r, float) {
  R p = Lanes<R>::all(1.9875691500E-4F);
  p = fused(p, r, Lanes<R>::all(1.3981999507E-3F));
  p = fused(p, r, Lanes<R>::all(8.3334519073E-3F));
  p = fused(p, r, Lanes<R>::all(4.1665795894E-2F));
  p = fused(p, r, Lanes<R>::all(1.6666665459E-1F));
  p = fused(p, r, Lanes<R>::all(5.0000001201E-1F));
  p = fused(p, r * r, r);
  return p + Lanes<R>::all(1.0F);
}

template <class R>
REGENT_BODY R exponential_polynomial(R r, double) {
  R p = Lanes<R>::all(1.0 / 6227020800.0);
  p = fused(p, r, Lanes<R>::all(1.0 / 479001600.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 39916800.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 3628800.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 362880.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 40320.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 5040.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 720.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 120.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 24.0));
  p = fused(p, r, Lanes<R>::all(1.0 / 6.0));
  p = fused(p, r, Lanes<R>::all(0.5));
  p = fused(p, r * r, r);
  return p + Lanes<R>::all(1.0);
}

template <class T>
struct ExponentialRange;
template <>
struct ExponentialRange<float> {
  static constexpr float lowest = -87.33654F, highest = 88.37626F;
  static constexpr float log2_e = 1.44269504088896341F, ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
};
template <>
struct ExponentialRange<double> {
  static constexpr double lowest = -708.396418532264, highest = 709.0895657128241;
  static constexpr double log2_e = 1.4426950408889634, ln2_high = 6.93147180369123816490e-01,
                          ln2_low = 1.90821492927058770002e-10;
};

// x at most the highest, or NaN.
template <class R>
REGENT_BODY R bounded_exponential(R x) {
  using T = ScalarOf<R>;
  using Range = ExponentialRange<T>;
  const R magic = fused(x, Lanes<R>::all(Range::log2_e), Lanes<R>::all(Format<T>::round_magic));
  const R n = magic - Lanes<R>::all(Format<T>::round_magic);
  R r = fused(n, Lanes<R>::all(-Range::ln2_high), x);
  r = fused(n, Lanes<R>::all(-Range::ln2_low), r);
  const R result = Lanes<R>::scale(exponential_polynomial(r, T{}), magic);
  return select(x < Lanes<R>::all(Range::lowest), Lanes<R>::all(T{0}), result);
}
template <class R>
REGENT_BODY R exponential(R x) {
  const R high = Lanes<R>::all(ExponentialRange<ScalarOf<R>>::highest);
  return bounded_exponential(select(high < x, high, x));
}

// A step of n polynomials side by side.
template <int n, class R>
REGENT_BODY void next_power(const R* r, R* p, ScalarOf<R> coefficient) {
  for (int i = 0; i < n; ++i) p[i] = fused(p[i], r[i], Lanes<R>::all(coefficient));
}
// 2·2^r.
template <int n, class R>
REGENT_BODY void power_of_two_polynomials(const R* r, R* p, float) {
  for (int i = 0; i < n; ++i) p[i] = Lanes<R>::all(2 * 1.534578e-04F);
  next_power<n>(r, p, 2 * 1.339993e-03F);
  next_power<n>(r, p, 2 * 9.618489e-03F);
  next_power<n>(r, p, 2 * 5.5503286e-02F);
  next_power<n>(r, p, 2 * 2.4022646e-01F);
  next_power<n>(r, p, 2 * 6.931472e-01F);
  next_power<n>(r, p, 2 * 1.0F);
}
template <int n, class R>
REGENT_BODY void power_of_two_polynomials(const R* r, R* p, double) {
  for (int i = 0; i < n; ++i) p[i] = Lanes<R>::all(2 * 4.4353523518648836e-10);
  next_power<n>(r, p, 2 * 7.074104341827516e-09);
  next_power<n>(r, p, 2 * 1.0178197558846429e-07);
  next_power<n>(r, p, 2 * 1.3215433097307574e-06);
  next_power<n>(r, p, 2 * 1.525273349109609e-05);
  next_power<n>(r, p, 2 * 0.0001540353046249882);
  next_power<n>(r, p, 2 * 0.0013333558146788774);
  next_power<n>(r, p, 2 * 0.009618129107588348);
  next_power<n>(r, p, 2 * 0.055504108664819925);
  next_power<n>(r, p, 2 * 0.24022650695910155);
  next_power<n>(r, p, 2 * 0.6931471805599453);
  next_power<n>(r, p, 2 * 1.0);
}

// y[i] := 2^y[i], n of them side by side, which hides their latency; each at most the largest exponent, or
// NaN.
template <int n, class R>
REGENT_BODY void powers_of_two(R* y) {
  R r[n], p[n];
  for (int i = 0; i < n; ++i) {
    y[i] = maximum(y[i], Lanes<R>::all(Format<ScalarOf<R>>::lowest_exponent));
    y[i] = Lanes<R>::half_power(y[i], r[i]);
  }
  power_of_two_polynomials<n>(r, p, ScalarOf<R>{});
  for (int i = 0; i < n; ++i) y[i] = p[i] * y[i];
}
template <class R>
REGENT_BODY R power_of_two(R y) {
  powers_of_two<1>(&y);
  return y;
}

template <class R>
REGENT_BODY R logarithm_polynomial(R f, R n, float) {
  R p = Lanes<R>::all(7.0376836292E-2F);
  p = fused(p, f, Lanes<R>::all(-1.1514610310E-1F));
  p = fused(p, f, Lanes<R>::all(1.1676998740E-1F));
  p = fused(p, f, Lanes<R>::all(-1.2420140846E-1F));
  p = fused(p, f, Lanes<R>::all(1.4249322787E-1F));
  p = fused(p, f, Lanes<R>::all(-1.6668057665E-1F));
  p = fused(p, f, Lanes<R>::all(2.0000714765E-1F));
  p = fused(p, f, Lanes<R>::all(-2.4999993993E-1F));
  p = fused(p, f, Lanes<R>::all(3.3333331174E-1F));
  const R square = f * f;
  R y = p * f * square;
  y = fused(n, Lanes<R>::all(-2.12194440e-4F), y);
  y = fused(square, Lanes<R>::all(-0.5F), y);
  return fused(n, Lanes<R>::all(0.693359375F), f + y);
}

template <class R>
REGENT_BODY R logarithm_polynomial(R f, R n, double) {
  const R s = f / (Lanes<R>::all(2.0) + f);
  const R z = s * s;
  R p = Lanes<R>::all(1.479819860511658591e-01);
  p = fused(p, z, Lanes<R>::all(1.531383769920937332e-01));
  p = fused(p, z, Lanes<R>::all(1.818357216161805012e-01));
  p = fused(p, z, Lanes<R>::all(2.222219843214978396e-01));
  p = fused(p, z, Lanes<R>::all(2.857142874366239149e-01));
  p = fused(p, z, Lanes<R>::all(3.999999999940941908e-01));
  p = fused(p, z, Lanes<R>::all(6.666666666666735130e-01));
  const R half_square = Lanes<R>::all(0.5) * f * f;
  const R inner = fused(s, fused(p, z, half_square), n * Lanes<R>::all(1.90821492927058770002e-10));
  return fused(n, Lanes<R>::all(6.93147180369123816490e-01), f - (half_square - inner));
}

template <class R>
REGENT_BODY R logarithm(R x) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0});
  const R smallest = Lanes<R>::all(Format<T>::smallest_normal);
  const auto subnormal = x < smallest;
  R mantissa;
  // 2^64 lifts every subnormal float, 2^52 and more every subnormal double
  const R lifted = select(subnormal, x * Lanes<R>::all(T(18446744073709551616.0)), x);
  R n = Lanes<R>::split(lifted, mantissa);
  n = select(subnormal, n - Lanes<R>::all(T{64}), n);
  const auto upper = Lanes<R>::all(T(1.41421356237309504880)) < mantissa;
  mantissa = select(upper, mantissa * Lanes<R>::all(T(0.5)), mantissa);
  n = select(upper, n + Lanes<R>::all(T{1}), n);
  const R result = logarithm_polynomial(mantissa - Lanes<R>::all(T{1}), n, T{});
  const R infinity = Lanes<R>::all(T(HUGE_VAL));
  const R edge = select(x < zero, zero / zero, select(x == zero, zero - infinity, x));
  return select(x < infinity, select(zero < x, result, edge), edge);
}

template <class R>
REGENT_BODY R log_one_plus(R x) {
  using T = ScalarOf<R>;
  const R one = Lanes<R>::all(T{1});
  const R sum = one + x;
  const R lost = x - (sum - one);  // exact for x >= 0
  const R result = logarithm(sum);
  return select(x < Lanes<R>::all(Format<T>::round_magic), result + lost / sum, result);
}

}  // namespace regent::cuda::hmm
