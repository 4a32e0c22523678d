#pragma once
// Random words and what is made of them, for one lane or several; every lane gets the bits that
// base/philox.hpp gives.
//
// philox(): Philox4x32-10 of counter (path, step, draw, purpose + path's upper bits · 2^8). In vector
// registers the even and the odd lanes are held apart as 64-bit numbers whose upper halves mean nothing: a
// round is then two products, two shifts and two three-way exclusive-ors, without any shuffle.
// unit(w) = ⌊w/2⌋·2^−31 + 2^−32, each rounded to float: in [2^−32, 1], relative resolution near 0.
// normals(w): Box, Muller (1958), of x and y and of z and w. Radius √(−2·ln unit(x)) <= 6.67; the upper two
// bits of y choose the quarter of the circle, the others the angle in it; Cephes' polynomials on ±π/4.

#include "base/philox.hpp"
#include "cuda/hmm/elementary_body.hpp"
#ifdef REGENT_INSTRUCTION_SET
#include "cuda/hmm/pack.hpp"
#endif

// On the GPU arrays live in registers only where loops over them are unrolled; on the CPU the first-level
// cache holds them.
#ifdef __CUDA_ARCH__
#define REGENT_PRAGMA(text) _Pragma(#text)
#define REGENT_UNROLL(count) REGENT_PRAGMA(unroll(count))
#else
#define REGENT_UNROLL(count)
#endif

namespace regent::cuda::scenario {

using hmm::any;
using hmm::fused;
using hmm::IndexOf;
using hmm::Lanes;
using hmm::MaskOf;
using hmm::maximum;
using hmm::select;
using hmm::square_root;

template <class R>
struct Words {
  IndexOf<R> x, y, z, w;
};

// The ten rounds' keys, and the same once for every lane of the widest register: the CPU reads them where it
// uses them.
struct RoundKeys {
  static constexpr int lanes = 16;
  struct Pair {
    std::uint32_t first, second;
  };
  alignas(8) Pair round[10];
  alignas(64) std::uint32_t first_by_lane[10][lanes], second_by_lane[10][lanes];
};

inline RoundKeys round_keys(std::uint64_t seed) {
  RoundKeys keys{};
  auto key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    keys.round[round] = {key0, key1};
    for (int lane = 0; lane < RoundKeys::lanes; ++lane) {
      keys.first_by_lane[round][lane] = key0;
      keys.second_by_lane[round][lane] = key1;
    }
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return keys;
}

// The path's number in two words; the upper one is shifted to stand beside a purpose.
template <class R>
struct PathNumber {
  IndexOf<R> low, high;
};

template <class R>
REGENT_BODY IndexOf<R> with_purpose(IndexOf<R> high, Purpose purpose) {
  return high | Lanes<R>::all_index(static_cast<std::uint32_t>(purpose));
}

// Both halves of a product of two words.
struct WordProduct {
  std::uint32_t low, high;
};
REGENT_BODY WordProduct product(std::uint32_t a, std::uint32_t b) {
#ifdef __CUDA_ARCH__
  // a shift of the 64-bit product would come out as an addition to its upper half
  WordProduct result;
  asm("{ .reg .b64 both; mul.wide.u32 both, %2, %3; mov.b64 {%0, %1}, both; }"
      : "=r"(result.low), "=r"(result.high)
      : "r"(a), "r"(b));
  return result;
#else
  const std::uint64_t both = static_cast<std::uint64_t>(a) * b;
  return {static_cast<std::uint32_t>(both), static_cast<std::uint32_t>(both >> 32)};
#endif
}

REGENT_BODY Words<float> philox(const RoundKeys& keys, PathNumber<float> path, std::uint32_t step,
                                std::uint32_t draw, Purpose purpose) {
  Words<float> c{path.low, step, draw, with_purpose<float>(path.high, purpose)};
  REGENT_UNROLL(10)
  for (int round = 0; round < 10; ++round) {
    const WordProduct p0 = product(0xD2511F53U, c.x), p1 = product(0xCD9E8D57U, c.z);
    const RoundKeys::Pair key = keys.round[round];
    c = {p1.high ^ c.y ^ key.first, p1.low, p0.high ^ c.w ^ key.second, p0.low};
  }
  return c;
}

REGENT_BODY float real_of_signed(std::uint32_t word) {
  return static_cast<float>(static_cast<std::int32_t>(word));
}
REGENT_BODY std::uint32_t index_of(float value) {
  return static_cast<std::uint32_t>(hmm::bits_of(value));
}
REGENT_BODY float real_with_bits(std::uint32_t bits) {
  return hmm::from_bits<float>(static_cast<std::int32_t>(bits));
}
REGENT_BODY std::uint32_t shifted_down(std::uint32_t word, int by) {
  return word >> by;
}
REGENT_BODY std::uint32_t shifted_up(std::uint32_t word, int by) {
  return word << by;
}
REGENT_BODY std::uint32_t exclusive_or(std::uint32_t a, std::uint32_t b) {
  return a ^ b;
}
REGENT_BODY std::uint32_t added(std::uint32_t a, std::uint32_t b) {
  return a + b;
}
REGENT_BODY std::uint32_t times(std::uint32_t a, std::uint32_t b) {
  return a * b;
}
REGENT_BODY std::uint32_t negated(std::uint32_t a) {
  return 0U - a;
}
REGENT_BODY bool has_top_bit(std::uint32_t word) {
  return word >> 31 != 0;
}
REGENT_BODY void store_lanes(float* to, float value) {
  *to = value;
}
// ⌊bits / 2^23⌋ as a signed number, and the bits without it
REGENT_BODY float octave_of(std::uint32_t bits, std::uint32_t& rest) {
  const std::int32_t octave = static_cast<std::int32_t>(bits) >> 23;
  rest = static_cast<std::uint32_t>(octave) << 23;
  return static_cast<float>(octave);
}
// table[index] of a table of `Entries`: 8, 16, or another number that need not be known
template <int Entries>
REGENT_BODY float lookup(const float* table, std::uint32_t index) {
  return table[index];
}
REGENT_BODY float gather(const float* table, std::uint32_t index) {
  return table[index];
}

#ifdef REGENT_INSTRUCTION_SET
namespace REGENT_INSTRUCTION_SET {

using Real = hmm::REGENT_INSTRUCTION_SET::Pack<float>;
using Index = hmm::REGENT_INSTRUCTION_SET::IndexPack<float>;
using Register = hmm::REGENT_INSTRUCTION_SET::Registers<float>;
typedef std::uint64_t Halves __attribute__((vector_size(hmm::REGENT_INSTRUCTION_SET::register_bytes)));

REGENT_BODY Halves product(Halves a, Halves b) {  // of the lower halves
#if defined(__AVX512F__)
  return (Halves)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Halves)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (Halves)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  constexpr std::uint64_t low = 0xffffffffU;
  return (a & low) * (b & low);
#endif
}
REGENT_BODY Halves upper(Halves a) {
#if defined(__AVX512F__)
  // a shuffle in the place of a shift, which would wait for the multiplier's port
  return (Halves)_mm512_shuffle_epi32((__m512i)a, _MM_PERM_DDBB);
#else
  return a >> 32;
#endif
}
// c: a register's worth.
REGENT_BODY Halves exclusive_or(Halves a, Halves b, const std::uint32_t* c) {
  Halves third;
  static_assert(sizeof third <= RoundKeys::lanes * sizeof *c);
  __builtin_memcpy(&third, c, sizeof third);
#if defined(__AVX512F__)
  return (Halves)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)b, (__m512i)third, 0x96);
#else
  return a ^ b ^ third;
#endif
}

struct Counter {
  Halves x, y, z, w;
};

REGENT_BODY Counter round_of(const Counter& c, const std::uint32_t* first, const std::uint32_t* second) {
  const Halves p0 = product(Halves{} + 0xD2511F53U, c.x), p1 = product(Halves{} + 0xCD9E8D57U, c.z);
  return {exclusive_or(upper(p1), c.y, first), p1, exclusive_or(upper(p0), c.w, second), p0};
}

// Both halves side by side: one alone would wait for its own products.
REGENT_BODY void rounds(Counter& even, Counter& odd, const RoundKeys& keys) {
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    even = round_of(even, keys.first_by_lane[round], keys.second_by_lane[round]);
    odd = round_of(odd, keys.first_by_lane[round], keys.second_by_lane[round]);
  }
}

REGENT_BODY Index interleaved(Halves even, Halves odd) {
#if defined(__AVX512F__)
  return {(Register::Unsigned)_mm512_mask_shuffle_epi32((__m512i)even, 0xaaaa, (__m512i)odd, _MM_PERM_CCAA)};
#else
  constexpr std::uint64_t low = 0xffffffffU;
  return {(Register::Unsigned)((even & low) | odd << 32)};
#endif
}

}  // namespace REGENT_INSTRUCTION_SET

REGENT_BODY Words<REGENT_INSTRUCTION_SET::Real> philox(const RoundKeys& keys,
                                                       PathNumber<REGENT_INSTRUCTION_SET::Real> path,
                                                       std::uint32_t step, std::uint32_t draw,
                                                       Purpose purpose) {
  using namespace REGENT_INSTRUCTION_SET;
  const auto low = (Halves)path.low.v;
  const auto word = (Halves)with_purpose<Real>(path.high, purpose).v;
  const Halves middle = Halves{} + step, third = Halves{} + draw;
  Counter even{low, middle, third, word}, odd{low >> 32, middle, third, word >> 32};
  rounds(even, odd, keys);
  return {interleaved(even.x, odd.x), interleaved(even.y, odd.y), interleaved(even.z, odd.z),
          interleaved(even.w, odd.w)};
}

REGENT_BODY REGENT_INSTRUCTION_SET::Real real_of_signed(REGENT_INSTRUCTION_SET::Index word) {
  using namespace REGENT_INSTRUCTION_SET;
  return {__builtin_convertvector((Register::Integer)word.v, Register::Real)};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Index index_of(REGENT_INSTRUCTION_SET::Real value) {
  return {(REGENT_INSTRUCTION_SET::Register::Unsigned)value.v};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Real real_with_bits(REGENT_INSTRUCTION_SET::Index bits) {
  return {(REGENT_INSTRUCTION_SET::Register::Real)bits.v};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Index shifted_down(REGENT_INSTRUCTION_SET::Index word, int by) {
  return {word.v >> by};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Index shifted_up(REGENT_INSTRUCTION_SET::Index word, int by) {
  return {word.v << by};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Index exclusive_or(REGENT_INSTRUCTION_SET::Index a,
                                                       REGENT_INSTRUCTION_SET::Index b) {
  return {a.v ^ b.v};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Index added(REGENT_INSTRUCTION_SET::Index a,
                                                REGENT_INSTRUCTION_SET::Index b) {
  return {a.v + b.v};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Index times(REGENT_INSTRUCTION_SET::Index a, std::uint32_t b) {
  return {a.v * b};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Index negated(REGENT_INSTRUCTION_SET::Index a) {
  return {0U - a.v};
}
REGENT_BODY void store_lanes(float* to, REGENT_INSTRUCTION_SET::Real value) {
  Lanes<REGENT_INSTRUCTION_SET::Real>::store(to, value);
}
REGENT_BODY MaskOf<REGENT_INSTRUCTION_SET::Real> has_top_bit(REGENT_INSTRUCTION_SET::Index word) {
#if defined(__AVX512F__)
  return {_mm512_movepi32_mask((__m512i)word.v)};
#else
  using namespace REGENT_INSTRUCTION_SET;
  return {(Register::Integer)word.v < Register::Integer{}};
#endif
}
REGENT_BODY REGENT_INSTRUCTION_SET::Real octave_of(REGENT_INSTRUCTION_SET::Index bits,
                                                   REGENT_INSTRUCTION_SET::Index& rest) {
  using namespace REGENT_INSTRUCTION_SET;
  const Register::Integer octave = (Register::Integer)bits.v >> 23;
  rest = {(Register::Unsigned)(octave << 23)};
  return {__builtin_convertvector(octave, Register::Real)};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Real gather(const float* table, REGENT_INSTRUCTION_SET::Index index) {
  using namespace REGENT_INSTRUCTION_SET;
#if defined(__AVX512F__)
  return {(Register::Real)_mm512_i32gather_ps((__m512i)index.v, table, 4)};
#elif defined(__AVX2__)
  return {(Register::Real)_mm256_i32gather_ps(table, (__m256i)index.v, 4)};
#else
  Real result;
  for (int i = 0; i < Register::width; ++i) result.v[i] = table[index.v[i]];
  return result;
#endif
}
// Permutations of registers: a gather takes many times as long.
template <int Entries>
REGENT_BODY REGENT_INSTRUCTION_SET::Real lookup(const float* table, REGENT_INSTRUCTION_SET::Index index) {
  using namespace REGENT_INSTRUCTION_SET;
#if defined(__AVX512F__)
  const auto at = (__m512i)index.v;
  if constexpr (Entries == 8) {
    return {(Register::Real)_mm512_permutexvar_ps(at, _mm512_castps256_ps512(_mm256_loadu_ps(table)))};
  } else if constexpr (Entries == 16) {
    return {(Register::Real)_mm512_permutexvar_ps(at, _mm512_loadu_ps(table))};
  } else if constexpr (Entries == 32) {
    return {(Register::Real)_mm512_permutex2var_ps(_mm512_loadu_ps(table), at, _mm512_loadu_ps(table + 16))};
  } else {
    return gather(table, index);
  }
#elif defined(__AVX2__)
  const auto at = (__m256i)index.v;
  if constexpr (Entries == 8) {
    return {(Register::Real)_mm256_permutevar8x32_ps(_mm256_loadu_ps(table), at)};
  } else if constexpr (Entries == 16) {
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), at);
    const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), at);
    return {(Register::Real)_mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(at, 28)))};
  } else {
    return gather(table, index);
  }
#else
  return gather(table, index);
#endif
}
#endif

template <class R>
REGENT_BODY R unit(IndexOf<R> word) {
  return fused(real_of_signed(shifted_down(word, 1)), Lanes<R>::all(0x1p-31F), Lanes<R>::all(0x1p-32F));
}

// Numbers that are worked on side by side: a single chain of operations waits for its own results most of the
// time.
template <class R>
struct Four {
  R v[4];
};
#if defined(__CUDA_ARCH__)
#define REGENT_EACH(j, count) _Pragma("unroll") for (int j = 0; j < (count); ++j)
#elif defined(__CUDACC__)  // its host pass knows neither pragma
#define REGENT_EACH(j, count) for (int j = 0; j < (count); ++j)
#else
// NOLINTNEXTLINE(bugprone-macro-parentheses): j is declared there
#define REGENT_EACH(j, count) _Pragma("GCC unroll 4") for (int j = 0; j < (count); ++j)
#endif

// √x of a zero, which stays as it is, or of x in [2^−24, 64).
template <class R>
REGENT_BODY R radius_root(R x) {
  return square_root(x);
}
#ifdef __CUDA_ARCH__
// The same bits: what the compiler makes of a square root, without the branch for other numbers.
template <>
REGENT_BODY float radius_root<float>(float x) {
  float inverse;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(fmaxf(x, 0x1p-126F)));
  const float root = x * inverse;
  return fused(fused(-root, root, x), inverse * 0.5F, root);
}
#endif

// The larger one; what a NaN among them gives is open.
template <class R>
REGENT_BODY R larger(R a, R b) {
  return maximum(a, b);
}
#ifdef __CUDA_ARCH__
template <>
REGENT_BODY float larger<float>(float a, float b) {
  return fmaxf(a, b);
}
#endif

// √(−2·ln unit(a)) and the same of b. The logarithm is Cephes' logf, its polynomial in Estrin's order.
template <class R>
REGENT_BODY void radii_of(IndexOf<R> a, IndexOf<R> b, R* radius) {
  const IndexOf<R> bits[2] = {index_of(unit<R>(a)), index_of(unit<R>(b))};
  R n[2], f[2], square[2], fourth[2], low[2], middle[2], high[2];
  REGENT_EACH(j, 2) {
    // u = 2^n·(1 + f) with 1 + f in [√½, √2): n is what is left above the bits of √½
    IndexOf<R> octaves;
    n[j] = octave_of(added(bits[j], Lanes<R>::all_index(0U - 0x3f3504f3U)), octaves);
    f[j] = real_with_bits(added(bits[j], negated(octaves))) - Lanes<R>::all(1.0F);
  }
  REGENT_EACH(j, 2) square[j] = f[j] * f[j];
  REGENT_EACH(j, 2) low[j] = fused(f[j], Lanes<R>::all(-2.4999993993E-1F), Lanes<R>::all(3.3333331174E-1F));
  REGENT_EACH(j, 2)
  middle[j] = fused(f[j], Lanes<R>::all(-1.6668057665E-1F), Lanes<R>::all(2.0000714765E-1F));
  REGENT_EACH(j, 2) high[j] = fused(f[j], Lanes<R>::all(-1.2420140846E-1F), Lanes<R>::all(1.4249322787E-1F));
  REGENT_EACH(j, 2)
  fourth[j] = fused(f[j], Lanes<R>::all(-1.1514610310E-1F), Lanes<R>::all(1.1676998740E-1F));
  REGENT_EACH(j, 2) fourth[j] = fused(square[j], Lanes<R>::all(7.0376836292E-2F), fourth[j]);
  REGENT_EACH(j, 2) low[j] = fused(square[j], middle[j], low[j]);
  REGENT_EACH(j, 2) high[j] = fused(square[j], fourth[j], high[j]);
  REGENT_EACH(j, 2) fourth[j] = square[j] * square[j];
  REGENT_EACH(j, 2) low[j] = fused(fourth[j], high[j], low[j]);
  REGENT_EACH(j, 2) high[j] = fused(n[j], Lanes<R>::all(-2.12194440e-4F), square[j] * Lanes<R>::all(-0.5F));
  REGENT_EACH(j, 2) high[j] = fused(f[j] * square[j], low[j], high[j]);
  REGENT_EACH(j, 2) high[j] = fused(n[j], Lanes<R>::all(0.693359375F), f[j] + high[j]);
  REGENT_EACH(j, 2) radius[j] = radius_root(Lanes<R>::all(-2.0F) * high[j]);
}

// Four standard normals of four words.
template <class R>
REGENT_BODY Four<R> normals(const Words<R>& words) {
  const IndexOf<R> place[2] = {words.y, words.w};
  R radius[2], angle[2], square[2], sine[2], cosine[2];
  radii_of<R>(words.x, words.z, radius);
  REGENT_EACH(j, 2)
  angle[j] = real_of_signed(shifted_up(place[j], 2)) * Lanes<R>::all(0.78539816339744831F * 0x1p-31F);
  REGENT_EACH(j, 2) square[j] = angle[j] * angle[j];
  REGENT_EACH(j, 2)
  sine[j] = fused(square[j], Lanes<R>::all(-1.9515295891E-4F), Lanes<R>::all(8.3321608736E-3F));
  REGENT_EACH(j, 2)
  cosine[j] = fused(square[j], Lanes<R>::all(2.443315711809948E-5F), Lanes<R>::all(-1.388731625493765E-3F));
  REGENT_EACH(j, 2) sine[j] = fused(sine[j], square[j], Lanes<R>::all(-1.6666654611E-1F));
  REGENT_EACH(j, 2) cosine[j] = fused(cosine[j], square[j], Lanes<R>::all(4.166664568298827E-2F));
  REGENT_EACH(j, 2) cosine[j] = fused(cosine[j], square[j], Lanes<R>::all(-0.5F));
  REGENT_EACH(j, 2) sine[j] = fused(sine[j] * square[j], angle[j], angle[j]);
  REGENT_EACH(j, 2) cosine[j] = fused(cosine[j], square[j], Lanes<R>::all(1.0F));
  Four<R> out;
  REGENT_EACH(j, 2) {
    const IndexOf<R> sign = shifted_up(place[j], 1) & Lanes<R>::all_index(0x80000000U);
    const R across = radius[j] * sine[j];
    const R along = real_with_bits(exclusive_or(index_of(radius[j] * cosine[j]), sign));
    const auto swapped = has_top_bit(place[j]);
    out.v[2 * j] = select(swapped, along, across);
    out.v[2 * j + 1] = select(swapped, across, along);
  }
  return out;
}

}  // namespace regent::cuda::scenario
