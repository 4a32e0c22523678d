#pragma once
// Combinations of one family traded bar by bar in double, with all that they did.

#include <tbb/enumerable_thread_specific.h>

#include <functional>
#include <memory>

#include "strategies/sweep.hpp"

namespace regent::strategies {

// What a block of combinations needs, its table of indicators first of all, is made once and kept from call
// to call. Memory: the table that settings allow, 80 bytes a bar, and 20 bytes a bar and thread.
class TracedSweep {
 public:
  // All must outlive it.
  TracedSweep(const TradableSeries& series, const Combinations& combinations, const TimePlan& plan,
              const SweepSettings& settings);
  ~TracedSweep();
  TracedSweep(const TracedSweep&) = delete;
  TracedSweep& operator=(const TracedSweep&) = delete;

  // Called from many threads at once; the journal is gone afterwards.
  using Use = std::function<void(std::size_t combination, const cuda::sweep::Journal& journal)>;
  // Of the combinations [first, end), on all cores.
  void each(std::size_t first, std::size_t end, const Use& use);

  const TradableSeries& series() const { return series_; }
  const TimePlan& plan() const { return plan_; }

 private:
  struct Block;
  const Block& block_of(std::size_t combination);

  const TradableSeries& series_;
  const Combinations& combinations_;
  const TimePlan& plan_;
  const SweepSettings& settings_;
  std::unique_ptr<const Block> block_;  // of the last combination
  tbb::enumerable_thread_specific<cuda::sweep::Journal> journals_;
};

}  // namespace regent::strategies
