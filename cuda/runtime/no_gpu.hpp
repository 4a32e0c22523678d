#pragma once
// What the launchers of a build without CUDA do.

#include "base/error.hpp"

namespace regent::cuda {

// Resources holds no GPU there, so that nothing asks for one.
[[noreturn]] inline void no_gpu() {
  throw Error("this build has no CUDA, so no Resources may hold a GPU");
}

}  // namespace regent::cuda
