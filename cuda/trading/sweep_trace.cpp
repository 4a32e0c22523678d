// One lane in double, by the bodies of the sweep, with every bar of it written down.

#include <algorithm>

#include "base/error.hpp"
#include "cuda/trading/sweep.hpp"
#include "cuda/trading/sweep_group_body.hpp"
#include "cuda/trading/sweep_prepared.hpp"
#include "cuda/trading/sweep_tabled.hpp"

namespace regent::cuda::sweep {
namespace {

using R = double;

// Writes a lane's trades into the journal, and its bars from one change of the account to the next.
class Writer {
 public:
  Writer(const Job& job, Journal& journal) : job_(job), journal_(journal), cash_(job.rules.start_cash) {
    const auto bars = static_cast<std::size_t>(job.bars);
    journal.trades.clear();
    journal.buckets.clear();
    journal.costs.clear();
    journal.equity.resize(bars);
    journal.side.resize(bars);
    journal.net_return.resize(bars - 1);
    journal.too_small = 0;
  }
  void trade(const Trade& trade) { journal_.trades.push_back(trade); }
  void too_small() { journal_.too_small += 1; }
  void traded(std::int32_t bar, const Account& account) {
    put_bars(bar);
    cash_ = account.cash;
    units_ = account.units;
    const BarCosts now{bar, account.turnover, account.fees / job_.rules.start_cash,
                       account.slippage / job_.rules.start_cash};
    if (now.turnover == paid_.turnover) return;
    journal_.costs.push_back(
        {bar, now.turnover - paid_.turnover, now.fees - paid_.fees, now.slippage - paid_.slippage});
    paid_ = now;
  }
  // The account as it is, at the closes of the bars up to `end`.
  void put_bars(std::int32_t end) {
    const std::int32_t side = units_ > 0 ? 1 : units_ < 0 ? -1 : 0;
    for (std::int32_t t = next_; t < end; ++t) {
      journal_.equity[static_cast<std::size_t>(t)] = cash_ + units_ * job_.close[t];
      journal_.side[static_cast<std::size_t>(t)] = side;
    }
    next_ = end;
  }
  // Of the bars [first, end), first > 0, whose equity is there.
  void put_returns(std::int32_t first, std::int32_t end) {
    const double* equity = journal_.equity.data();
    for (std::int32_t t = first; t < end; ++t) {
      const double before = equity[t - 1];
      journal_.net_return[static_cast<std::size_t>(t) - 1] = before > 0 ? equity[t] / before - 1 : 0;
    }
  }

 private:
  const Job& job_;
  Journal& journal_;
  double cash_, units_ = 0;
  std::int32_t next_ = 0;  // bar to be put
  BarCosts paid_;          // up to here
};

// What the bodies tell, who take their listener for constant.
struct Recorder {
  Writer* writer;
  void trade(const Trade& trade) const { writer->trade(trade); }
  void too_small() const { writer->too_small(); }
  void traded(std::int32_t bar, const Account& account) const { writer->traded(bar, account); }
};

template <bool all_in, bool has_levels>
void trace_lane(const PreparedJob<double>& prepared, std::size_t lane, Journal& journal) {
  const Job& job = prepared.job;
  const Group<R> group{job, job.lanes + lane, 1};
  GroupState<R> state{};
  Tile<R, tile_bars_max> tile;
  std::vector<double> sums(static_cast<std::size_t>(job.buckets) * sums_per_bucket, 0);
  Writer writer(job, journal);
  start_group<R>(group, state);
  for (const TileSpan& span : std::span(job.tiles, static_cast<std::size_t>(job.tile_count))) {
    run_tile<R, all_in, has_levels>(group, prepared.marks, state, tile, span, sums.data(), Recorder{&writer});
    writer.put_bars(span.end);
    writer.put_returns(std::max(span.first, 1), span.end);
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
  explicit Prepared(const Task& task) : tabled(task), job(tabled.task, tile_bars_max) {}
};

Tracer::Tracer(const Task& task) : prepared_(std::make_unique<const Prepared>(task)) {}
Tracer::~Tracer() = default;

void Tracer::trace(std::size_t lane, Journal& journal) const {
  const PreparedJob<double>& prepared = prepared_->job;
  REGENT_INVARIANT(lane < prepared_->tabled.task.lanes.size(), "no such lane");
  const Shape& shape = prepared.job.shape;
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
