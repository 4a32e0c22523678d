#include "trainer/commands/decide_command.hpp"

#include <gmock/gmock.h>

#include "market/io/series_file.hpp"
#include "models/decider.hpp"
#include "tests/trainer/small_run.hpp"

namespace regent::trainer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using DecideCommand = SmallRun;

TEST_F(DecideCommand, PrintsTheDecisionOfTheLastBarWithItsReasons) {
  ASSERT_EQ(train("run"), 0) << errors_;
  const std::string set = (folder_ / "run" / "bundles").string(), data = (folder_ / "data.parquet").string();
  ASSERT_EQ(command(decide_command, {"regent-decide", "--bundle", set, "--data", data, "--json"}), 0)
      << errors_;
  const auto found = nlohmann::json::parse(output_);

  const auto bundle =
      std::make_shared<models::Bundle>(std::move(models::load_bundles(set)[1]));  // serves in 2004
  models::Decider decider(bundle, panel_.symbols, panel_.column_set());
  models::Decision wanted;
  for (std::size_t bar = 0; bar < panel_.bars(); ++bar) wanted = decider.update(panel_.bar(bar));
  EXPECT_EQ(found.at("bundle"), bundle->manifest.fingerprint);
  EXPECT_EQ(found.at("timestamp_ms"), panel_.timestamps_ms.back());
  EXPECT_EQ(found.at("regime"), wanted.regime);
  EXPECT_EQ(found.at("micro_posterior"), nlohmann::json(wanted.micro_posterior));
  EXPECT_EQ(found.at("note"), "");
  for (std::size_t i = 0; i < panel_.symbol_count(); ++i) {
    const auto& symbol = found.at("symbols")[i];
    EXPECT_EQ(symbol.at("symbol"), panel_.symbols[i]);
    EXPECT_EQ(symbol.at("weight").get<double>(), wanted.weights[i]);
    EXPECT_EQ(symbol.at("conviction").get<double>(), wanted.convictions[i]);
    ASSERT_EQ(symbol.at("moved_by").size(), 3U);
    double last = 1e300;
    for (const auto& reason : symbol.at("moved_by")) {
      EXPECT_LE(std::abs(reason.at("contribution").get<double>()), last);
      last = std::abs(reason.at("contribution").get<double>());
    }
  }

  ASSERT_EQ(command(decide_command, {"regent-decide", "--bundle", set, "--data", data}), 0) << errors_;
  EXPECT_THAT(output_, AllOf(HasSubstr(wanted.regime), HasSubstr(panel_.symbols[3]), HasSubstr("volatility"),
                             HasSubstr("moved by")));
}

TEST_F(DecideCommand, SaysWhenTheBarIsOneThatTheBundleMayHaveLearntFrom) {
  ASSERT_EQ(train("run", {"--set", "walk_forward.enabled=false"}), 0) << errors_;
  ASSERT_EQ(command(decide_command, {"regent-decide", "--bundle", (folder_ / "run/bundles/final").string(),
                                     "--data", (folder_ / "data.parquet").string()}),
            0)
      << errors_;
  EXPECT_THAT(output_, HasSubstr("may have learnt from it"));
}

TEST_F(DecideCommand, WritesTheDecisionsThatAServerWouldHaveMadeAfterEveryBar) {
  ASSERT_EQ(train("run"), 0) << errors_;
  const std::string set = (folder_ / "run" / "bundles").string(), data = (folder_ / "data.parquet").string();
  const std::string out = (folder_ / "weights.csv").string();
  ASSERT_EQ(command(decide_command, {"regent-decide", "--bundle", set, "--data", data, "--out", out}), 0)
      << errors_;
  const market::SeriesTable table = market::read_series(out);
  const auto bundles = models::load_bundles(set);
  ASSERT_EQ(bundles.size(), 2U);
  const std::size_t first = panel_.lower_bound(bundles[0].manifest.serve_from_ms);
  const std::size_t second = panel_.lower_bound(bundles[1].manifest.serve_from_ms);
  ASSERT_EQ(table.rows, panel_.bars() - first);
  const auto times = market::times_of(*table.time_column());
  ASSERT_TRUE(times);
  for (std::size_t which : {0, 1}) {
    const auto bundle = std::make_shared<models::Bundle>(std::move(models::load_bundles(set)[which]));
    models::Decider decider(bundle, panel_.symbols, panel_.column_set());
    for (std::size_t bar = 0; bar < panel_.bars(); ++bar) {
      const models::Decision wanted = decider.update(panel_.bar(bar));
      if (bar < first || (bar < second) != (which == 0)) continue;
      EXPECT_EQ((*times)[bar - first], panel_.timestamps_ms[bar]);
      EXPECT_EQ(market::cell_text_of(*table.find("regime"), bar - first), wanted.regime);
      for (std::size_t i = 0; i < panel_.symbol_count(); ++i) {
        ASSERT_EQ(market::numbers_of(table, *table.find(panel_.symbols[i]))[bar - first], wanted.weights[i])
            << "bar " << bar;
      }
    }
  }
  market::write_panel(panel_.slice(0, first), folder_ / "early.parquet");
  EXPECT_EQ(command(decide_command, {"regent-decide", "--bundle", set, "--data",
                                     (folder_ / "early.parquet").string(), "--out", out}),
            2);
  EXPECT_THAT(errors_, HasSubstr("no bar of the data can be decided"));
}

TEST_F(DecideCommand, RefusesOtherSymbolsTooFewBarsAndWhatIsNoBundle) {
  ASSERT_EQ(train("run", {"--set", "walk_forward.enabled=false"}), 0) << errors_;
  const std::string bundle = (folder_ / "run/bundles/final").string();
  market::Panel other = panel_;
  other.symbols.back() = "ZZZ";
  market::write_panel(other, folder_ / "other.parquet");
  EXPECT_EQ(command(decide_command,
                    {"regent-decide", "--bundle", bundle, "--data", (folder_ / "other.parquet").string()}),
            2);
  EXPECT_THAT(errors_, HasSubstr("ZZZ"));
  market::write_panel(panel_.slice(0, 40), folder_ / "short.parquet");
  EXPECT_EQ(command(decide_command,
                    {"regent-decide", "--bundle", bundle, "--data", (folder_ / "short.parquet").string()}),
            2);
  EXPECT_THAT(errors_, HasSubstr("40 bars are too few"));
  EXPECT_EQ(command(decide_command, {"regent-decide", "--bundle", (folder_ / "run").string(), "--data",
                                     (folder_ / "data.parquet").string()}),
            2);
}

}  // namespace
}  // namespace regent::trainer
