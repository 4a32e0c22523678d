#include "cuda/trading/sweep.hpp"

#include "base/error.hpp"
#include "cuda/trading/sweep_prepared.hpp"
#include "cuda/trading/sweep_tabled.hpp"

namespace regent::cuda::sweep {
namespace {

struct HostResults {
  std::vector<Outcome> outcomes;
  std::vector<BucketSums> buckets;
  HostResults(std::size_t lanes, std::size_t buckets_each) : outcomes(lanes), buckets(lanes * buckets_each) {}
};

Results results_on_cpu(const Resources& resources, const Task& of) {
  const TabledTask tabled(of);
  PreparedJob<float> prepared(tabled.task, tile_bars_max);
  const auto host =
      std::make_shared<HostResults>(of.lanes.size(), static_cast<std::size_t>(prepared.job.buckets));
  prepared.job.outcomes = host->outcomes.data();
  prepared.job.sums = host->buckets.data();
  run_cpu(resources, prepared.job, prepared.marks, static_cast<int>(of.lanes.size()));
  return {host->outcomes, host->buckets, host};
}

}  // namespace

Results run(const Resources& resources, const Task& task, const Listener& listener) {
  REGENT_INVARIANT(task.columns.empty() || task.columns.size() == task.table.columns,
                   "the table's columns are not those that are asked for");
  if (resources.backend() == Backend::gpu) return run_gpu(resources, task, listener);
  if (listener.meanwhile) listener.meanwhile();
  Results results = results_on_cpu(resources, task);
  if (listener.arrived) listener.arrived(results, 0, task.lanes.size());
  return results;
}

}  // namespace regent::cuda::sweep
