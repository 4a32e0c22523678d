#pragma once
// Doubles beside floats, lane by lane: what is summed or multiplied over time is kept in these.

#include "cuda/scenario/words_body.hpp"

namespace regent::cuda::scenario {

template <class R>
struct WideOf;
template <>
struct WideOf<float> {
  using type = double;
};
template <class R>
using Wide = typename WideOf<R>::type;

REGENT_BODY double widened(float value) {
  return static_cast<double>(value);
}
REGENT_BODY float narrowed(double value) {
  return static_cast<float>(value);
}
REGENT_BODY double smaller(double a, double b) {
  return b < a ? b : a;
}
REGENT_BODY void store_wide(double* to, double value) {
  *to = value;
}
template <class R>
REGENT_BODY Wide<R> all_wide(double value);
template <>
REGENT_BODY double all_wide<float>(double value) {
  return value;
}

#ifdef REGENT_INSTRUCTION_SET
namespace REGENT_INSTRUCTION_SET {

using Doubles = hmm::REGENT_INSTRUCTION_SET::Registers<double>::Real;
typedef float HalfFloats __attribute__((vector_size(hmm::REGENT_INSTRUCTION_SET::register_bytes / 2)));

struct DoublePack {
  Doubles low, high;
};

REGENT_BODY DoublePack operator+(DoublePack a, DoublePack b) {
  return {a.low + b.low, a.high + b.high};
}
REGENT_BODY DoublePack operator*(DoublePack a, DoublePack b) {
  return {a.low * b.low, a.high * b.high};
}
REGENT_BODY DoublePack smaller(DoublePack a, DoublePack b) {
  return {b.low < a.low ? b.low : a.low, b.high < a.high ? b.high : a.high};
}
REGENT_BODY void store_wide(double* to, DoublePack value) {
  __builtin_memcpy(to, &value, sizeof value);
}

}  // namespace REGENT_INSTRUCTION_SET

template <>
struct WideOf<REGENT_INSTRUCTION_SET::Real> {
  using type = REGENT_INSTRUCTION_SET::DoublePack;
};
REGENT_BODY REGENT_INSTRUCTION_SET::DoublePack widened(REGENT_INSTRUCTION_SET::Real value) {
  using namespace REGENT_INSTRUCTION_SET;
  HalfFloats halves[2];
  __builtin_memcpy(halves, &value.v, sizeof halves);
  return {__builtin_convertvector(halves[0], Doubles), __builtin_convertvector(halves[1], Doubles)};
}
REGENT_BODY REGENT_INSTRUCTION_SET::Real narrowed(REGENT_INSTRUCTION_SET::DoublePack value) {
  using namespace REGENT_INSTRUCTION_SET;
  const HalfFloats halves[2] = {__builtin_convertvector(value.low, HalfFloats),
                                __builtin_convertvector(value.high, HalfFloats)};
  Real result;
  __builtin_memcpy(&result.v, halves, sizeof halves);
  return result;
}
template <>
REGENT_BODY REGENT_INSTRUCTION_SET::DoublePack all_wide<REGENT_INSTRUCTION_SET::Real>(double value) {
  using namespace REGENT_INSTRUCTION_SET;
  return {value + Doubles{}, value + Doubles{}};
}
#endif

}  // namespace regent::cuda::scenario
