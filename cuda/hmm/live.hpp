#pragma once
// One bar for thousands of lanes at once: the compute layer of a live filter.

#include <memory>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

REGENT_HD constexpr int live_state_rows(int states) {
  return states + 5;  // LiveLayout in live_body.hpp
}

template <class T>
struct LiveJob {
  ShapeNumbers shape;
  EmissionLaw law = EmissionLaw::gaussian;
  int lanes = 0;
  const T* parameters = nullptr;  // [blocks, parameters, 32]
  // what the CPU makes of them once for every group of lanes: [blocks, prepared_rows, 32] in all
  const T* prepared = nullptr;
  const double* centre = nullptr;  // [blocks, dimension, 32]: a feature enters as (value − centre)/scale,
  const double* scale = nullptr;   // within ±limit
  double limit = 0;
  const double* bars = nullptr;     // [lanes, dimension], NaN: missing
  T* state = nullptr;               // [blocks, live_state_rows, 32]; all zero before the first bar
  double* totals = nullptr;         // [blocks, 2, 32]: shift and exponent of the log-likelihood
  std::int64_t* present = nullptr;  // [blocks, dimension, 32]: values seen of each feature
  T* posteriors = nullptr;          // [lanes, states]
  T* macro_posteriors = nullptr;    // [lanes, macros]
};

// Where the job's memory lies: the host's for the CPU. All pointers but `bars` and the posteriors are kept
// between calls.
template <class T>
void live_cpu(const Resources& resources, const LiveJob<T>& job);
// Fills `prepared`, before the first bar.
template <class T>
void prepare_live_cpu(const Resources& resources, const LiveJob<T>& job, T* prepared);

// The device's copy: parameters and state stay there; the posteriors, which begin as those of `host`, lie in
// host memory that the device writes.
template <class T>
class LiveDevice {
 public:
  virtual ~LiveDevice() = default;
  virtual void update(const double* bars) = 0;  // as in LiveJob
  virtual T* posteriors() const = 0;            // as in LiveJob, after the last update
  virtual T* macro_posteriors() const = 0;
  virtual void fetch(T* state, double* totals, std::int64_t* present) const = 0;  // as in LiveJob
  virtual void put(const T* state, const double* totals, const std::int64_t* present) = 0;
};
template <class T>
std::unique_ptr<LiveDevice<T>> live_gpu(const Resources& resources, const LiveJob<T>& host);

// The lane kernels of one instruction set, `width` lanes each.
template <class T>
struct LiveKernels {
  int width;
  void (*prepare)(const LiveJob<T>& job, int group, T* prepared);
  void (*update)(const LiveJob<T>& job, int group);
};
#define REGENT_DECLARE_LIVE_KERNELS(set)            \
  namespace set {                                   \
  const LiveKernels<float>& live_float_kernels();   \
  const LiveKernels<double>& live_double_kernels(); \
  }
REGENT_DECLARE_LIVE_KERNELS(baseline)
REGENT_DECLARE_LIVE_KERNELS(avx2)
REGENT_DECLARE_LIVE_KERNELS(avx512)
#undef REGENT_DECLARE_LIVE_KERNELS

}  // namespace regent::cuda::hmm
