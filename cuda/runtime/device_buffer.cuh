#pragma once
// Device memory that belongs to an object. For .cu files only.

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "cuda/runtime/check.cuh"

namespace regent::cuda {

template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t count) : count_(count) {
    if (count_ > 0) REGENT_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&data_), count_ * sizeof(T)));
  }
  DeviceBuffer(std::span<const T> host, cudaStream_t stream) : DeviceBuffer(host.size()) {
    upload(host, stream);
  }
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer(std::move(other)).swap(*this);
    return *this;
  }
  ~DeviceBuffer() {
    if (data_ != nullptr)
      cudaFree(data_);  // a destructor cannot report; a sticky error appears at the next check
  }

  T* data() const { return data_; }
  std::size_t size() const { return count_; }

  // Both copies are ordered on the stream; `download` waits for it, so the host may read at once.
  void upload(std::span<const T> host, cudaStream_t stream) {
    if (host.size() != count_) throw Error("DeviceBuffer::upload: sizes differ");
    if (count_ == 0) return;
    REGENT_CUDA_CHECK(cudaMemcpyAsync(data_, host.data(), host.size_bytes(), cudaMemcpyHostToDevice, stream));
  }
  void download(std::span<T> host, cudaStream_t stream) const {
    if (host.size() != count_) throw Error("DeviceBuffer::download: sizes differ");
    if (count_ == 0) return;
    REGENT_CUDA_CHECK(cudaMemcpyAsync(host.data(), data_, host.size_bytes(), cudaMemcpyDeviceToHost, stream));
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream));
  }
  std::vector<T> to_host(cudaStream_t stream) const {
    std::vector<T> host(count_);
    download(host, stream);
    return host;
  }
  void clear(cudaStream_t stream) {
    if (count_ > 0) REGENT_CUDA_CHECK(cudaMemsetAsync(data_, 0, count_ * sizeof(T), stream));
  }

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace regent::cuda
