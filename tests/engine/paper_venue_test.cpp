#include "engine/venues/paper.hpp"

#include <gtest/gtest.h>

#include "tests/engine/support/market.hpp"

namespace regent::engine {
namespace {

using test::closes_bar;
using test::missing;

Order order(const Bar& bar, std::size_t symbol, double quantity) {
  Order order;
  order.client_order_id = "test-" + std::to_string(bar.sequence) + "-" + std::to_string(symbol);
  order.sequence = bar.sequence;
  order.symbol = symbol;
  order.quantity = quantity;
  order.timestamp_ms = bar.timestamp_ms;
  return order;
}

Bar open_close(std::uint64_t sequence, double open, double close) {
  Bar bar = closes_bar(sequence, {close});
  bar.columns[0] = {open};
  return bar;
}

TEST(PaperVenue, FillsAtTheNextBarsOpenNeverOnTheBarOfTheSignal) {
  PaperVenue venue({0.001, 0.01});
  const Bar signal = open_close(1, 90, 100), next = open_close(2, 110, 120);
  venue.on_bar(signal.view());
  venue.submit(order(signal, 0, 2));
  auto updates = venue.take_updates();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].kind, UpdateKind::accepted);
  venue.on_bar(signal.view());
  EXPECT_TRUE(venue.take_updates().empty());
  venue.on_bar(next.view());
  updates = venue.take_updates();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].kind, UpdateKind::filled);
  EXPECT_DOUBLE_EQ(updates[0].price, 110 * 1.01);
  EXPECT_DOUBLE_EQ(updates[0].fee, 2 * 110 * 1.01 * 0.001);
  EXPECT_EQ(updates[0].timestamp_ms, next.timestamp_ms);
  venue.on_bar(open_close(3, 1, 1).view());
  EXPECT_TRUE(venue.take_updates().empty()) << "an order fills once";
}

TEST(PaperVenue, FillsAtTheNextCloseOnAPanelOfCloses) {
  PaperVenue venue({0, 0.01});
  const Bar signal = closes_bar(1, {100});
  venue.submit(order(signal, 0, -2));
  venue.take_updates();
  venue.on_bar(closes_bar(2, {50}).view());
  const auto updates = venue.take_updates();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_DOUBLE_EQ(updates[0].price, 50 * 0.99) << "slippage is against the seller too";
  EXPECT_EQ(updates[0].fee, 0.0);
}

TEST(PaperVenue, KeepsAnOrderPendingWhileItsSymbolHasNoPrice) {
  PaperVenue venue;
  const Bar signal = closes_bar(1, {100, 10});
  venue.submit(order(signal, 0, 1));
  venue.submit(order(signal, 1, 1));
  venue.take_updates();
  venue.on_bar(closes_bar(2, {missing, 11}).view());
  EXPECT_EQ(venue.take_updates().size(), 1U);
  EXPECT_EQ(venue.pending(), 1U);
  venue.on_bar(closes_bar(3, {101, 11}).view());
  const auto updates = venue.take_updates();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].client_order_id, "test-1-0");
}

TEST(PaperVenue, KnowsAnOrderByItsIdAndNeverFillsItTwice) {
  PaperVenue venue;
  const Bar signal = closes_bar(1, {100});
  venue.submit(order(signal, 0, 1));
  const auto first = venue.take_updates();
  venue.submit(order(signal, 0, 1));
  EXPECT_EQ(venue.take_updates(), first) << "the same answer again";
  EXPECT_EQ(venue.pending(), 1U);
  venue.on_bar(closes_bar(2, {100}).view());
  const auto fill = venue.take_updates();
  venue.submit(order(signal, 0, 1));
  const auto again = venue.take_updates();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[1], fill[0]);
  venue.on_bar(closes_bar(3, {100}).view());
  EXPECT_TRUE(venue.take_updates().empty());
  venue.submit(order(signal, 0, 2));
  const auto reused = venue.take_updates();
  ASSERT_EQ(reused.size(), 1U);
  EXPECT_EQ(reused[0].kind, UpdateKind::rejected);
}

TEST(PaperVenue, CancelsWhatIsPendingAndNothingElse) {
  PaperVenue venue;
  const Bar signal = closes_bar(1, {100});
  venue.submit(order(signal, 0, 1));
  venue.take_updates();
  venue.cancel("test-1-0");
  const auto updates = venue.take_updates();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].kind, UpdateKind::cancelled);
  venue.on_bar(closes_bar(2, {100}).view());
  venue.cancel("test-1-0");
  venue.cancel("unknown");
  EXPECT_TRUE(venue.take_updates().empty());
}

TEST(PaperVenue, RejectsQuantitiesThatAreNone) {
  PaperVenue venue;
  const Bar signal = closes_bar(1, {100, 100});
  venue.submit(order(signal, 0, 0));
  venue.submit(order(signal, 1, missing));
  const auto updates = venue.take_updates();
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[0].kind, UpdateKind::rejected);
  EXPECT_EQ(updates[1].kind, UpdateKind::rejected);
  EXPECT_EQ(venue.pending(), 0U);
}

}  // namespace
}  // namespace regent::engine
