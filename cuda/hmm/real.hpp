#pragma once
// The few operations that the bodies below ask of a real number. R is float or double (one lane: the GPU,
// scalar code) or Pack<…> (pack.hpp: several lanes in vector registers). Every operation acts on each lane
// alone and rounds like IEEE 754, so one lane's result is the same bits with every R of the same precision,
// on either device.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

// BODY: always inlined. COLD: rare, kept out of line. SERIES: a loop over bars, on the CPU a function of its
// own; it works on copies of its state, which the compiler can keep in registers.
#ifdef __CUDACC__
#define REGENT_BODY __host__ __device__ __forceinline__
#define REGENT_COLD_BODY __host__ __device__ __noinline__
#define REGENT_SERIES_BODY __host__ __device__ __forceinline__
#else
#define REGENT_BODY [[gnu::always_inline]] inline
#define REGENT_COLD_BODY [[gnu::noinline, gnu::cold]]
#define REGENT_SERIES_BODY [[gnu::noinline]]
#endif

// Before a loop without stores: what a GPU's thread reads of four rounds is then on its way at the same time.
#ifdef __CUDA_ARCH__
#define REGENT_FOUR_AT_ONCE _Pragma("unroll 4")
#else
#define REGENT_FOUR_AT_ONCE
#endif
// Before a short loop of the CPU's: two rounds at a time; and none unrolled, so that it becomes vectors.
#ifdef __CUDACC__
#define REGENT_TWO_AT_ONCE
#define REGENT_AS_VECTORS
#else
#define REGENT_TWO_AT_ONCE _Pragma("GCC unroll 2")
#define REGENT_AS_VECTORS _Pragma("GCC unroll 1")
#endif

namespace regent::cuda::hmm {

// Before every bar and state on the GPU: the compiler must not carry a lane's parameters along in registers,
// of which it would need more than there are. They come from the L1 cache.
REGENT_BODY void read_parameters_again() {
#ifdef __CUDA_ARCH__
  asm volatile("" ::: "memory");
#endif
}

template <class R>
struct RealTraits;  // Scalar, Mask, Index (as many bits per lane as a Scalar has), IndexScalar

template <>
struct RealTraits<float> {
  using Scalar = float;
  using Mask = bool;
  using Index = std::uint32_t;
  using IndexScalar = std::uint32_t;
};
template <>
struct RealTraits<double> {
  using Scalar = double;
  using Mask = bool;
  using Index = std::uint64_t;
  using IndexScalar = std::uint64_t;
};

template <class R>
using ScalarOf = typename RealTraits<R>::Scalar;
template <class R>
using MaskOf = typename RealTraits<R>::Mask;
template <class R>
using IndexOf = typename RealTraits<R>::Index;
template <class R>
using IndexScalarOf = typename RealTraits<R>::IndexScalar;

// Constants of the number format.
template <class T>
struct Format;
template <>
struct Format<float> {
  using Bits = std::int32_t;
  static constexpr int fraction_bits = 23;
  static constexpr Bits one_bits = 0x3f800000;
  static constexpr Bits fraction_mask = 0x007fffff;
  static constexpr float round_magic =
      12582912.0F;  // 1.5·2^23: adding it rounds to an integer in the low bits
  static constexpr float smallest_normal = 1.17549435e-38F;
  static constexpr float lowest_exponent = -126;
  // less the lowest exponent: of the lowest integer no bits are left then; even, so that ties stay ties
  static constexpr float power_magic = round_magic - lowest_exponent;
};
template <>
struct Format<double> {
  using Bits = std::int64_t;
  static constexpr int fraction_bits = 52;
  static constexpr Bits one_bits = 0x3ff0000000000000;
  static constexpr Bits fraction_mask = 0x000fffffffffffff;
  static constexpr double round_magic = 6755399441055744.0;  // 1.5·2^52
  static constexpr double smallest_normal = 2.2250738585072014e-308;
  static constexpr double lowest_exponent = -1022;
  static constexpr double power_magic = round_magic - lowest_exponent;
};

template <class T>
REGENT_BODY typename Format<T>::Bits bits_of(T value) {
  typename Format<T>::Bits bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
template <class T>
REGENT_BODY T from_bits(typename Format<T>::Bits bits) {
  T value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

REGENT_BODY float fused(float a, float b, float c) {
  return fmaf(a, b, c);
}  // a·b + c, rounded once
REGENT_BODY double fused(double a, double b, double c) {
  return fma(a, b, c);
}
REGENT_BODY float fused_minus(float a, float b, float c) {
  return fmaf(-a, b, c);
}  // c − a·b, rounded once
REGENT_BODY double fused_minus(double a, double b, double c) {
  return fma(-a, b, c);
}
REGENT_BODY float square_root(float a) {
  return sqrtf(a);
}
REGENT_BODY double square_root(double a) {
  return sqrt(a);
}
REGENT_BODY float select(bool mask, float a, float b) {
  return mask ? a : b;
}
REGENT_BODY double select(bool mask, double a, double b) {
  return mask ? a : b;
}
REGENT_BODY std::uint32_t select(bool mask, std::uint32_t a, std::uint32_t b) {
  return mask ? a : b;
}
REGENT_BODY std::uint64_t select(bool mask, std::uint64_t a, std::uint64_t b) {
  return mask ? a : b;
}
REGENT_BODY bool any(bool mask) {
  return mask;
}

template <class R>
struct Lanes {  // loads, stores and broadcasts; specialised for Pack
  REGENT_BODY static R load(const R* from) { return *from; }
  REGENT_BODY static void store(R* to, R value) { *to = value; }
  REGENT_BODY static R all(R value) { return value; }
  REGENT_BODY static void add_to(double* to, R value) { *to += static_cast<double>(value); }
  REGENT_BODY static void store_double(double* to, R value) { *to = static_cast<double>(value); }
  REGENT_BODY static R from_double(const double* from) { return static_cast<R>(*from); }
  using Index = IndexOf<R>;
  REGENT_BODY static Index all_index(Index value) { return value; }
  REGENT_BODY static Index load_index(const Index* from) { return *from; }
  REGENT_BODY static void store_index(Index* to, Index value) { *to = value; }
  REGENT_BODY static void store_bytes(std::uint8_t* to, Index value) {
    *to = static_cast<std::uint8_t>(value);
  }
  static constexpr int width = 1;
  static constexpr int bars_at_once = 1;       // independent ones, to hide latency; a GPU has other warps
  static constexpr bool fixed_shapes = false;  // whether passes over bars are compiled for common shapes
  // mantissa in [1, 2) and unbiased exponent of a positive normal x
  REGENT_BODY static R split(R x, R& mantissa);
  // 1 / 2^exponent(x) for a positive normal x: an exact power of two
  REGENT_BODY static R inverse_power_of_two(R x);
  // p · 2^n where `magic` is round_magic + n; p and the result are normal, or p is NaN and stays so
  REGENT_BODY static R scale(R p, R magic);
  // 2^(n − 1) where n is the integer nearest to y, and y − n, which is exact; n is between the lowest
  // exponent, where the power is 0, and the largest
  REGENT_BODY static R half_power(R y, R& fraction);
};

template <class R>
REGENT_BODY R Lanes<R>::split(R x, R& mantissa) {
  using F = Format<R>;
  const typename F::Bits bits = bits_of(x);
  mantissa = from_bits<R>((bits & F::fraction_mask) | F::one_bits);
  return static_cast<R>((bits - F::one_bits) >> F::fraction_bits);
}
template <class R>
REGENT_BODY R Lanes<R>::inverse_power_of_two(R x) {
  using F = Format<R>;
  // 2^(2·bias − e): the exponent field mirrored about the bias, the fraction cleared
  return from_bits<R>(2 * F::one_bits - (bits_of(x) & ~F::fraction_mask));
}
template <class R>
REGENT_BODY R Lanes<R>::scale(R p, R magic) {
  using F = Format<R>;
  using Unsigned = std::make_unsigned_t<typename F::Bits>;
  const Unsigned shifted = static_cast<Unsigned>(bits_of(magic)) << F::fraction_bits;
  const R scaled = from_bits<R>(static_cast<typename F::Bits>(static_cast<Unsigned>(bits_of(p)) + shifted));
  return select(p != p, p, scaled);
}

template <class R>
REGENT_BODY R Lanes<R>::half_power(R y, R& fraction) {
  using F = Format<R>;
  using Unsigned = std::make_unsigned_t<typename F::Bits>;
  const R magic = y + F::power_magic;
  fraction = y - (magic - F::power_magic);
  return from_bits<R>(
      static_cast<typename F::Bits>(static_cast<Unsigned>(bits_of(magic)) << F::fraction_bits));
}

template <class R>
REGENT_BODY R maximum(R a, R b) {  // b where a < b, else a; a NaN in a stays
  return select(a < b, b, a);
}

}  // namespace regent::cuda::hmm
