#pragma once
// Many arrays sent to the device in one copy, from pinned memory; the memory stays for the next parcel. For
// .cu files only.

#include <span>

#include "base/error.hpp"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/parallel_copy.hpp"
#include "cuda/runtime/pinned_buffer.cuh"

namespace regent::cuda {

// A device or pinned buffer of at least `count`; what it held is lost where it grows.
template <class Buffer>
void grow(Buffer& buffer, std::size_t count) {
  if (buffer.size() >= count) return;
  buffer = Buffer();  // first, so that never both are there
  buffer = Buffer(count);
}

class Parcel {
 public:
  // Bytes that an array takes.
  template <class T>
  static std::size_t room(std::span<const T> array) {
    return (array.size_bytes() + alignment - 1) / alignment * alignment;
  }
  // Begins anew, with so much room. REQUIRES that the copy before has ended.
  void begin(std::size_t bytes) {
    grow(host_, bytes);
    grow(device_, bytes);
    used_ = 0;
  }
  // Where the array will lie on the device; none where it is empty.
  template <class T>
  const T* put(std::span<const T> array) {
    static_assert(alignof(T) <= alignment);
    if (array.empty()) return nullptr;
    const std::size_t at = used_;
    used_ += room(array);
    REGENT_INVARIANT(used_ <= host_.size(), "a parcel is too small");
    parallel_copy(host_.data() + at, array.data(), array.size_bytes());
    return reinterpret_cast<const T*>(device_.data() + at);
  }
  void send(cudaStream_t stream) const {
    if (used_ == 0) return;
    REGENT_CUDA_CHECK(cudaMemcpyAsync(device_.data(), host_.data(), used_, cudaMemcpyHostToDevice, stream));
  }

 private:
  static constexpr std::size_t alignment = 256;
  PinnedBuffer<char> host_;
  DeviceBuffer<char> device_;
  std::size_t used_ = 0;
};

}  // namespace regent::cuda
