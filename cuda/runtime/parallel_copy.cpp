#include "cuda/runtime/parallel_copy.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <cstring>

namespace regent::cuda {

void parallel_copy(void* to, const void* from, std::size_t bytes) {
  constexpr std::size_t piece_bytes = std::size_t{128} << 10;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, bytes, piece_bytes),
                    [&](const tbb::blocked_range<std::size_t>& range) {
                      std::memcpy(static_cast<char*>(to) + range.begin(),
                                  static_cast<const char*>(from) + range.begin(), range.size());
                    });
}

}  // namespace regent::cuda
