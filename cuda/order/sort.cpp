#include "cuda/order/sort.hpp"

#include <tbb/parallel_sort.h>

namespace regent::cuda::order {

void sort_ascending(const Resources& resources, std::span<double> values) {
  if (resources.backend() == Backend::gpu) return sort_gpu(resources, values);
  tbb::parallel_sort(values.begin(), values.end());
}

}  // namespace regent::cuda::order
