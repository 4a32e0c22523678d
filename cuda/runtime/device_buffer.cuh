#pragma once
// Device memory that belongs to an object. For .cu files only.

#include <span>
#include <vector>

#include "cuda/runtime/owned_memory.cuh"

namespace regent::cuda {

struct DeviceMemory {
  static void take(void** at, std::size_t bytes) { REGENT_CUDA_CHECK(cudaMalloc(at, bytes)); }
  // a destructor cannot report; a sticky error appears at the next check
  static void give_back(void* at) { cudaFree(at); }
};

template <class T>
class DeviceBuffer : public OwnedMemory<T, DeviceMemory> {
 public:
  using OwnedMemory<T, DeviceMemory>::OwnedMemory;
  using OwnedMemory<T, DeviceMemory>::data;
  using OwnedMemory<T, DeviceMemory>::size;
  DeviceBuffer(std::span<const T> host, cudaStream_t stream) : DeviceBuffer(host.size()) {
    upload(host, stream);
  }

  // Both copies are ordered on the stream; `download` waits for it, so the host may read at once.
  void upload(std::span<const T> host, cudaStream_t stream) {
    if (host.size() != size()) throw Error("DeviceBuffer::upload: sizes differ");
    if (size() == 0) return;
    REGENT_CUDA_CHECK(
        cudaMemcpyAsync(data(), host.data(), host.size_bytes(), cudaMemcpyHostToDevice, stream));
  }
  void download(std::span<T> host, cudaStream_t stream) const {
    if (host.size() != size()) throw Error("DeviceBuffer::download: sizes differ");
    if (size() == 0) return;
    REGENT_CUDA_CHECK(
        cudaMemcpyAsync(host.data(), data(), host.size_bytes(), cudaMemcpyDeviceToHost, stream));
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream));
  }
  std::vector<T> to_host(cudaStream_t stream) const {
    std::vector<T> host(size());
    download(host, stream);
    return host;
  }
  void clear(cudaStream_t stream) {
    if (size() > 0) REGENT_CUDA_CHECK(cudaMemsetAsync(data(), 0, size() * sizeof(T), stream));
  }
};

}  // namespace regent::cuda
