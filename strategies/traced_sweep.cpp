#include "strategies/traced_sweep.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "strategies/lane_block.hpp"

namespace regent::strategies {
namespace {

constexpr std::size_t block_lanes_max = 65'536;

}  // namespace

struct TracedSweep::Block {
  std::size_t first;
  LaneBlock lanes;
  cuda::sweep::Tracer tracer;
  Block(const TracedSweep& of, std::size_t first_combination)
      : first(first_combination),
        lanes(block_from(of.combinations_, first, std::min(of.combinations_.size(), first + block_lanes_max),
                         columns_max_of(of.series_, of.settings_))),
        tracer(task_of(of.series_, of.plan_, of.settings_, lanes)) {}
  std::size_t end() const { return first + lanes.lanes.size(); }
};

TracedSweep::TracedSweep(const TradableSeries& series, const Combinations& combinations, const TimePlan& plan,
                         const SweepSettings& settings)
    : series_(series), combinations_(combinations), plan_(plan), settings_(settings) {}
TracedSweep::~TracedSweep() = default;

const TracedSweep::Block& TracedSweep::block_of(std::size_t combination) {
  if (block_ && block_->first <= combination && combination < block_->end()) return *block_;
  block_.reset();  // one table at a time
  block_ = std::make_unique<const Block>(*this, combination);
  return *block_;
}

void TracedSweep::each(std::size_t first, std::size_t end, const Use& use) {
  while (first < end) {
    const Block& block = block_of(first);
    const std::size_t block_end = std::min(end, block.end());
    tbb::parallel_for(first, block_end, [&](std::size_t i) {
      cuda::sweep::Journal& journal = journals_.local();
      block.tracer.trace(i - block.first, journal);
      use(i, journal);
    });
    first = block_end;
  }
}

}  // namespace regent::strategies
