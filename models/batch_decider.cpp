#include "models/batch_decider.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

#include "base/error.hpp"

namespace regent::models {

BatchDecider::BatchDecider(const Decider& decider, std::size_t streams)
    : streams_(streams, decider.stream()),
      runner_(decider.bundle().policy, decider.bundle().layout(), decider.stream().symbols(), streams),
      convictions_(streams * decider.stream().symbols()),
      weights_(convictions_.size()) {
  REGENT_INVARIANT(decider.stream().warm(), "a batch begins where decisions are warm");
  at::init_num_threads();  // torch's thread counts are of each thread; this one may be another's worker
}

void BatchDecider::update(std::span<const market::BarView> bars) {
  REGENT_INVARIANT(bars.size() == streams_.size(), "a bar for every stream");
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    DecisionStream& stream = streams_[i];
    stream.update(bars[i]);
    runner_.observe(i, stream.features(), stream.positions(), stream.macro_posterior(),
                    stream.micro_posterior());
  }
  runner_.decide(convictions_);
  const std::size_t symbols = streams_.front().symbols();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const allocation::Weights& allocated =
        streams_[i].allocate(std::span(convictions_).subspan(i * symbols, symbols));
    std::copy(allocated.weights.begin(), allocated.weights.end(),
              weights_.begin() + static_cast<std::ptrdiff_t>(i * symbols));
  }
}

}  // namespace regent::models
