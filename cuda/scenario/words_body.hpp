#pragma once
// Random words and what is made of them, for one lane or several; every lane gets the bits that
// base/philox.hpp gives.
//
// philox(): Philox4x32-10 of counter (path, step, draw, purpose + path's upper bits · 2^8). In vector
// registers the even and the odd lanes are held apart as 64-bit numbers whose upper halves mean nothing: a
// round is then two products, two shifts and two three-way exclusive-ors, without any shuffle.
// unit(w) = (⌊w/2⌋ + ½)·2^−31 rounded to float: in [2^−32, 1], relative resolution near 0.
// normals(a, b): Box, Muller (1958). Radius √(−2·ln unit(a)) <= 6.67; the angle's upper two bits of b choose
// the quarter, the others the place in it; Cephes' polynomials for sine and cosine on ±π/4.

#include "base/philox.hpp"
#include "cuda/hmm/elementary_body.hpp"
#ifdef REGENT_INSTRUCTION_SET
#include "cuda/hmm/pack.hpp"
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

// The ten rounds' keys, each in the lower half of its number.
struct RoundKeys {
  std::uint64_t first[10], second[10];
};

inline RoundKeys round_keys(std::uint64_t seed) {
  RoundKeys keys{};
  auto key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    keys.first[round] = key0;
    keys.second[round] = key1;
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

REGENT_BODY Words<float> philox(const RoundKeys& keys, PathNumber<float> path, std::uint32_t step,
                                std::uint32_t draw, Purpose purpose) {
  const Philox4 bits =
      philox4x32_10({path.low, step, draw, with_purpose<float>(path.high, purpose)},
                    static_cast<std::uint32_t>(keys.first[0]), static_cast<std::uint32_t>(keys.second[0]));
  return {bits.x, bits.y, bits.z, bits.w};
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
// table[index]; tables of regimes have 16 or 32 entries
template <bool Wide>
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
REGENT_BODY Halves exclusive_or(Halves a, Halves b, std::uint64_t c) {
#if defined(__AVX512F__)
  return (Halves)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)b,
                                           _mm512_set1_epi64(static_cast<long long>(c)), 0x96);
#else
  return a ^ b ^ (Halves{} + c);
#endif
}

struct Counter {
  Halves x, y, z, w;
};

REGENT_BODY Counter rounds(Counter c, const RoundKeys& keys) {
  const Halves first = Halves{} + 0xD2511F53U, second = Halves{} + 0xCD9E8D57U;
  // unrolled by hand: g++ leaves loops of many vectors rolled at -O3, and each round ten moves the poorer
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Halves p0 = product(first, c.x), p1 = product(second, c.z);
    c = {exclusive_or(p1 >> 32, c.y, keys.first[round]), p1,
         exclusive_or(p0 >> 32, c.w, keys.second[round]), p0};
  }
  return c;
}

REGENT_BODY Index interleaved(Halves even, Halves odd) {
#if defined(__AVX512F__)
  return {(Register::Unsigned)_mm512_mask_shuffle_epi32((__m512i)even, 0xaaaa, (__m512i)odd,
                                                        _MM_PERM_CCAA)};
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
  const Counter even = rounds({low, middle, third, word}, keys);
  const Counter odd = rounds({low >> 32, middle, third, word >> 32}, keys);
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
template <bool Wide>
REGENT_BODY REGENT_INSTRUCTION_SET::Real lookup(const float* table, REGENT_INSTRUCTION_SET::Index index) {
#if defined(__AVX512F__)
  using namespace REGENT_INSTRUCTION_SET;
  const __m512 low = _mm512_loadu_ps(table);
  if constexpr (Wide) {
    return {(Register::Real)_mm512_permutex2var_ps(low, (__m512i)index.v, _mm512_loadu_ps(table + 16))};
  } else {
    return {(Register::Real)_mm512_permutexvar_ps((__m512i)index.v, low)};
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

template <class R>
struct Two {
  R first, second;
};

template <class R>
REGENT_BODY R radius_of(IndexOf<R> word) {
  const IndexOf<R> bits = index_of(unit<R>(word));
  // u = 2^n·m with m in [√½, √2): n is what is left above the bits of √½
  IndexOf<R> octaves;
  const R n = octave_of(added(bits, Lanes<R>::all_index(0U - 0x3f3504f3U)), octaves);
  const R mantissa = real_with_bits(added(bits, negated(octaves)));
  const R log = hmm::logarithm_polynomial(mantissa - Lanes<R>::all(1.0F), n, float{});
  return square_root(Lanes<R>::all(-2.0F) * log);
}

template <class R>
REGENT_BODY Two<R> normals(IndexOf<R> a, IndexOf<R> b) {
  const R radius = radius_of<R>(a);
  const R angle = real_of_signed(shifted_up(b, 2)) * Lanes<R>::all(0.78539816339744831F * 0x1p-31F);
  const R square = angle * angle;
  R sine = fused(square, Lanes<R>::all(-1.9515295891E-4F), Lanes<R>::all(8.3321608736E-3F));
  sine = fused(sine, square, Lanes<R>::all(-1.6666654611E-1F));
  sine = fused(sine * square, angle, angle);
  R cosine = fused(square, Lanes<R>::all(2.443315711809948E-5F), Lanes<R>::all(-1.388731625493765E-3F));
  cosine = fused(cosine, square, Lanes<R>::all(4.166664568298827E-2F));
  cosine = fused(cosine, square, Lanes<R>::all(-0.5F));
  cosine = fused(cosine, square, Lanes<R>::all(1.0F));
  const IndexOf<R> sign = shifted_up(b, 1) & Lanes<R>::all_index(0x80000000U);
  const R across = radius * sine, along = real_with_bits(exclusive_or(index_of(radius * cosine), sign));
  const auto swapped = has_top_bit(b);
  return {select(swapped, along, across), select(swapped, across, along)};
}

}  // namespace regent::cuda::scenario
