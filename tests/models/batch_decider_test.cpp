#include "models/batch_decider.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/small_bundle.hpp"

namespace regent::models {
namespace {

using market::Column;

// Closes alone, of the first bars of a market, and what follows them on another one that is moved there.
struct Streams {
  market::Panel history;
  std::vector<market::Panel> ahead;
};

market::Panel closes_of(market::Panel panel) {
  for (const Column column : {Column::open, Column::high, Column::low, Column::volume})
    panel.columns[static_cast<std::size_t>(column)].clear();
  return panel;
}

Streams streams(std::size_t count, std::size_t bars) {
  const market::Panel market = closes_of(small_market(200));
  Streams all{market, {}};
  for (std::size_t i = 0; i < count; ++i) {
    market::Panel ahead = closes_of(small_market(bars, 100 + i));
    for (std::size_t bar = 0; bar < bars; ++bar) {
      ahead.timestamps_ms[bar] = market.timestamps_ms.back() + static_cast<TimestampMs>(bar + 1) * 86'400'000;
      for (std::size_t s = 0; s < 4; ++s) ahead.at(Column::close, bar, s) *= 1 + 0.1 * static_cast<double>(i);
    }
    // a symbol that pauses
    ahead.at(Column::close, bars / 2, i % 4) = std::nan("");
    all.ahead.push_back(ahead);
  }
  return all;
}

Decider after(const std::shared_ptr<Bundle>& bundle, const market::Panel& history) {
  Decider decider(bundle, history.symbols, history.column_set());
  for (std::size_t bar = 0; bar < history.bars(); ++bar) decider.update(history.bar(bar));
  return decider;
}

// [bars][streams, symbols]
std::vector<std::vector<double>> batch_weights(const Decider& start,
                                               const std::vector<market::Panel>& ahead) {
  BatchDecider batch(start, ahead.size());
  std::vector<std::vector<double>> all;
  for (std::size_t bar = 0; bar < ahead[0].bars(); ++bar) {
    std::vector<market::BarView> bars;
    for (const auto& panel : ahead) bars.push_back(panel.bar(bar));
    batch.update(bars);
    all.emplace_back(batch.weights().begin(), batch.weights().end());
  }
  return all;
}

TEST(BatchDecider, DecidesInEveryStreamWhatADeciderOfItsOwnDoes) {
  const std::size_t count = 9, bars = 60;
  const Streams s = streams(count, bars);
  const auto bundle = std::make_shared<Bundle>(small_bundle(s.history));
  const Decider start = after(bundle, s.history);
  const auto found = batch_weights(start, s.ahead);
  double largest = 0, spread = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Decider own = after(bundle, s.history);
    for (std::size_t bar = 0; bar < bars; ++bar) {
      const Decision wanted = own.update(s.ahead[i].bar(bar));
      ASSERT_TRUE(wanted.warm);
      for (std::size_t symbol = 0; symbol < 4; ++symbol) {
        // the network's products of 36 rows instead of 4 may sum in another order
        EXPECT_NEAR(found[bar][i * 4 + symbol], wanted.weights[symbol], 1e-6)
            << "stream " << i << " bar " << bar;
        largest = std::max(largest, std::abs(wanted.weights[symbol]));
        spread = std::max(spread, std::abs(wanted.weights[symbol] - found[bar][symbol]));
      }
    }
  }
  EXPECT_GT(largest, 0.02) << "the policy holds nothing: the test says little";
  EXPECT_GT(spread, 0.02) << "the streams do not differ";
}

TEST(BatchDecider, GivesAStreamTheSameBitsBesideOtherBars) {
  const Streams s = streams(4, 40);
  const auto bundle = std::make_shared<Bundle>(small_bundle(s.history));
  const Decider start = after(bundle, s.history);
  const auto first = batch_weights(start, s.ahead);
  const auto again = batch_weights(start, {s.ahead[3], s.ahead[1], s.ahead[0], s.ahead[0]});
  for (std::size_t bar = 0; bar < first.size(); ++bar) {
    for (std::size_t symbol = 0; symbol < 4; ++symbol)
      ASSERT_EQ(first[bar][4 + symbol], again[bar][4 + symbol]) << "bar " << bar;
  }
}

TEST(BatchDecider, LeavesTheDeciderThatItBeganFromWhereItWas) {
  const Streams s = streams(2, 10);
  const auto bundle = std::make_shared<Bundle>(small_bundle(s.history));
  Decider start = after(bundle, s.history), untouched = after(bundle, s.history);
  batch_weights(start, s.ahead);
  EXPECT_EQ(start.update(s.ahead[0].bar(0)).weights, untouched.update(s.ahead[0].bar(0)).weights);
}

}  // namespace
}  // namespace regent::models
