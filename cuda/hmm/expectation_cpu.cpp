#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <vector>

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
        size_(expectation_workspace_rows(batch, side_by_side_) * kernels_.width),
        rows_(CountLayout<AnyShape>{AnyShape(batch.shape)}.rows(batch.law)),
        apart_(blocks_of(batch.lanes) * lane_block) {}

  void run(const ExpectationJob<T>& asked) override {
    ExpectationJob<T> job = asked;
    job.apart = apart_.data();
    std::fill(apart_.begin(), apart_.end(), std::uint8_t{0});
    for_each_group<T>(job.batch.lanes, kernels_.width * side_by_side_, [&](int unit) {
      T* workspace = workspace_of_thread(workspaces_, size_);
      const int first = unit * side_by_side_, second = first + 1;
      const bool one = active(job, first), other = side_by_side_ == 2 && active(job, second);
      if (one) kernels_.expectation(job, first, other ? 2 : 1, workspace);
      if (!one && other) kernels_.expectation(job, second, 1, workspace);
      if (one) mend_apart(job, first, workspace);
      if (other) mend_apart(job, second, workspace);
    });
  }

  std::int64_t run_again() const override { return lanes_again_; }

 private:
  // Calls body(lane) for the active lanes of a group.
  template <class Body>
  void for_each_active(const ExpectationJob<T>& job, int group, const Body& body) const {
    const int first = group * kernels_.width, end = std::min(job.batch.lanes, first + kernels_.width);
    for (int lane = first; lane < end; ++lane) {
      if (job.active[lane] != 0) body(lane);
    }
  }
  // Lanes whose windows do not agree, once more without; the others keep what they have.
  void mend_apart(ExpectationJob<T> job, int group, T* workspace) {
    int again = 0;
    for_each_active(job, group, [&](int lane) { again += apart_[lane]; });
    if (again == 0) return;
    lanes_again_ += again;
    std::vector<double> agreed;
    for_each_active(job, group, [&](int lane) {
      if (apart_[lane] != 0) return;
      for (std::size_t row = 0; row < rows_; ++row)
        agreed.push_back(job.counts[lane_index(lane, row, rows_)]);
      agreed.push_back(job.log_likelihood[lane]);
    });
    job.windows = false;
    kernels_.expectation(job, group, 1, workspace);
    auto value = agreed.begin();
    for_each_active(job, group, [&](int lane) {
      if (apart_[lane] != 0) return;
      for (std::size_t row = 0; row < rows_; ++row) job.counts[lane_index(lane, row, rows_)] = *value++;
      job.log_likelihood[lane] = *value++;
    });
  }
  // Only where every thread still has a few pairs.
  static bool pairs_pay(int lanes, int width) {
    return groups_of(lanes, width) >= 8 * tbb::this_task_arena::max_concurrency();
  }
  bool active(const ExpectationJob<T>& job, int group) const {
    bool any = false;
    for_each_active(job, group, [&](int) { any = true; });
    return any;
  }

  const LaneKernels<T>& kernels_;
  int side_by_side_;  // groups
  std::size_t size_, rows_;
  std::vector<std::uint8_t> apart_;  // [padded lanes]
  std::atomic<std::int64_t> lanes_again_{0};
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
