#include <algorithm>

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/lane_kernels.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T>
class CpuExpectation : public ExpectationBackend<T> {
 public:
  CpuExpectation(const Resources& resources, const BatchView<T>& batch)
      : kernels_(lane_kernels<T>(resources.instruction_set(), batch.law)),
        segment_(segment_within(batch, kernels_.width, segment_bytes)),
        size_(expectation_workspace_rows(batch, segment_) * kernels_.width) {}

  void run(const ExpectationJob<T>& asked) override {
    ExpectationJob<T> job = asked;
    job.segment = segment_;
    for_each_group<T>(job.batch.lanes, kernels_.width, [&](int group) {
      const std::uint8_t* first = job.active + static_cast<std::ptrdiff_t>(group) * kernels_.width;
      const std::uint8_t* last = job.active + std::min(job.batch.lanes, (group + 1) * kernels_.width);
      if (std::find(first, last, 1) == last) return;
      kernels_.expectation(job, group, workspace_of_thread(workspaces_, size_));
    });
  }

 private:
  const LaneKernels<T>& kernels_;
  std::int64_t segment_;
  std::size_t size_;
  ThreadWorkspaces<T> workspaces_;
};

}  // namespace

template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_cpu(const Resources& resources,
                                                       const BatchView<T>& batch) {
  return std::make_unique<CpuExpectation<T>>(resources, batch);
}

template std::unique_ptr<ExpectationBackend<float>> expectation_cpu(const Resources&,
                                                                    const BatchView<float>&);
template std::unique_ptr<ExpectationBackend<double>> expectation_cpu(const Resources&,
                                                                     const BatchView<double>&);

}  // namespace regent::cuda::hmm
