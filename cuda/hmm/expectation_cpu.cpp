#include <tbb/task_arena.h>

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
        side_by_side_(pairs_pay(batch.lanes, kernels_.width) ? 2 : 1),
        kept_(cpu_span(batch, kernels_.width, side_by_side_)),
        size_(expectation_workspace_rows(batch, kept_, side_by_side_) * kernels_.width) {}

  void run(const ExpectationJob<T>& asked) override {
    ExpectationJob<T> job = asked;
    job.kept = kept_;
    for_each_group<T>(job.batch.lanes, kernels_.width * side_by_side_, [&](int unit) {
      T* workspace = workspace_of_thread(workspaces_, size_);
      const int first = unit * side_by_side_, second = first + 1;
      const bool one = active(job, first), other = side_by_side_ == 2 && active(job, second);
      if (one) kernels_.expectation(job, first, other ? 2 : 1, workspace);
      if (!one && other) kernels_.expectation(job, second, 1, workspace);
    });
  }

 private:
  // Only where every thread still has a few pairs.
  static bool pairs_pay(int lanes, int width) {
    return groups_of(lanes, width) >= 8 * tbb::this_task_arena::max_concurrency();
  }
  bool active(const ExpectationJob<T>& job, int group) const {
    const int first = std::min(job.batch.lanes, group * kernels_.width);
    const int last = std::min(job.batch.lanes, first + kernels_.width);
    return std::find(job.active + first, job.active + last, 1) != job.active + last;
  }

  const LaneKernels<T>& kernels_;
  int side_by_side_;  // groups
  KeptSpan kept_;
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
