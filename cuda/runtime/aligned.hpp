#pragma once
// Memory for lanes: it begins at a cache line, so that no register of lanes spans two.

#include <tbb/cache_aligned_allocator.h>

#include <vector>

namespace regent::cuda {

template <class T>
using Aligned = std::vector<T, tbb::cache_aligned_allocator<T>>;

}  // namespace regent::cuda
