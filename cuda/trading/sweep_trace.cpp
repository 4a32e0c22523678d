// One lane bar by bar in double, by the bodies of the sweep.

#include "base/error.hpp"
#include "cuda/trading/sweep.hpp"
#include "cuda/trading/sweep_group_body.hpp"
#include "cuda/trading/sweep_prepared.hpp"
#include "cuda/trading/sweep_tabled.hpp"

namespace regent::cuda::sweep {
namespace {

using R = double;

// Writes every trade into the journal.
struct Recorder {
  Journal* journal;
  void trade(const Trade& trade) const { journal->trades.push_back(trade); }
  void too_small() const { journal->too_small += 1; }
};

// What an account's fills have cost so far.
BarCosts costs_of(const Account& account, const TradingRules& rules) {
  return {account.turnover, account.fees / rules.start_cash, account.slippage / rules.start_cash};
}

void start(std::int64_t bars, Journal& journal) {
  journal.trades.clear();
  journal.equity.clear();
  journal.side.clear();
  journal.net_return.clear();
  journal.buckets.clear();
  journal.costs.assign(static_cast<std::size_t>(bars), {});
  journal.too_small = 0;
}

// One bar after the other, so that the journal sees the account at every close.
template <bool all_in, bool has_levels>
void trace_lane(const PreparedJob<double>& prepared, std::size_t lane, Journal& journal) {
  const Job& job = prepared.job;
  const Group<R> group{job, job.lanes + lane, 1};
  GroupState<R> state{};
  Tile<R, 1> tile{};
  std::vector<double> sums(static_cast<std::size_t>(job.buckets) * sums_per_bucket, 0);
  const Recorder recorder{&journal};
  start_group<R>(group, state);
  const Account& account = state.accounts[0];
  double before = job.rules.start_cash;
  BarCosts paid;
  for (std::int32_t t = 0; t < job.bars; ++t) {
    run_tile<R, all_in, has_levels>(group, prepared.marks, state, tile, job.tiles[t], sums.data(), recorder);
    const double equity = account.cash + account.units * job.close[t];
    journal.equity.push_back(equity);
    journal.side.push_back(account.units > 0 ? 1 : account.units < 0 ? -1 : 0);
    if (t > 0) journal.net_return.push_back(before > 0 ? equity / before - 1 : 0);
    before = equity;
    if (account.turnover == paid.turnover) continue;
    const BarCosts now = costs_of(account, job.rules);
    journal.costs[static_cast<std::size_t>(t)] = {now.turnover - paid.turnover, now.fees - paid.fees,
                                                  now.slippage - paid.slippage};
    paid = now;
  }
  journal.outcome = outcome_of<R>(job, state, 0);
  for (int b = 0; b < job.buckets; ++b) {
    const double* of = sums.data() + static_cast<std::size_t>(b) * sums_per_bucket;
    journal.buckets.push_back({of[0], of[1], of[2], of[3]});
  }
}

}  // namespace

struct Tracer::Prepared {
  TabledTask tabled;
  PreparedJob<double> job;
  explicit Prepared(const Task& task) : tabled(task), job(tabled.task, 1) {}
};

Tracer::Tracer(const Task& task) : prepared_(std::make_unique<const Prepared>(task)) {}
Tracer::~Tracer() = default;

void Tracer::trace(std::size_t lane, Journal& journal) const {
  const PreparedJob<double>& prepared = prepared_->job;
  REGENT_INVARIANT(lane < prepared_->tabled.task.lanes.size(), "no such lane");
  const Shape& shape = prepared.job.shape;
  start(prepared.job.bars, journal);
  if (shape.all_in) {
    (shape.levels ? trace_lane<true, true> : trace_lane<true, false>)(prepared, lane, journal);
  } else {
    (shape.levels ? trace_lane<false, true> : trace_lane<false, false>)(prepared, lane, journal);
  }
}

Journal trace(const Task& task, std::size_t lane) {
  Journal journal;
  Tracer(task).trace(lane, journal);
  return journal;
}

}  // namespace regent::cuda::sweep
