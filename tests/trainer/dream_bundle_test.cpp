// regent dream --bundle.

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "cuda/scenario/path_account.hpp"
#include "market/io/series_file.hpp"
#include "market/panel_selection.hpp"
#include "scenario/bar_shapes.hpp"
#include "scenario/calibration.hpp"
#include "tests/models/small_bundle.hpp"
#include "tests/trainer/small_run.hpp"
#include "trainer/bundle_dream.hpp"
#include "trainer/commands/dream_bundle_command.hpp"

namespace regent::trainer {
namespace {

using cuda::scenario::Task;
using market::Column;
using testing::HasSubstr;

class DreamBundle : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    panel_ = models::small_market(400);
    for (const Column column : {Column::open, Column::high, Column::low, Column::volume})
      panel_.columns[static_cast<std::size_t>(column)].clear();
    market::write_panel(panel_, folder_ / "data.parquet");
    models::Bundle bundle = models::small_bundle(panel_);
    models::write_bundle(bundle, folder_ / "bundle");
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"regent-dream", "--bundle", path("bundle"), "--data", path("data.parquet"),
                                 "--steps",      "20"};
    if (std::ranges::find(more, "--path") == more.end()) all.emplace_back("--no-plots");
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  nlohmann::json json_of_dream(std::vector<std::string> more) {
    more.emplace_back("--json");
    EXPECT_EQ(command(dream_bundle_command, words(more)), 0) << errors_;
    return nlohmann::json::parse(output_);
  }
  int refused(const std::vector<std::string>& all) { return command(dream_bundle_command, all); }
};

// A law, a task and a policy that has seen the data.
struct Dreamt {
  BundleDream policy;
  scenario::Calibration calibration;
  std::vector<cuda::scenario::Stress> schedule{30};
  Task task;

  Dreamt(const fs::path& bundle, const market::Panel& data) : policy(bundle) {
    std::optional<market::Panel> panel = data;
    policy.see(panel);
    calibration =
        scenario::calibrate(*panel, scenario::returns_of(*panel), {.regimes = policy.regimes()}).calibration;
    schedule[0].spread = 2;
    schedule[4] = {.market_move = -0.1, .spread = 3, .impact = 2};
    task.law = &calibration.law;
    task.schedule = schedule;
    task.policy.target.assign(panel->symbol_count(), 0.25);
    task.costs = {.fee = 0.001, .half_spread = 0.0005, .impact = 0.02};
    task.ruin_equity = 0.5;
    task.steps = 30;
    task.seed = 7;
  }
  Dreamt(const Dreamt&) = delete;
};

TEST_F(DreamBundle, RollsAPathOutAsADeciderAndAnAccountBarByBarDo) {
  const Dreamt d(folder_ / "bundle", panel_);
  const std::uint64_t number = 37;
  const auto kept = d.policy.record(d.task, number, 1);
  const auto out = d.policy.run(d.task, number, 1);
  const auto drawn = cuda::scenario::record(cuda::Resources::make("cpu"), d.task, number, 1);
  ASSERT_EQ(kept.log_returns, drawn.log_returns);

  const auto bundle = std::make_shared<models::Bundle>(models::load_bundle(folder_ / "bundle"));
  models::Decider decider(bundle, panel_.symbols, panel_.column_set());
  std::vector<double> before, last;
  for (std::size_t bar = 0; bar < panel_.bars(); ++bar) {
    before = last;
    last = decider.update(panel_.bar(bar)).weights;
  }
  const std::size_t n = panel_.symbol_count();
  const std::span<const double> closes = panel_.bar(panel_.bars() - 1)[Column::close];
  std::vector<double> prices(closes.begin(), closes.end());
  cuda::scenario::PathAccount account(d.task.costs, d.task.ruin_equity, before, 2, 1);
  double moved = 0;
  for (std::size_t t = 0; t < 30; ++t) {
    for (std::size_t s = 0; s < n; ++s) {
      // the network's products of 128 rows instead of 4 may sum in another order
      ASSERT_NEAR(kept.weights[t * n + s], last[s], 1e-6) << "step " << t;
      moved = std::max(moved, std::abs(last[s] - before[s]));
    }
    account.step(std::span(drawn.log_returns).subspan(t * n, n), last, drawn.spread[t], drawn.impact[t]);
    ASSERT_NEAR(kept.equity[t], account.equity(), 1e-6) << "step " << t;
    for (std::size_t s = 0; s < n; ++s)
      prices[s] *= std::exp(static_cast<double>(drawn.log_returns[t * n + s]));
    market::BarView bar{.timestamp_ms = panel_.timestamps_ms.back() + static_cast<TimestampMs>(t + 1)};
    bar.columns[static_cast<std::size_t>(Column::close)] = prices;
    before = last;
    last = decider.update(bar).weights;
  }
  EXPECT_GT(moved, 0.01) << "the policy holds still: the test says little";
  EXPECT_EQ(out.final_equity[0], kept.equity.back());
  EXPECT_EQ(out.final_regime[0], kept.regime.back());
  EXPECT_GT(out.costs[0], 0);
  EXPECT_GT(out.turnover[0], 0);
}

TEST_F(DreamBundle, MakesAPathAgainAloneWithTheSameBits) {
  const Dreamt d(folder_ / "bundle", panel_);
  const auto many = d.policy.run(d.task, 20, 60);
  for (const std::uint64_t number : {20ULL, 31ULL, 32ULL, 79ULL}) {
    const auto alone = d.policy.run(d.task, number, 1);
    EXPECT_EQ(alone.final_equity[0], many.final_equity[number - 20]) << number;
    EXPECT_EQ(alone.turnover[0], many.turnover[number - 20]);
    EXPECT_EQ(alone.drawdown_max[0], many.drawdown_max[number - 20]);
    EXPECT_EQ(d.policy.record(d.task, number, 1).equity.back(), many.final_equity[number - 20]);
  }
  ASSERT_EQ(many.final_equity.size(), 60U);
}

TEST_F(DreamBundle, TakesItsRegimesFromTheBundle) {
  const Dreamt d(folder_ / "bundle", panel_);
  const hmm::Model model = models::small_regimes();
  EXPECT_EQ(d.calibration.labels, model.labels);
  EXPECT_EQ(d.calibration.law.regimes, 2);
  const std::vector<double> wanted = model.flat_transition();
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(d.calibration.law.transition[i], wanted[i], 1e-12);
}

TEST_F(DreamBundle, GoesOnAfterABudgetAndShowsTheWorstPath) {
  write_file_atomically(folder_ / "stress.toml",
                        "[[stress]]\nname = \"crash\"\nkind = \"crisis\"\nat = 3\nmoves = [-0.3]\n");
  const std::vector<std::string> whole{"--scenarios",       "100",   "--chunk",    "40", "--stresses",
                                       path("stress.toml"), "--out", path("whole")};
  std::vector<std::string> parts = whole;
  parts.back() = path("parts");
  parts.insert(parts.end(), {"--budget", "0.000001s"});
  EXPECT_EQ(json_of_dream(parts)["paths"], 40);
  EXPECT_EQ(json_of_dream(parts)["paths"], 80);
  EXPECT_EQ(json_of_dream(parts)["complete"], true);
  const auto dream = json_of_dream(whole);
  EXPECT_EQ(read_file(folder_ / "parts/dream.parquet"), read_file(folder_ / "whole/dream.parquet"));
  EXPECT_THAT(dream["policy"].get<std::string>(), HasSubstr("bundle "));
  EXPECT_EQ(dream["stresses"].size(), 2U);
  EXPECT_EQ(dream["regimes"].size(), 2U);
  for (const char* name : {"dream_report.md", "metrics.prom", "report.json", "model.json", "fan.parquet"})
    EXPECT_TRUE(fs::exists(folder_ / "whole" / name)) << name;
  EXPECT_THAT(read_file(folder_ / "whole/dream_report.md"), HasSubstr("What breaks this policy, how likely"));

  const auto worst = dream["stresses"][1]["worst_paths"][0].get<int>();
  const auto again = json_of_dream(
      {"--stresses", path("stress.toml"), "--stress", "crash", "--path", std::to_string(worst)});
  const market::SeriesTable table = market::read_series(path("whole/dream.parquet"));
  const auto equities = market::numbers_of(table, *table.find("final_equity"));
  EXPECT_EQ(again["equity"].back().get<double>(), equities[100 + static_cast<std::size_t>(worst)]);
  EXPECT_EQ(again["weights"].size(), 4U);
}

TEST_F(DreamBundle, SaysWhatIsWrong) {
  EXPECT_EQ(refused({"regent-dream", "--bundle", path("bundle")}), 2);
  EXPECT_THAT(errors_, HasSubstr("--bundle needs --data FILE"));
  EXPECT_EQ(refused(words({"--portfolio", "equal"})), 2);
  EXPECT_THAT(errors_, HasSubstr("--bundle excludes --portfolio"));
  EXPECT_EQ(refused({"regent-dream", "--bundle", path("nowhere"), "--data", path("data.parquet")}), 2);
  EXPECT_THAT(errors_, HasSubstr("nowhere"));
  market::write_panel(panel_.slice(0, 31), folder_ / "short.parquet");
  EXPECT_EQ(refused({"regent-dream", "--bundle", path("bundle"), "--data", path("short.parquet")}), 2);
  EXPECT_THAT(errors_, HasSubstr("31 bars are too few"));
  const std::vector<std::size_t> some{0, 1, 2};
  market::write_panel(market::with_symbols(panel_, some), folder_ / "three.parquet");
  EXPECT_EQ(refused({"regent-dream", "--bundle", path("bundle"), "--data", path("three.parquet")}), 2);
  EXPECT_THAT(errors_, HasSubstr(panel_.symbols[3]));
}

// A bundle that looks at ranges and volume, and bars of all columns.
class DreamWholeBars : public DreamBundle {
 protected:
  void SetUp() override {
    DreamBundle::SetUp();
    panel_ = models::small_market(400);
    models::Bundle bundle = models::small_bundle(panel_);
    bundle.manifest.features[2] = bundle.normaliser.names[2] = "parkinson_range";
    bundle.manifest.features[3] = bundle.normaliser.names[3] = "volume_z_score_63";
    bundle.manifest.columns = {"high", "low", "close", "volume"};
    models::write_bundle(bundle, folder_ / "whole");
  }
};

TEST_F(DreamWholeBars, DecideAsADeciderDoesThatSeesTheirShapes) {
  const Dreamt d(folder_ / "whole", panel_);
  const std::uint64_t number = 41;
  const auto kept = d.policy.record(d.task, number, 1);
  EXPECT_EQ(d.policy.run(d.task, number, 1).final_equity[0], kept.equity.back());

  market::Panel seen = panel_;
  seen.columns[static_cast<std::size_t>(Column::open)].clear();  // the bundle does not look at opens
  const scenario::BarShapes shapes(seen);
  scenario::ShapeState state = shapes.at_end();
  models::Decider decider(std::make_shared<models::Bundle>(models::load_bundle(folder_ / "whole")),
                          seen.symbols, seen.column_set());
  std::vector<double> last;
  for (std::size_t bar = 0; bar < seen.bars(); ++bar) last = decider.update(seen.bar(bar)).weights;
  const std::size_t n = seen.symbol_count();
  const std::span<const double> closes = seen.bar(seen.bars() - 1)[Column::close];
  std::vector<double> prices(closes.begin(), closes.end()), held = last;
  double differs = 0;
  for (std::uint32_t t = 0; t < 30; ++t) {
    const auto moves = std::span(kept.log_returns).subspan(t * n, n);
    const std::vector<double> before = prices;
    for (std::size_t s = 0; s < n; ++s) {
      ASSERT_NEAR(kept.weights[t * n + s], last[s], 1e-6) << "step " << t;
      prices[s] *= std::exp(static_cast<double>(moves[s]));
      differs = std::max(differs, std::abs(last[s] - held[s]));
    }
    scenario::BarShapes::Columns made;
    shapes.make({d.task.seed, number, t}, moves, before, prices, state, made);
    market::BarView bar{.timestamp_ms = seen.timestamps_ms.back() + static_cast<TimestampMs>(t + 1)};
    for (std::size_t c = 0; c < market::column_count; ++c) bar.columns[c] = made[c];
    bar.columns[static_cast<std::size_t>(Column::close)] = prices;
    last = decider.update(bar).weights;
  }
  EXPECT_GT(differs, 0.01) << "the policy holds still: the test says little";
}

TEST_F(DreamWholeBars, NeedTheColumnsThatTheBundleLooksAt) {
  EXPECT_EQ(refused({"regent-dream", "--bundle", path("whole"), "--data", path("data.parquet")}), 2);
  EXPECT_THAT(errors_, HasSubstr("the column 'high'"));
}

TEST_F(DreamWholeBars, AreDreamedFromTheCommandLine) {
  market::write_panel(panel_, folder_ / "whole.parquet");
  const std::vector<std::string> words{
      "regent-dream", "--bundle", path("whole"), "--data", path("whole.parquet"), "--steps", "20",
      "--scenarios",  "64",       "--no-plots",  "--json"};
  EXPECT_EQ(command(dream_bundle_command, words), 0) << errors_;
  EXPECT_EQ(nlohmann::json::parse(output_)["complete"], true);
}

}  // namespace
}  // namespace regent::trainer
