// Every feature of the catalogue against its definition, and the properties that hold for all of them.

#include <gtest/gtest.h>

#include "feature_reference.hpp"
#include "market/feature_stream.hpp"
#include "panels.hpp"

namespace regent::market::test {
namespace {

constexpr std::size_t bars = 420;
constexpr std::uint64_t seed = 20240611;

const Panel& holed() {
  static const Panel panel = holed_panel(bars, seed);
  return panel;
}

FeatureTable table_of(const Panel& panel, const std::string& name) {
  return compute_features(panel, {name});
}

class EveryFeature : public testing::TestWithParam<std::string> {
 protected:
  const FeatureSpec& spec() const { return *find_feature(GetParam()); }
};

TEST_P(EveryFeature, EqualsItsDefinitionOverTheWholeHistory) {
  const FeatureReference reference(holed());
  ASSERT_TRUE(reference.knows(GetParam())) << "give the reference a formula of " << GetParam();
  const auto table = table_of(holed(), GetParam());
  std::size_t known = 0;
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (std::size_t s = 0; s < holed().symbol_count(); ++s) {
      const double expected = reference.value(GetParam(), spec().warmup_bars, bar, s);
      const double value = table.bar(bar)[s];
      ASSERT_EQ(std::isnan(value), std::isnan(expected))
          << "bar " << bar << ", symbol " << s << ": " << value << ", expected " << expected;
      if (std::isnan(expected)) continue;
      ASSERT_NEAR(value, expected, 1e-10 * std::max(1.0, std::abs(expected)))
          << "bar " << bar << ", symbol " << s;
      ++known;
    }
  }
  EXPECT_GT(known, bars);
}

TEST_P(EveryFeature, DoesNotChangeWhenTheFutureChanges) {
  const auto table = table_of(holed(), GetParam());
  for (const std::size_t now : {std::size_t{1}, bars / 3, bars / 2 + 3, bars - 2}) {
    Panel other = holed();
    for (auto& column : other.columns) {
      for (std::size_t i = (now + 1) * other.symbol_count(); i < column.size(); ++i) {
        column[i] = i % 5 == 0 ? not_a_number : column[i] * (i % 3 == 0 ? 1e6 : 0.25);
      }
    }
    const auto changed = table_of(other, GetParam());
    for (std::size_t i = 0; i < (now + 1) * other.symbol_count(); ++i) {
      ASSERT_TRUE(same_bits(table.values[i], changed.values[i]))
          << "bar " << i / other.symbol_count() << " saw what came after bar " << now;
    }
  }
}

TEST_P(EveryFeature, DoesNotDependOnThePriceLevel) {
  Panel scaled = holed();
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (const Column column : {Column::open, Column::high, Column::low, Column::close})
      scaled.at(column, bar, 4) *= 7;
  }
  const auto table = table_of(holed(), GetParam());
  const auto other = table_of(scaled, GetParam());
  for (std::size_t i = 0; i < table.values.size(); ++i) {
    ASSERT_EQ(std::isnan(table.values[i]), std::isnan(other.values[i])) << "value " << i;
    if (std::isnan(table.values[i])) continue;
    ASSERT_NEAR(table.values[i], other.values[i], 1e-9) << "value " << i;
  }
}

TEST_P(EveryFeature, ForgetsAnOutlierThatLeftItsWindow) {
  constexpr std::size_t when = 60;
  Panel hit = plain_panel(bars, 3, seed);
  const auto clean = table_of(hit, GetParam());
  for (std::size_t c = 0; c < column_count; ++c) hit.at(static_cast<Column>(c), when, 1) = 1e12;
  const auto table = table_of(hit, GetParam());
  const auto window = static_cast<std::size_t>(spec().window_bars);
  bool seen = false;
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (std::size_t s = 0; s < 3; ++s) {
      const bool same = same_bits(clean.bar(bar)[s], table.bar(bar)[s]);
      // a return reads two closes, so the outlier is in one bar more
      if (bar > when + window) {
        ASSERT_TRUE(same) << "bar " << bar << ", symbol " << s;
      }
      seen = seen || !same;
    }
  }
  EXPECT_TRUE(seen || window > bars - when) << "the outlier was never in the window";
}

TEST_P(EveryFeature, IsTheSameBitsInAStreamThatStartsLate) {
  FeatureStream whole({GetParam()}, holed().symbol_count(), holed().column_set());
  const auto history = static_cast<std::size_t>(whole.history_bars());
  ASSERT_LT(history, bars);
  for (std::size_t bar = 0; bar < bars; ++bar) {
    whole.update(holed().bar(bar));
    if (bar + 1 < history || (bar % 23 != 0 && bar + 1 != bars)) continue;
    FeatureStream late({GetParam()}, holed().symbol_count(), holed().column_set());
    for (std::size_t b = bar + 1 - history; b <= bar; ++b) late.update(holed().bar(b));
    for (std::size_t s = 0; s < holed().symbol_count(); ++s) {
      ASSERT_TRUE(same_bits(whole.values()[s], late.values()[s])) << "bar " << bar << ", symbol " << s;
    }
  }
}

TEST_P(EveryFeature, OfOneSymbolIgnoresTheHolesOfAnother) {
  const Panel panel = plain_panel(bars, 4, seed);
  Panel holes = panel;
  for (auto& column : holes.columns) {
    for (std::size_t bar = 0; bar < bars; ++bar) column[bar * 4 + 1] = not_a_number;
  }
  Panel without = panel;
  without.symbols.erase(without.symbols.begin() + 1);
  for (std::size_t c = 0; c < column_count; ++c) {
    without.columns[c].clear();
    for (std::size_t i = 0; i < panel.columns[c].size(); ++i) {
      if (i % 4 != 1) without.columns[c].push_back(panel.columns[c][i]);
    }
  }
  const auto table = table_of(holes, GetParam());
  // a cross-sectional feature is that of the market without the symbol, any other does not see it at all
  const auto expected = table_of(spec().cross_sectional ? without : panel, GetParam());
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (const std::size_t s : {std::size_t{0}, std::size_t{2}, std::size_t{3}}) {
      const std::size_t there = spec().cross_sectional && s > 1 ? s - 1 : s;
      ASSERT_TRUE(same_bits(table.bar(bar)[s], expected.bar(bar)[there]))
          << "bar " << bar << ", symbol " << s;
    }
    ASSERT_TRUE(std::isnan(table.bar(bar)[1]));
  }
}

TEST_P(EveryFeature, OfAConstantPriceIsFinite) {
  for (const double price : {0.1, 100.0, 3e7}) {
    Panel still = plain_panel(300, 3, seed);
    for (std::size_t bar = 0; bar < still.bars(); ++bar) {
      for (std::size_t c = 0; c < column_count; ++c) still.at(static_cast<Column>(c), bar, 0) = price;
    }
    const auto table = table_of(still, GetParam());
    for (std::size_t bar = static_cast<std::size_t>(spec().warmup_bars); bar < still.bars(); ++bar) {
      const double value = table.bar(bar)[0];
      ASSERT_TRUE(std::isfinite(value)) << "price " << price << ", bar " << bar;
      if (GetParam().starts_with("rank")) continue;
      ASSERT_NEAR(value, GetParam() == "rsi_14" ? 50 : 0, 1e-12) << "price " << price << ", bar " << bar;
    }
  }
}

TEST_P(EveryFeature, StatesHowManyBarsItReads) {
  EXPECT_EQ(spec().warmup_bars, spec().window_bars - 1);
  EXPECT_FALSE(spec().formula.empty());
  EXPECT_FALSE(spec().source.empty());
  const auto table = table_of(plain_panel(300, 2, seed), GetParam());
  const auto first = static_cast<std::size_t>(spec().warmup_bars);
  for (std::size_t bar = 0; bar < first; ++bar) ASSERT_TRUE(std::isnan(table.bar(bar)[0])) << "bar " << bar;
  EXPECT_FALSE(std::isnan(table.bar(first)[0]));
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryFeature, testing::ValuesIn(all_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace regent::market::test
