#pragma once
// What the sweep asks of masks beyond pack.hpp. A mask of one lane is a bool.

#include "cuda/hmm/real.hpp"

#ifdef REGENT_INSTRUCTION_SET
#include "cuda/hmm/pack.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {

template <class T>
REGENT_BODY PackMask<T> operator^(PackMask<T> a, PackMask<T> b) {
  return {static_cast<decltype(a.v)>(a.v ^ b.v)};
}

// Bit i: lane i.
REGENT_BODY unsigned lane_bits(PackMask<float> mask) {
#if defined(__AVX512F__)
  return mask.v;
#elif defined(__AVX2__)
  return static_cast<unsigned>(_mm256_movemask_ps((__m256)mask.v));
#elif defined(__SSE2__)
  return static_cast<unsigned>(_mm_movemask_ps((__m128)mask.v));
#else
  unsigned bits = 0;
  for (int i = 0; i < Registers<float>::width; ++i) bits |= (mask.v[i] != 0 ? 1U : 0U) << i;
  return bits;
#endif
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
#endif

namespace regent::cuda::sweep {

REGENT_BODY unsigned lane_bits(bool mask) {
  return mask ? 1U : 0U;
}

REGENT_BODY int lowest_bit(unsigned bits) {
#ifdef __CUDA_ARCH__
  return __ffs(static_cast<int>(bits)) - 1;
#else
  return __builtin_ctz(bits);
#endif
}

}  // namespace regent::cuda::sweep
