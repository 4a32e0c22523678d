#pragma once
// What a lane kernel is called through: the one that was compiled for the CPU's instruction set.

#include "cuda/runtime/resources.hpp"

namespace regent::cuda {

// The functions themselves, since those of a wider set than the CPU's must not even be called.
template <class Function>
Function of_instruction_set(InstructionSet set, Function baseline, Function avx2, Function avx512) {
  return set == InstructionSet::avx512 ? avx512 : set == InstructionSet::avx2 ? avx2 : baseline;
}

}  // namespace regent::cuda
