#include "market/panel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "market/panel_selection.hpp"
#include "panels.hpp"

namespace regent::market::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

Panel small_panel() {
  Panel panel;
  panel.symbols = {"A", "B"};
  panel.timestamps_ms = {1000, 2000, 4000};
  panel.columns[static_cast<std::size_t>(Column::close)] = {1, 2, 3, 4, 5, 6};
  panel.columns[static_cast<std::size_t>(Column::volume)] = {10, 20, 30, 40, 50, 60};
  return panel;
}

TEST(Panel, ShowsABarAsViewsOfEverySymbol) {
  const Panel panel = small_panel();
  const BarView bar = panel.bar(1);
  EXPECT_EQ(bar.timestamp_ms, 2000);
  EXPECT_THAT(bar[Column::close], ElementsAre(3, 4));
  EXPECT_THAT(bar[Column::volume], ElementsAre(30, 40));
  EXPECT_FALSE(bar.has(Column::open));
  EXPECT_EQ(panel.at(Column::close, 2, 1), 6);
}

TEST(Panel, KnowsItsColumnsAndWhereOrdersFill) {
  Panel panel = small_panel();
  EXPECT_TRUE(panel.column_set().has(Column::volume));
  EXPECT_FALSE(panel.column_set().has(Column::high));
  EXPECT_EQ(panel.execution_column(), Column::close);
  panel.columns[static_cast<std::size_t>(Column::open)] = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(panel.execution_column(), Column::open);
}

TEST(Panel, FindsTheFirstBarThatIsNotEarlier) {
  const Panel panel = small_panel();
  EXPECT_EQ(panel.lower_bound(0), 0U);
  EXPECT_EQ(panel.lower_bound(1000), 0U);
  EXPECT_EQ(panel.lower_bound(1001), 1U);
  EXPECT_EQ(panel.lower_bound(4001), 3U);
}

TEST(Panel, SlicesBarsAndKeepsSymbols) {
  const Panel part = small_panel().slice(1, 3);
  EXPECT_THAT(part.timestamps_ms, ElementsAre(2000, 4000));
  EXPECT_THAT(part.columns[static_cast<std::size_t>(Column::close)], ElementsAre(3, 4, 5, 6));
  EXPECT_EQ(part.symbols, small_panel().symbols);
  EXPECT_EQ(small_panel().slice(2, 2).bars(), 0U);
}

TEST(Panel, IsTheSameAfterAppendingItsOwnBars) {
  const Panel panel = plain_panel(40, 3, 11);
  Panel copy;
  copy.symbols = panel.symbols;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) copy.append(panel.bar(bar));
  EXPECT_EQ(copy.fingerprint(), panel.fingerprint());
}

TEST(PanelDeathTest, RefusesABarThatIsNotLater) {
  Panel panel = small_panel();
  EXPECT_DEATH(panel.append(panel.bar(2)), "cannot follow");
  EXPECT_DEATH(static_cast<void>(panel.bar(3)), "panel of 3");
  EXPECT_DEATH(static_cast<void>(panel.slice(2, 4)), "panel of 3");
}

TEST(PanelDeathTest, RefusesABarWithOtherColumns) {
  Panel panel = small_panel();
  const std::vector<double> closes{7, 8};
  BarView bar;
  bar.timestamp_ms = 5000;
  bar.columns[static_cast<std::size_t>(Column::close)] = closes;
  EXPECT_DEATH(panel.append(bar), "column volume differs");
}

TEST(Panel, FingerprintsChangeWithEveryPartOfTheData) {
  const Panel panel = small_panel();
  const auto print = panel.fingerprint();
  EXPECT_EQ(print.size(), 64U);
  EXPECT_EQ(small_panel().fingerprint(), print);
  Panel other = panel;
  other.symbols[1] = "C";
  EXPECT_NE(other.fingerprint(), print);
  other = panel;
  other.timestamps_ms[2] += 1;
  EXPECT_NE(other.fingerprint(), print);
  other = panel;
  other.at(Column::volume, 2, 1) = std::nextafter(60.0, 61.0);
  EXPECT_NE(other.fingerprint(), print);
  other = panel;
  std::swap(other.columns[static_cast<std::size_t>(Column::volume)],
            other.columns[static_cast<std::size_t>(Column::low)]);
  EXPECT_NE(other.fingerprint(), print);
}

TEST(Panel, FingerprintsTakeEveryNotANumberForTheSame) {
  Panel one = small_panel(), other = small_panel();
  one.at(Column::close, 0, 0) = std::numeric_limits<double>::quiet_NaN();
  other.at(Column::close, 0, 0) = -std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(one.fingerprint(), other.fingerprint());
  EXPECT_NE(one.fingerprint(), small_panel().fingerprint());
}

TEST(PanelSelection, KeepsTheNamedSymbolsSorted) {
  const Panel panel = plain_panel(20, 4, 2);
  const Panel part = with_symbol_names(panel, {"SYN003", "SYN001", "SYN003"});
  EXPECT_THAT(part.symbols, ElementsAre("SYN001", "SYN003"));
  for (std::size_t bar = 0; bar < 20; ++bar) {
    EXPECT_EQ(part.at(Column::high, bar, 0), panel.at(Column::high, bar, 1));
    EXPECT_EQ(part.at(Column::volume, bar, 1), panel.at(Column::volume, bar, 3));
  }
  EXPECT_THAT([&] { with_symbol_names(panel, {"SYN03"}); },
              ThrowsMessage<InputError>(testing::AllOf(HasSubstr("'SYN03'"), HasSubstr("did you mean"))));
}

TEST(PanelSelection, LeavesOutEmptySymbolsAndBars) {
  Panel panel = plain_panel(5, 3, 2);
  for (std::size_t bar = 0; bar < 5; ++bar) panel.at(Column::close, bar, 1) = not_a_number;
  for (auto& column : panel.columns) {
    for (std::size_t s = 0; s < 3; ++s) column[2 * 3 + s] = not_a_number;
  }
  const Panel kept = without_empty(panel);
  EXPECT_THAT(kept.symbols, ElementsAre("SYN000", "SYN002"));
  ASSERT_EQ(kept.bars(), 4U);
  EXPECT_EQ(kept.timestamps_ms[2], panel.timestamps_ms[3]);
  EXPECT_EQ(kept.at(Column::open, 2, 1), panel.at(Column::open, 3, 2));
  EXPECT_EQ(without_empty(kept).fingerprint(), kept.fingerprint());
}

}  // namespace
}  // namespace regent::market::test
