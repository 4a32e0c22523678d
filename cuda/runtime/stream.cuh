#pragma once
// Streams and events that belong to objects. With a stream of its own, what several threads do on one device
// overlaps. For .cu files only.

#include <cuda_runtime.h>

#include "cuda/runtime/check.cuh"

namespace regent::cuda {

// A place in a stream's work.
class Event {
 public:
  Event() {
    REGENT_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming | cudaEventBlockingSync));
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }  // a destructor cannot report; see the next check
  void record(cudaStream_t stream) { REGENT_CUDA_CHECK(cudaEventRecord(event_, stream)); }
  // Until all is done that was asked of the stream before. The thread sleeps and leaves its core to others.
  void wait() { REGENT_CUDA_CHECK(cudaEventSynchronize(event_)); }

 private:
  cudaEvent_t event_ = nullptr;
};

class Stream {
 public:
  Stream() { REGENT_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }

  void wait() {
    reached_.record(stream_);
    reached_.wait();
  }

 private:
  Event reached_;
  cudaStream_t stream_ = nullptr;
};

}  // namespace regent::cuda
