#include "market/feature_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "panels.hpp"

namespace regent::market::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

ColumnSet closes_only() {
  ColumnSet columns;
  columns.add(Column::close);
  return columns;
}

TEST(FeatureCatalogue, NamesEveryFeatureOnce) {
  const auto names = all_names();
  EXPECT_GE(names.size(), 24U);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const auto& name : names) EXPECT_EQ(find_feature(name)->name, name);
  EXPECT_EQ(find_feature("no_such_feature"), nullptr);
}

TEST(FeatureCatalogue, LeavesOutWhatTheColumnsCannotFeedAndSaysWhy) {
  std::vector<std::string> left_out;
  const auto available = available_features(closes_only(), &left_out);
  EXPECT_EQ(available.size() + left_out.size(), feature_catalogue().size());
  EXPECT_THAT(available, Contains("rsi_14"));
  EXPECT_THAT(available, Not(Contains("atr_14")));
  EXPECT_THAT(left_out, Contains("atr_14: needs high, low"));
  EXPECT_THAT(left_out, Contains("volume_z_score_20: needs volume"));
  for (const auto& name : available) {
    EXPECT_NO_THROW(FeatureStream({name}, 2, closes_only())) << name;
  }
}

TEST(FeatureCatalogue, KeepsTheWantedOrderOfUsableFeatures) {
  std::vector<std::string> left_out;
  EXPECT_THAT(usable_features({"rsi_14", "gap", "log_return"}, closes_only(), &left_out),
              ElementsAre("rsi_14", "log_return"));
  EXPECT_THAT(left_out, ElementsAre("gap: needs open"));
  EXPECT_EQ(usable_features({"all"}, closes_only()), available_features(closes_only()));
  EXPECT_THAT([] { usable_features({"rsi_15"}, closes_only()); },
              ThrowsMessage<InputError>(HasSubstr("did you mean 'rsi_14'")));
}

TEST(FeatureStream, RefusesAnUnknownNameAndSuggestsTheNearest) {
  EXPECT_THAT([] { FeatureStream({"realized_volatility_21"}, 1, closes_only()); },
              ThrowsMessage<InputError>(HasSubstr("did you mean 'realised_volatility_21'")));
}

TEST(FeatureStream, RefusesAColumnThatIsNotThere) {
  EXPECT_THAT([] { FeatureStream({"atr_14"}, 1, closes_only()); },
              ThrowsMessage<InputError>(HasSubstr("needs the column high")));
  EXPECT_THAT([] { FeatureStream({"log_return"}, 1, ColumnSet{}); },
              ThrowsMessage<InputError>(HasSubstr("close")));
}

TEST(FeatureStream, RefusesANameThatIsGivenTwice) {
  EXPECT_THAT(
      [] {
        FeatureStream({"log_return", "log_return"}, 1, closes_only());
      },
      ThrowsMessage<InputError>(HasSubstr("named twice")));
}

TEST(FeatureStream, RefusesABarOfAnotherShape) {
  FeatureStream stream({"log_return"}, 3, closes_only());
  const std::vector<double> two(2, 1.0), three(3, 1.0);
  BarView bar;
  bar.columns[static_cast<std::size_t>(Column::close)] = two;
  EXPECT_THAT([&] { stream.update(bar); }, ThrowsMessage<InputError>(HasSubstr("expected 3 symbols")));
  bar.columns[static_cast<std::size_t>(Column::close)] = three;
  EXPECT_NO_THROW(stream.update(bar));
  bar.columns[static_cast<std::size_t>(Column::volume)] = three;
  EXPECT_THAT([&] { stream.update(bar); }, ThrowsMessage<InputError>(HasSubstr("column volume")));
}

TEST(FeatureStream, OfAllFeaturesEqualsTheStreamOfEachAlone) {
  const Panel panel = holed_panel(330, 5);
  const auto names = all_names();
  const auto together = compute_features(panel, names);
  for (std::size_t f = 0; f < names.size(); ++f) {
    const auto alone = compute_features(panel, {names[f]});
    for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
      for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
        ASSERT_TRUE(same_bits(together.bar(bar)[f * panel.symbol_count() + s], alone.bar(bar)[s]))
            << names[f] << ", bar " << bar << ", symbol " << s;
      }
    }
  }
}

TEST(FeatureStream, GivesASymbolTheSameBitsWhateverItsNeighboursInTheBlock) {
  // 130 symbols fill two blocks of lanes and a part of a third
  const Panel wide = plain_panel(280, 130, 9);
  std::vector<std::string> own;
  for (const auto& spec : feature_catalogue()) {
    if (!spec.cross_sectional) own.push_back(spec.name);
  }
  const auto table = compute_features(wide, own);
  for (const std::size_t symbol : {0UL, 63UL, 64UL, 127UL, 129UL}) {
    Panel alone;
    alone.symbols = {wide.symbols[symbol]};
    alone.timestamps_ms = wide.timestamps_ms;
    for (std::size_t c = 0; c < column_count; ++c) {
      for (std::size_t bar = 0; bar < wide.bars(); ++bar) {
        alone.columns[c].push_back(wide.at(static_cast<Column>(c), bar, symbol));
      }
    }
    const auto one = compute_features(alone, own);
    for (std::size_t f = 0; f < own.size(); ++f) {
      ASSERT_TRUE(same_bits(table.bar(279)[f * 130 + symbol], one.bar(279)[f]))
          << own[f] << ", symbol " << symbol;
    }
  }
}

TEST(FeatureStream, TreatsPricesThatAreNoneAsMissing) {
  for (const double bad : {0.0, -5.0, std::numeric_limits<double>::infinity(), not_a_number}) {
    Panel panel = plain_panel(120, 2, 3);
    panel.at(Column::close, 100, 0) = bad;
    const auto table = compute_features(panel, {"log_return", "realised_volatility_21", "rsi_14"});
    for (std::size_t f = 0; f < 3; ++f) {
      EXPECT_TRUE(std::isnan(table.bar(100)[f * 2])) << bad;
      EXPECT_TRUE(std::isfinite(table.bar(101)[f * 2])) << bad;
    }
  }
}

TEST(FeatureStream, CarriesACloseOverTenMissingBarsAndNoMore) {
  for (const std::size_t halt : {1UL, 10UL, 11UL}) {
    Panel panel = plain_panel(60, 1, 4);
    for (std::size_t bar = 20; bar < 20 + halt; ++bar) panel.at(Column::close, bar, 0) = not_a_number;
    const auto table = compute_features(panel, {"log_return"});
    const double value = table.bar(20 + halt)[0];
    if (halt == 11) {
      EXPECT_TRUE(std::isnan(value));
    } else {
      EXPECT_DOUBLE_EQ(value,
                       std::log(panel.at(Column::close, 20 + halt, 0) / panel.at(Column::close, 19, 0)));
    }
  }
}

}  // namespace
}  // namespace regent::market::test
