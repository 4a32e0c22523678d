#pragma once
// log(1 + x) in double, the same bits on both devices: only + − × ÷ and integer operations, no library call.
// Domain: finite x in (−1, 1e300]; elsewhere the result is undefined (callers keep growth above a floor).
// Formula: y = 1 + x = 2^e·m with m in [√½, √2); log y = e·ln 2 + 2·atanh(s), s = (m − 1)/(m + 1), |s| ≤
// 0.1716, by its power series to s^21; what rounding y lost comes back as (x − (y − 1))/y. Error below 2 ulp
// of the result.

#include <bit>
#include <cstdint>

#include "base/host_device.hpp"

namespace regent::cuda {

REGENT_HD inline double log1p_body(double x) {
  const double y = 1.0 + x;
  const double lost = (x - (y - 1.0)) / y;
  // adding (1 − √½)'s bits moves the split of the binade from 1 to √½, without a branch
  constexpr std::uint64_t sqrt_half_bits = 0x3FE6A09E667F3BCDULL;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(y);
  const std::int64_t exponent = static_cast<std::int64_t>(bits - sqrt_half_bits) >> 52;
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double series = 1.0 / 21.0;
  series = series * z + 1.0 / 19.0;
  series = series * z + 1.0 / 17.0;
  series = series * z + 1.0 / 15.0;
  series = series * z + 1.0 / 13.0;
  series = series * z + 1.0 / 11.0;
  series = series * z + 1.0 / 9.0;
  series = series * z + 1.0 / 7.0;
  series = series * z + 1.0 / 5.0;
  series = series * z + 1.0 / 3.0;
  series = series * z;
  const auto e = static_cast<double>(exponent);
  constexpr double ln2_high = 6.93147180369123816490e-01;  // last 20 bits zero: e·ln2_high is exact
  constexpr double ln2_low = 1.90821492927058770002e-10;
  return e * ln2_high + (2.0 * s + (2.0 * s * series + (e * ln2_low + lost)));
}

}  // namespace regent::cuda
