#pragma once
// A stream that belongs to an object, so that what several threads do on one device overlaps. For .cu files
// only.

#include <cuda_runtime.h>

#include "cuda/runtime/check.cuh"

namespace regent::cuda {

class Stream {
 public:
  Stream() {
    REGENT_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    const cudaError_t code =
        cudaEventCreateWithFlags(&reached_, cudaEventDisableTiming | cudaEventBlockingSync);
    if (code != cudaSuccess) cudaStreamDestroy(stream_);
    REGENT_CUDA_CHECK(code);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    cudaEventDestroy(reached_);  // a destructor cannot report; a sticky error appears at the next check
    cudaStreamDestroy(stream_);
  }
  operator cudaStream_t() const { return stream_; }

  // Until all that was asked of it is done. The thread sleeps and leaves its core to others.
  void wait() {
    REGENT_CUDA_CHECK(cudaEventRecord(reached_, stream_));
    REGENT_CUDA_CHECK(cudaEventSynchronize(reached_));
  }

 private:
  cudaStream_t stream_ = nullptr;
  cudaEvent_t reached_ = nullptr;
};

}  // namespace regent::cuda
