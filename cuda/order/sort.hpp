#pragma once
// Ascending order of many numbers, for quantiles and risks of a sample: CUB on a GPU, oneTBB on the CPU.
// run_to_run and cpu_to_gpu: bitwise but for zeros of either sign, which may stand in any order.

#include <span>

#include "cuda/runtime/resources.hpp"

namespace regent::cuda::order {

// values: no NaN.
void sort_ascending(const Resources& resources, std::span<double> values);

// Internal: sort_gpu.cu, or sort_no_gpu.cpp in a build without CUDA.
void sort_gpu(const Resources& resources, std::span<double> values);

}  // namespace regent::cuda::order
