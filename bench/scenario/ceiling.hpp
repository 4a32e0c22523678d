#pragma once
// The least that a path costs: its random numbers. Per step five draws of Philox make the normals of four
// factors and sixteen assets.

#include <cstdint>

#include "bench/scenario/law.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::bench {

inline constexpr std::int64_t normals_per_path = std::int64_t{factors + assets} * steps;

// Makes them and adds them up, over all cores.
double normals_alone(const cuda::Resources& resources, std::int64_t paths, std::int64_t normals);

}  // namespace regent::bench
