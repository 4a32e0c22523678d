#pragma once
// The engine against closed forms, at as many paths as one likes.

#include <cstdint>

#include "cuda/runtime/resources.hpp"

namespace regent::bench {

// Prints a line per answer: estimate, answer, distance in standard errors. False when one is farther than 3.
bool check_known_answers(const cuda::Resources& resources, std::int64_t paths);

}  // namespace regent::bench
