#include "cuda/trading/sweep.hpp"

#include "base/error.hpp"
#include "cuda/trading/indicators_job.hpp"
#include "cuda/trading/sweep_group_body.hpp"
#include "cuda/trading/sweep_prepared.hpp"

namespace regent::cuda::sweep {
namespace {

using R = double;

// Writes every trade into the journal.
struct Recorder {
  Journal* journal;
  void trade(const Trade& trade) const { journal->trades.push_back(trade); }
  void too_small() const { journal->too_small += 1; }
};

// One bar after the other, so that the journal sees the account at every close.
template <bool all_in, bool has_levels>
void trace_lane(const PreparedJob<double>& prepared, const Task& task, std::size_t lane, Journal& journal) {
  const Job& job = prepared.job;
  const Group<R> group{job, job.lanes + lane, 1};
  GroupState<R> state{};
  Tile<R, 1> tile{};
  std::vector<double> sums(static_cast<std::size_t>(job.buckets) * sums_per_bucket, 0);
  const Recorder recorder{&journal};
  start_group<R>(group, state);
  double before = job.rules.start_cash;
  for (std::int32_t t = 0; t < job.bars; ++t) {
    run_tile<R, all_in, has_levels>(group, prepared.marks, state, tile, job.tiles[t], sums.data(), recorder);
    const Account& account = state.accounts[0];
    const double equity = account.cash + account.units * task.bars.close[t];
    journal.equity.push_back(equity);
    journal.side.push_back(account.units > 0 ? 1 : account.units < 0 ? -1 : 0);
    if (t > 0) journal.net_return.push_back(before > 0 ? equity / before - 1 : 0);
    before = equity;
  }
  journal.outcome = outcome_of<R>(job, state, 0);
  for (int b = 0; b < job.buckets; ++b) {
    const double* of = sums.data() + static_cast<std::size_t>(b) * sums_per_bucket;
    journal.buckets.push_back({of[0], of[1], of[2], of[3]});
  }
}

// A task with its table, which it may have to find first.
struct TabledTask {
  Task task;
  std::vector<float> found;
  explicit TabledTask(const Task& of) : task(of) {
    if (of.columns.empty()) return;
    const Bars& bars = of.bars;
    found = indicator_table_cpu({bars.open, bars.high, bars.low, bars.close, of.volume}, of.columns);
    task.columns = {};
    task.table.values = found;
  }
};

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

Journal trace(const Task& of, std::size_t lane) {
  REGENT_INVARIANT(lane < of.lanes.size(), "no such lane");
  const TabledTask tabled(of);
  const Task& task = tabled.task;
  const PreparedJob<double> prepared(task, 1);
  Journal journal;
  const Shape& shape = prepared.job.shape;
  if (shape.all_in) {
    (shape.levels ? trace_lane<true, true> : trace_lane<true, false>)(prepared, task, lane, journal);
  } else {
    (shape.levels ? trace_lane<false, true> : trace_lane<false, false>)(prepared, task, lane, journal);
  }
  return journal;
}

}  // namespace regent::cuda::sweep
