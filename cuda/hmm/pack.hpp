#pragma once
// W lanes in vector registers (GCC vector extensions). Included only by lane kernels, which are compiled once
// per instruction set: everything here lives in the namespace of that set, so that the linker never mixes
// them.

#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
// g++ 12 takes its own header's undefined operands for a mistake (its bug 105593)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
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

#if defined(__AVX512F__)
template <class T>
struct PackMask {  // one bit per lane
  std::conditional_t<sizeof(T) == 4, __mmask16, __mmask8> v;
};
#else
template <class T>
struct PackMask {
  typename Registers<T>::Integer v;  // all ones or all zeros per lane
};
#endif

template <class T>
struct Pack {
  typename Registers<T>::Real v;
};

template <class T>
struct IndexPack {
  typename Registers<T>::Unsigned v;
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
#if defined(__AVX512F__)
#define REGENT_PACK_COMPARISON(op, predicate)                                \
  REGENT_BODY PackMask<float> operator op(Pack<float> a, Pack<float> b) {    \
    return {_mm512_cmp_ps_mask((__m512)a.v, (__m512)b.v, predicate)};        \
  }                                                                          \
  REGENT_BODY PackMask<double> operator op(Pack<double> a, Pack<double> b) { \
    return {_mm512_cmp_pd_mask((__m512d)a.v, (__m512d)b.v, predicate)};      \
  }
#else
#define REGENT_PACK_COMPARISON(op, predicate)                 \
  template <class T>                                          \
  REGENT_BODY PackMask<T> operator op(Pack<T> a, Pack<T> b) { \
    return {a.v op b.v};                                      \
  }
#endif
REGENT_PACK_COMPARISON(<, _CMP_LT_OQ)
REGENT_PACK_COMPARISON(==, _CMP_EQ_OQ)
REGENT_PACK_COMPARISON(!=, _CMP_NEQ_UQ)
#undef REGENT_PACK_COMPARISON
template <class T>
REGENT_BODY PackMask<T> operator&&(PackMask<T> a, PackMask<T> b) {
  return {static_cast<decltype(a.v)>(a.v & b.v)};
}
template <class T>
REGENT_BODY PackMask<T> operator||(PackMask<T> a, PackMask<T> b) {
  return {static_cast<decltype(a.v)>(a.v | b.v)};
}
template <class T>
REGENT_BODY PackMask<T> operator!(PackMask<T> a) {
  return {static_cast<decltype(a.v)>(~a.v)};
}

#if defined(__AVX512F__)
REGENT_BODY Pack<float> select(PackMask<float> mask, Pack<float> a, Pack<float> b) {
  return {(Registers<float>::Real)_mm512_mask_blend_ps(mask.v, (__m512)b.v, (__m512)a.v)};
}
REGENT_BODY Pack<double> select(PackMask<double> mask, Pack<double> a, Pack<double> b) {
  return {(Registers<double>::Real)_mm512_mask_blend_pd(mask.v, (__m512d)b.v, (__m512d)a.v)};
}
REGENT_BODY IndexPack<float> select(PackMask<float> mask, IndexPack<float> a, IndexPack<float> b) {
  return {(Registers<float>::Unsigned)_mm512_mask_blend_epi32(mask.v, (__m512i)b.v, (__m512i)a.v)};
}
REGENT_BODY IndexPack<double> select(PackMask<double> mask, IndexPack<double> a, IndexPack<double> b) {
  return {(Registers<double>::Unsigned)_mm512_mask_blend_epi64(mask.v, (__m512i)b.v, (__m512i)a.v)};
}
#else
template <class T>
REGENT_BODY Pack<T> select(PackMask<T> mask, Pack<T> a, Pack<T> b) {
  return {mask.v ? a.v : b.v};
}
template <class T>
REGENT_BODY IndexPack<T> select(PackMask<T> mask, IndexPack<T> a, IndexPack<T> b) {
  return {mask.v ? a.v : b.v};
}
#endif

// maxps keeps its second operand where either is NaN, and where both are equal: the rule of maximum() below.
#if defined(__AVX512F__)
REGENT_BODY Pack<float> maximum(Pack<float> a, Pack<float> b) {
  return {(Registers<float>::Real)_mm512_max_ps((__m512)b.v, (__m512)a.v)};
}
REGENT_BODY Pack<double> maximum(Pack<double> a, Pack<double> b) {
  return {(Registers<double>::Real)_mm512_max_pd((__m512d)b.v, (__m512d)a.v)};
}
#elif defined(__AVX2__)
REGENT_BODY Pack<float> maximum(Pack<float> a, Pack<float> b) {
  return {(Registers<float>::Real)_mm256_max_ps((__m256)b.v, (__m256)a.v)};
}
REGENT_BODY Pack<double> maximum(Pack<double> a, Pack<double> b) {
  return {(Registers<double>::Real)_mm256_max_pd((__m256d)b.v, (__m256d)a.v)};
}
#endif

#if defined(__AVX512F__)
REGENT_BODY PackMask<float> operator<(IndexPack<float> a, IndexPack<float> b) {
  return {_mm512_cmplt_epu32_mask((__m512i)a.v, (__m512i)b.v)};
}
REGENT_BODY PackMask<double> operator<(IndexPack<double> a, IndexPack<double> b) {
  return {_mm512_cmplt_epu64_mask((__m512i)a.v, (__m512i)b.v)};
}
#else
template <class T>
REGENT_BODY PackMask<T> operator<(IndexPack<T> a, IndexPack<T> b) {
  return {(typename Registers<T>::Integer)(a.v < b.v)};
}
#endif
template <class T>
REGENT_BODY IndexPack<T> operator|(IndexPack<T> a, IndexPack<T> b) {
  return {a.v | b.v};
}
template <class T>
REGENT_BODY IndexPack<T> operator&(IndexPack<T> a, IndexPack<T> b) {
  return {a.v & b.v};
}
template <class T>
REGENT_BODY IndexPack<T> operator>>(IndexPack<T> a, IndexPack<T> by) {
  return {a.v >> by.v};
}
template <class T>
REGENT_BODY IndexPack<T> operator<<(IndexPack<T> a, int by) {
  return {a.v << by};
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
REGENT_BODY Pack<float> fused_minus(Pack<float> a, Pack<float> b, Pack<float> c) {
#if defined(__AVX512F__)
  return {(Registers<float>::Real)_mm512_fnmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v)};
#elif defined(__FMA__)
  return {(Registers<float>::Real)_mm256_fnmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v)};
#else
  return fused({-a.v}, b, c);
#endif
}
REGENT_BODY Pack<double> fused_minus(Pack<double> a, Pack<double> b, Pack<double> c) {
#if defined(__AVX512F__)
  return {(Registers<double>::Real)_mm512_fnmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v)};
#elif defined(__FMA__)
  return {(Registers<double>::Real)_mm256_fnmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v)};
#else
  return fused({-a.v}, b, c);
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
  return mask.v != 0;
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
  using Index = REGENT_INSTRUCTION_SET::IndexPack<T>;
  using IndexScalar = typename REGENT_INSTRUCTION_SET::Registers<T>::UnsignedBits;
};

template <class T>
struct Lanes<REGENT_INSTRUCTION_SET::Pack<T>> {
  using R = REGENT_INSTRUCTION_SET::Pack<T>;
  using Register = REGENT_INSTRUCTION_SET::Registers<T>;
  using F = Format<T>;
  static constexpr int width = Register::width;
  static constexpr int registers = sizeof(typename Register::Real) == 64 ? 32 : 16;
  static constexpr int bars_at_once = registers / 4;  // a bar keeps up to four values
#ifdef REGENT_ROLLED_LOOPS
  static constexpr bool fixed_shapes = false;
#else
  static constexpr bool fixed_shapes =
      sizeof(typename Register::Real) >= 32;  // without FMA the products are what takes time
#endif

  REGENT_BODY static R load(const T* from) {
    R result;
    __builtin_memcpy(&result.v, from, sizeof result.v);
    return result;
  }
  REGENT_BODY static void store(T* to, R value) {
    __builtin_memcpy(to, &value.v, sizeof value.v);
  }
  REGENT_BODY static R all(T value) {
    return {value - typename Register::Real{}};
  }
  REGENT_BODY static void add_to(double* to, R value) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
      const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256((__m512)value.v));
      const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)value.v, 1));
      _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), low));
      _mm512_storeu_pd(to + 8, _mm512_add_pd(_mm512_loadu_pd(to + 8), high));
      return;
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4) {
      const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128((__m256)value.v));
      const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps((__m256)value.v, 1));
      _mm256_storeu_pd(to, _mm256_add_pd(_mm256_loadu_pd(to), low));
      _mm256_storeu_pd(to + 4, _mm256_add_pd(_mm256_loadu_pd(to + 4), high));
      return;
    }
#endif
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

  using Index = REGENT_INSTRUCTION_SET::IndexPack<T>;
  using IndexScalar = typename Register::UnsignedBits;
  REGENT_BODY static Index all_index(IndexScalar value) {
    return {value + typename Register::Unsigned{}};
  }
  REGENT_BODY static Index load_index(const IndexScalar* from) {
    Index result;
    __builtin_memcpy(&result.v, from, sizeof result.v);
    return result;
  }
  REGENT_BODY static void store_index(IndexScalar* to, Index value) {
    __builtin_memcpy(to, &value.v, sizeof value.v);
  }
  REGENT_BODY static void store_bytes(std::uint8_t* to, Index value) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
      const __m128i bytes = _mm512_cvtepi32_epi8((__m512i)value.v);
      __builtin_memcpy(to, &bytes, sizeof bytes);
    } else {
      const __m128i bytes = _mm512_cvtepi64_epi8((__m512i)value.v);
      __builtin_memcpy(to, &bytes, 8);
    }
#else
    for (int i = 0; i < width; ++i) to[i] = static_cast<std::uint8_t>(value.v[i]);
#endif
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
#if defined(__AVX512F__)
    const R n = magic - all(F::round_magic);
    if constexpr (sizeof(T) == 4) {
      return {(typename Register::Real)_mm512_scalef_ps((__m512)p.v, (__m512)n.v)};
    } else {
      return {(typename Register::Real)_mm512_scalef_pd((__m512d)p.v, (__m512d)n.v)};
    }
#else
    using Unsigned = typename Register::Unsigned;
    const R scaled = {(typename Register::Real)((Unsigned)p.v + ((Unsigned)magic.v << F::fraction_bits))};
    return select(p != p, p, scaled);
#endif
  }
  REGENT_BODY static R half_power(R y, R& fraction) {
    const R magic = y + all(F::power_magic);
    fraction = y - (magic - all(F::power_magic));
    return {(typename Register::Real)((typename Register::Unsigned)magic.v << F::fraction_bits)};
  }
};

}  // namespace regent::cuda::hmm
