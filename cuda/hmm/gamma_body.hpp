#pragma once
// What Student's t needs of the gamma function, without its overflow and cancellation.
//   digamma_gap(x) = ψ(x) − log x                            x >= 0.5, rises from below to 0
//   log_gamma_step(x) = log Γ(x + ½) − log Γ(x) − ½·log x    x > 0, rises to 0
// Asymptotic series at x >= 8, reached from below by the recurrences of ψ and Γ. Truncation below 1e-12
// absolute. NaN gives NaN. Source: NIST Digital Library of Mathematical Functions, 5.5, 5.11.

#include "cuda/hmm/elementary_body.hpp"

namespace regent::cuda::hmm {

template <class R>
REGENT_BODY R digamma_gap(R x) {
  using T = ScalarOf<R>;
  const R one = Lanes<R>::all(T{1}), eight = Lanes<R>::all(T{8});
  R lift = Lanes<R>::all(T{0});  // Σ 1/(x + i), i < 8, less log((x + 8)/x)
  for (int i = 0; i < 8; ++i) lift = lift + one / (x + Lanes<R>::all(static_cast<T>(i)));
  lift = lift - logarithm((x + eight) / x);
  const auto small = x < eight;
  const R y = one / select(small, x + eight, x);
  const R square = y * y;
  R p = Lanes<R>::all(T(-691.0 / 32760));
  p = fused(p, square, Lanes<R>::all(T(1.0 / 132)));
  p = fused(p, square, Lanes<R>::all(T(-1.0 / 240)));
  p = fused(p, square, Lanes<R>::all(T(1.0 / 252)));
  p = fused(p, square, Lanes<R>::all(T(-1.0 / 120)));
  p = fused(p, square, Lanes<R>::all(T(1.0 / 12)));
  const R result = fused(p * square, Lanes<R>::all(T{-1}), y * Lanes<R>::all(T(-0.5)));
  return select(small, result - lift, result);
}

inline double log_gamma_step(double x) {
  double lift = 0, y = x;
  for (; y < 8; y += 1) lift += std::log(y / (y + 0.5));
  if (y > x) lift += 0.5 * std::log(y / x);
  const double inverse = 1 / y, square = inverse * inverse;
  double p = 691.0 / 180224;
  p = p * square - 31.0 / 18432;
  p = p * square + 17.0 / 14336;
  p = p * square - 1.0 / 640;
  p = p * square + 1.0 / 192;
  p = p * square - 1.0 / 8;
  return lift + p * inverse;
}

}  // namespace regent::cuda::hmm
