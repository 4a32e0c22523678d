// regent dream as people run it, in a folder of its own for each test.

#include <gmock/gmock.h>

#include "market/csv_panel.hpp"
#include "market/synthetic.hpp"
#include "tests/base/command_test.hpp"

namespace regent::scenario {
namespace {

using ::testing::HasSubstr;

class DreamCommand : public regent::test::CommandTest {
 protected:
  void SetUp() override {
    const auto market = market::make_synthetic_market({.symbols = 3, .bars = 400, .seed = 5, .ohlcv = false});
    market::write_csv_panel(market.panel, path("panel.csv"));
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  ProcessResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {REGENT_DREAM_PROGRAM, "--data", path("panel.csv"), "--macros", "2",
                                         "--micros", "1", "--steps", "20", "--device", "cpu", "--no-plots"});
    return run_process(arguments, 60'000);
  }
  nlohmann::json json_of(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const ProcessResult done = run(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.standard_error;
    return nlohmann::json::parse(done.standard_output);
  }
};

constexpr const char* crash = "[[stress]]\nname = \"crash\"\nkind = \"crisis\"\nat = 3\nmoves = [-0.3]\n";

TEST_F(DreamCommand, GoesOnAfterABudgetAndEndsWithTheSameResult) {
  write("stress.toml", crash);
  const std::vector<std::string> whole{
      "--scenarios",       "100",           "--chunk",          "32",    "--stresses",
      path("stress.toml"), "--calibration", path("model.json"), "--out", path("whole")};
  std::vector<std::string> parts = whole;
  parts.back() = path("parts");
  parts.insert(parts.end(), {"--budget", "0.000001s"});
  const auto first = json_of(parts);
  EXPECT_EQ(first["paths"], 32);
  EXPECT_EQ(first["complete"], false);
  int starts = 1;
  for (bool complete = false; !complete && starts < 10; ++starts) complete = json_of(parts)["complete"];
  EXPECT_EQ(starts, 4);
  const auto undisturbed = json_of(whole);
  EXPECT_EQ(bytes_of("parts/dream.parquet"), bytes_of("whole/dream.parquet"));
  EXPECT_EQ(bytes_of("parts/report.json"), bytes_of("whole/report.json"));
  EXPECT_LT(undisturbed["stresses"][1]["mean"], undisturbed["stresses"][0]["mean"].get<double>() - 0.2);
}

TEST_F(DreamCommand, MakesTheWorstPathAgain) {
  const auto dream = json_of({"--scenarios", "200", "--calibration", path("model.json")});
  const auto worst = dream["stresses"][0]["worst_paths"][0].get<int>();
  const auto again = json_of({"--calibration", path("model.json"), "--path", std::to_string(worst)});
  ASSERT_EQ(again["equity"].size(), 20U);
  EXPECT_LE(again["equity"].back().get<double>() - 1,
            -dream["stresses"][0]["risk"][1]["value_at_risk"].get<double>());
}

TEST_F(DreamCommand, GoesOnFromTheVolatilityInWhichTheDataEnd) {
  const auto risk_of = [&](const std::string& start) {
    const auto dream = json_of({"--scenarios", "400", "--calibration", path("model.json"), "--start", start});
    return dream["stresses"][0]["risk"][0]["value_at_risk"].get<double>();
  };
  risk_of("stationary");
  auto model = nlohmann::ordered_json::parse(bytes_of("model.json"));
  // as the data end it is calm as ever, but three times as volatile, and stays so
  model["now"] = model["start"];
  model["now_variance"] = 9;
  model["volatility"]["kind"] = "constant";
  model["jumps"]["variance"] = 0;
  write("model.json", model.dump());
  const double ratio = risk_of("now") / risk_of("stationary");
  EXPECT_GT(ratio, 2.5);
  EXPECT_LT(ratio, 3.5);
}

TEST_F(DreamCommand, GoesOnFromEachAssetsOwnVolatility) {
  json_of({"--scenarios", "10", "--calibration", path("model.json")});
  auto model = nlohmann::ordered_json::parse(bytes_of("model.json"));
  model["now"] = model["start"];
  // nothing but own shocks; the second asset's are four times as wide as the data end, and stay so
  for (auto& loading : model["loadings"]) loading = 0;
  for (auto& intensity : model["jumps"]["intensity"]) intensity = 0;
  model["jumps"]["variance"] = 0;
  model["volatility"]["kind"] = "constant";
  model["own_volatility"] = {{"kind", "asset"}, {"persistence", 0.9999}, {"response", 0}};
  model["now_variance"] = 1;
  model["now_own_variance"] = {1, 16, 1};
  for (auto& own : model["idiosyncratic"]) own = 0.01;
  for (auto& dof : model["idiosyncratic_dof"]) dof = 0;
  model["dof"] = 0;
  write("model.json", model.dump());
  const auto risk_of = [&](const std::string& start) {
    const auto dream = json_of({"--scenarios", "400", "--calibration", path("model.json"), "--start", start});
    return dream["stresses"][0]["risk"][0]["value_at_risk"].get<double>();
  };
  // √((1 + 16 + 1)/3) of the variance of three equal weights
  EXPECT_NEAR(risk_of("now") / risk_of("stationary"), std::sqrt(6.0), 0.5);
}

TEST_F(DreamCommand, DreamsOfHistoryInBlocksAndAsItWas) {
  for (const char* source : {"stationary", "circular", "replay"}) {
    const auto dream = json_of({"--source", source, "--scenarios", "50"});
    EXPECT_EQ(dream["paths"], 50) << source;
    EXPECT_TRUE(dream["regimes"].empty());
  }
}

TEST_F(DreamCommand, WritesWhatItPromises) {
  ASSERT_EQ(run({"--scenarios", "64", "--out", path("out"), "--paths"}).exit_code, 0);
  for (const char* name :
       {"dream_report.md", "dream.parquet", "report.json", "metrics.prom", "model.json", "fan.parquet",
        "regimes.parquet", "chunks/baseline-0-64.parquet", "paths/baseline-0-64.parquet"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / name)) << name;
  }
  EXPECT_THAT(bytes_of("out/dream_report.md"), HasSubstr("What breaks this portfolio, how likely"));
  EXPECT_THAT(bytes_of("out/metrics.prom"), HasSubstr("regent_dream_paths 64\n"));
  const ProcessResult other = run({"--scenarios", "64", "--out", path("out"), "--seed", "2"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.standard_error, HasSubstr("holds another dream"));
}

TEST_F(DreamCommand, RefusesALawOfOtherBarsOrSymbols) {
  json_of({"--scenarios", "10", "--calibration", path("model.json")});
  auto model = nlohmann::ordered_json::parse(bytes_of("model.json"));
  const auto error_of = [&] {
    const ProcessResult done = run({"--scenarios", "10", "--calibration", path("model.json")});
    EXPECT_EQ(done.exit_code, 2) << done.standard_output;
    return done.standard_error;
  };
  const double bars = model["bars_per_year"];
  model["bars_per_year"] = bars * 1.4;  // holidays and gaps
  write("model.json", model.dump());
  json_of({"--scenarios", "10", "--calibration", path("model.json")});
  model["bars_per_year"] = bars * 24;
  write("model.json", model.dump());
  EXPECT_THAT(error_of(),
              AllOf(HasSubstr("the data have about " + std::to_string(std::llround(bars)) + " bars"),
                    HasSubstr("model.json"), HasSubstr("--timeframe")));
  model["bars_per_year"] = bars;
  model["symbols"][1] = "XYZ";
  write("model.json", model.dump());
  EXPECT_THAT(error_of(), HasSubstr("the data's symbols are not those of"));
}

TEST_F(DreamCommand, SaysWhatIsWrong) {
  write("unknown_key.toml", "[[stress]]\nname = \"a\"\nkind = \"crisis\"\nmoves = [-0.1]\nvolatilty = 2\n");
  write("late.toml", "[[stress]]\nname = \"a\"\nkind = \"crisis\"\nat = 20\nmoves = [-0.1]\n");
  write("weights.csv", "symbol,weight\nNOBODY,1\n");
  write("holes.csv", "symbol,weight\nS000,\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--stresses", path("unknown_key.toml")},
       "unknown_key.toml:5: stress.volatilty: unknown key of crisis, did you mean 'volatility'?"},
      {{"--stresses", path("late.toml")}, "begins at step 20, but there are 20 steps"},
      {{"--portfolio", path("weights.csv")}, "symbol 'NOBODY' is none of the source's"},
      {{"--scenarios", "0"}, "--scenarios 0: from 1"},
      {{"--budget", "soon"}, "--budget soon: a positive number"},
      {{"--paths"}, "--out FOLDER, which is not given"},
      {{"--path", "1", "--stress", "crush"}, "--stress crush"}};
  for (const auto& [arguments, message] : cases) {
    const ProcessResult done = run(arguments);
    EXPECT_EQ(done.exit_code, 2) << message;
    EXPECT_THAT(done.standard_error, HasSubstr(message));
  }
}

}  // namespace
}  // namespace regent::scenario
