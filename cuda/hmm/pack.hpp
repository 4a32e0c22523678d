#pragma once
// W lanes in vector registers (GCC vector extensions). Included only by lane kernels, which are compiled once
// per instruction set: everything here lives in the namespace of that set, so that the linker never mixes
// them.

#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "cuda/hmm/real.hpp"

#ifndef REGENT_INSTRUCTION_SET
#error "lane kernels are compiled with -DREGENT_INSTRUCTION_SET=<baseline|avx2|avx512>"
#endif

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {

#if defined(__AVX512F__)
inline constexpr int register_bytes = 64;
#elif defined(__AVX2__)
inline constexpr int register_bytes = 32;
#else
inline constexpr int register_bytes = 16;
#endif

template <class T>
struct Registers {
  static constexpr int width = register_bytes / static_cast<int>(sizeof(T));
  using Bits = typename Format<T>::Bits;
  using UnsignedBits = std::make_unsigned_t<Bits>;
  typedef T Real __attribute__((vector_size(register_bytes)));
  typedef Bits Integer __attribute__((vector_size(register_bytes)));
  typedef UnsignedBits Unsigned __attribute__((vector_size(register_bytes)));
};

template <class T>
struct PackMask {
  typename Registers<T>::Integer v;  // all ones or all zeros per lane
};

template <class T>
struct Pack {
  typename Registers<T>::Real v;
};

#define REGENT_PACK_OPERATOR(op)                          \
  template <class T>                                      \
  REGENT_BODY Pack<T> operator op(Pack<T> a, Pack<T> b) { \
    return {a.v op b.v};                                  \
  }
REGENT_PACK_OPERATOR(+)
REGENT_PACK_OPERATOR(-)
REGENT_PACK_OPERATOR(*)
REGENT_PACK_OPERATOR(/)
#undef REGENT_PACK_OPERATOR
#define REGENT_PACK_COMPARISON(op)                            \
  template <class T>                                          \
  REGENT_BODY PackMask<T> operator op(Pack<T> a, Pack<T> b) { \
    return {a.v op b.v};                                      \
  }
REGENT_PACK_COMPARISON(<)
REGENT_PACK_COMPARISON(==)
REGENT_PACK_COMPARISON(!=)
#undef REGENT_PACK_COMPARISON
template <class T>
REGENT_BODY PackMask<T> operator&&(PackMask<T> a, PackMask<T> b) {
  return {a.v & b.v};
}
template <class T>
REGENT_BODY PackMask<T> operator||(PackMask<T> a, PackMask<T> b) {
  return {a.v | b.v};
}
template <class T>
REGENT_BODY PackMask<T> operator!(PackMask<T> a) {
  return {~a.v};
}

template <class T>
REGENT_BODY Pack<T> select(PackMask<T> mask, Pack<T> a, Pack<T> b) {
  return {mask.v ? a.v : b.v};
}

REGENT_BODY Pack<float> fused(Pack<float> a, Pack<float> b, Pack<float> c) {
#if defined(__AVX512F__)
  return {(Registers<float>::Real)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v)};
#elif defined(__FMA__)
  return {(Registers<float>::Real)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v)};
#else
  Pack<float> result;
  for (int i = 0; i < Registers<float>::width; ++i) result.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return result;
#endif
}
REGENT_BODY Pack<double> fused(Pack<double> a, Pack<double> b, Pack<double> c) {
#if defined(__AVX512F__)
  return {(Registers<double>::Real)_mm512_fmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v)};
#elif defined(__FMA__)
  return {(Registers<double>::Real)_mm256_fmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v)};
#else
  Pack<double> result;
  for (int i = 0; i < Registers<double>::width; ++i) result.v[i] = __builtin_fma(a.v[i], b.v[i], c.v[i]);
  return result;
#endif
}
template <class T>
REGENT_BODY Pack<T> square_root(Pack<T> a) {
  Pack<T> result;
  for (int i = 0; i < Registers<T>::width; ++i) {
    if constexpr (sizeof(T) == 4) {
      result.v[i] = __builtin_sqrtf(a.v[i]);
    } else {
      result.v[i] = __builtin_sqrt(a.v[i]);
    }
  }
  return result;
}

template <class T>
REGENT_BODY bool any(PackMask<T> mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)mask.v, (__m512i)mask.v) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_epi8((__m256i)mask.v) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)mask.v) != 0;
#else
  bool result = false;
  for (int i = 0; i < Registers<T>::width; ++i) result |= mask.v[i] != 0;
  return result;
#endif
}

}  // namespace REGENT_INSTRUCTION_SET

template <class T>
struct RealTraits<REGENT_INSTRUCTION_SET::Pack<T>> {
  using Scalar = T;
  using Mask = REGENT_INSTRUCTION_SET::PackMask<T>;
};

template <class T>
struct Lanes<REGENT_INSTRUCTION_SET::Pack<T>> {
  using R = REGENT_INSTRUCTION_SET::Pack<T>;
  using Register = REGENT_INSTRUCTION_SET::Registers<T>;
  using F = Format<T>;
  static constexpr int width = Register::width;

  REGENT_BODY static R load(const T* from) {
    R result;
    __builtin_memcpy(&result.v, from, sizeof result.v);
    return result;
  }
  REGENT_BODY static void store(T* to, R value) { __builtin_memcpy(to, &value.v, sizeof value.v); }
  REGENT_BODY static R all(T value) { return {value - typename Register::Real{}}; }
  REGENT_BODY static void add_to(double* to, R value) {
    for (int i = 0; i < width; ++i) to[i] += static_cast<double>(value.v[i]);
  }
  REGENT_BODY static void store_double(double* to, R value) {
    for (int i = 0; i < width; ++i) to[i] = static_cast<double>(value.v[i]);
  }
  REGENT_BODY static R from_double(const double* from) {
    R result;
    for (int i = 0; i < width; ++i) result.v[i] = static_cast<T>(from[i]);
    return result;
  }
  REGENT_BODY static void store_bytes(std::uint8_t* to, R value) {
    for (int i = 0; i < width; ++i) to[i] = static_cast<std::uint8_t>(value.v[i]);
  }
  REGENT_BODY static R split(R x, R& mantissa) {
    const typename Register::Integer bits = (typename Register::Integer)x.v;
    mantissa.v = (typename Register::Real)((bits & F::fraction_mask) | F::one_bits);
    return {__builtin_convertvector((bits - F::one_bits) >> F::fraction_bits, typename Register::Real)};
  }
  REGENT_BODY static R inverse_power_of_two(R x) {
    const typename Register::Unsigned bits = (typename Register::Unsigned)x.v;
    using U = typename Register::UnsignedBits;
    return {(typename Register::Real)(U(2) * U(F::one_bits) - (bits & U(~F::fraction_mask)))};
  }
  REGENT_BODY static R scale(R p, R magic) {
    using Unsigned = typename Register::Unsigned;
    return {(typename Register::Real)((Unsigned)p.v + ((Unsigned)magic.v << F::fraction_bits))};
  }
};

}  // namespace regent::cuda::hmm
