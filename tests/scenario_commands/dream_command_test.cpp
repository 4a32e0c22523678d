// regent dream as people run it, in a folder of its own for each test.

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "market/csv_panel.hpp"
#include "market/io/series_file.hpp"
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
  // With few regimes, which are fitted sooner, where any are.
  ProcessResult run(std::vector<std::string> arguments) const {
    bool fits = true;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const bool reads = arguments[i] == "--calibration" && std::filesystem::exists(arguments[i + 1]);
      fits = fits && !reads && arguments[i] != "--source" && arguments[i] != "--macros";
    }
    if (fits) arguments.insert(arguments.end(), {"--macros", "2", "--micros", "1"});
    return run_plain(arguments);
  }
  ProcessResult run_plain(std::vector<std::string> arguments) const {
    if (std::ranges::find(arguments, "--path") == arguments.end()) arguments.emplace_back("--no-plots");
    arguments.insert(arguments.begin(),
                     {REGENT_DREAM_PROGRAM, "--data", path("panel.csv"), "--steps", "20", "--device", "cpu"});
    return run_process(arguments, 60'000);
  }
  std::string error_of(const std::vector<std::string>& arguments) const {
    const ProcessResult done = run_plain(arguments);
    EXPECT_EQ(done.exit_code, 2) << done.standard_output << done.standard_error;
    return done.standard_error;
  }
  nlohmann::json json_of(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const ProcessResult done = run(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.standard_error;
    return nlohmann::json::parse(done.standard_output);
  }
  std::vector<std::string> parts() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out" / "chunks"))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  std::vector<std::string> texts_of(const std::string& file, const std::string& column) const {
    return market::read_series(path(file)).find(column)->texts;
  }
};

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Not;

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

TEST_F(DreamCommand, GoesOnWithTheFlagsOfTheFitThatBeganIt) {
  const std::vector<std::string> begun{"--calibration", path("model.json"),
                                       "--macros",      "2",
                                       "--micros",      "1",
                                       "--scenarios",   "40",
                                       "--chunk",       "16"};
  std::vector<std::string> into = begun;
  into.insert(into.end(), {"--out", path("out"), "--budget", "0.000001s"});
  ASSERT_EQ(run_plain(into).exit_code, 0);
  const ProcessResult second = run_plain(into);
  EXPECT_EQ(second.exit_code, 0) << second.standard_error;
  into[3] = "3";
  EXPECT_THAT(error_of(into), HasSubstr("--macros is for a fit, and --calibration"));
  EXPECT_THAT(error_of(begun), AllOf(HasSubstr("model.json is there"), HasSubstr("remove this one")));
}

TEST_F(DreamCommand, MakesADamagedPartAgainToTheSameBits) {
  const std::vector<std::string> arguments{
      "--calibration", path("model.json"), "--scenarios", "64", "--chunk", "32", "--out", path("out")};
  ASSERT_EQ(run(arguments).exit_code, 0);
  const std::string whole = bytes_of("out/dream.parquet"),
                    part = bytes_of("out/chunks/baseline-32-64.parquet");
  write("out/chunks/baseline-32-64.parquet", part.substr(0, 100));
  const ProcessResult again = run(arguments);
  EXPECT_EQ(again.exit_code, 0) << again.standard_error;
  EXPECT_THAT(again.standard_error, AllOf(HasSubstr("baseline-32-64.parquet: "),
                                          HasSubstr("this part of the dream is made again")));
  EXPECT_EQ(bytes_of("out/chunks/baseline-32-64.parquet"), part);
  EXPECT_EQ(bytes_of("out/dream.parquet"), whole);
  write("out/chunks/baseline-32-64.parquet", bytes_of("out/dream.parquet"));
  EXPECT_THAT(error_of(arguments), HasSubstr("is no part of this dream; remove it to make it again"));
}

TEST_F(DreamCommand, MakesDamagedPathsAgainToTheSameBits) {
  const std::vector<std::string> arguments{
      "--calibration", path("model.json"), "--scenarios", "96", "--chunk", "32",
      "--out",         path("out"),        "--paths"};
  ASSERT_EQ(run(arguments).exit_code, 0);
  const std::vector<std::string> names{"out/paths/baseline-0-32.parquet", "out/paths/baseline-32-64.parquet",
                                       "out/paths/baseline-64-96.parquet"};
  std::vector<std::string> whole;
  for (const auto& name : names) whole.push_back(bytes_of(name));
  std::string flipped = whole[1];
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 4);
  write(names[0], whole[0].substr(0, whole[0].size() / 2));
  write(names[1], flipped);
  const auto untouched = std::filesystem::last_write_time(path(names[2]));
  const ProcessResult again = run(arguments);
  EXPECT_EQ(again.exit_code, 0) << again.standard_error;
  EXPECT_THAT(again.standard_error,
              AllOf(HasSubstr("paths/baseline-0-32.parquet: "), HasSubstr("paths/baseline-32-64.parquet: "),
                    Not(HasSubstr("baseline-64-96")), HasSubstr("this part of the dream is made again")));
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(bytes_of(names[i]), whole[i]) << names[i];
  EXPECT_EQ(std::filesystem::last_write_time(path(names[2])), untouched);
  write(names[0], bytes_of("out/dream.parquet"));
  EXPECT_THAT(error_of(arguments), HasSubstr("is no part of this dream; remove it to make it again"));
}

TEST_F(DreamCommand, WritesNoLawBeforeTheFolderIsItsOwn) {
  // killed after its fit, a dream leaves a law that nobody asked to be read, and its own command is refused
  const std::vector<std::string> begun{
      "--calibration", path("model.json"), "--macros", "2", "--micros", "1", "--scenarios", "16", "--out"};
  const auto into = [&](const std::string& folder) {
    std::vector<std::string> arguments = begun;
    arguments.push_back(path(folder));
    return arguments;
  };
  ASSERT_EQ(run({"--source", "replay", "--scenarios", "16", "--out", path("other")}).exit_code, 0);
  EXPECT_THAT(error_of(into("other")), HasSubstr("holds another dream"));
  EXPECT_FALSE(std::filesystem::exists(path("model.json")));
  ASSERT_EQ(run_plain(into("out")).exit_code, 0);
  const std::string law = bytes_of("model.json"), dreamed = bytes_of("out/dream.parquet");
  // killed between the claim and the law, and while it claimed
  std::filesystem::remove(path("model.json"));
  EXPECT_EQ(run_plain(into("out")).exit_code, 0);
  EXPECT_EQ(bytes_of("model.json"), law);
  std::filesystem::remove(path("model.json"));
  std::filesystem::create_directory(path("claiming"));
  write("claiming/.dream.json.tmp-123-0", "{");
  EXPECT_EQ(run_plain(into("claiming")).exit_code, 0);
  EXPECT_EQ(bytes_of("claiming/dream.parquet"), dreamed);
  std::filesystem::remove(path("model.json"));
  write("full/letter.txt", "mine");
  EXPECT_THAT(error_of(into("full")), HasSubstr("the folder is not empty and holds no dream"));
}

TEST_F(DreamCommand, KeepsTheSameLawWhereverItStarts) {
  json_of({"--scenarios", "10", "--calibration", path("model.json"), "--start", "now", "--out", path("out")});
  json_of({"--scenarios", "10", "--calibration", path("stationary.json")});
  EXPECT_EQ(bytes_of("model.json"), bytes_of("stationary.json"));
  EXPECT_EQ(bytes_of("out/model.json"), bytes_of("stationary.json"));
}

TEST_F(DreamCommand, GoesOnFromThePartsOfMoreOrFewerScenarios) {
  const auto dream = [&](const std::string& scenarios) {
    return json_of({"--calibration", path("model.json"), "--scenarios", scenarios, "--out", path("out")});
  };
  dream("40");
  const auto of_few = bytes_of("out/dream.parquet");
  const auto first = std::filesystem::last_write_time(path("out/chunks/baseline-0-40.parquet"));
  dream("100");
  EXPECT_THAT(parts(), ElementsAre("baseline-0-40.parquet", "baseline-40-100.parquet"));
  EXPECT_EQ(std::filesystem::last_write_time(path("out/chunks/baseline-0-40.parquet")), first);
  json_of({"--calibration", path("model.json"), "--scenarios", "100", "--out", path("whole")});
  EXPECT_EQ(bytes_of("out/dream.parquet"), bytes_of("whole/dream.parquet"));
  EXPECT_EQ(dream("60")["paths"], 60);
  EXPECT_EQ(dream("40")["paths"], 40);
  EXPECT_EQ(bytes_of("out/dream.parquet"), of_few);
  EXPECT_EQ(parts().size(), 2U) << "nothing is made twice";
  std::filesystem::remove(path("out/chunks/baseline-0-40.parquet"));
  dream("100");
  EXPECT_THAT(parts(), ElementsAre("baseline-0-40.parquet", "baseline-40-100.parquet"));
}

TEST_F(DreamCommand, DoesNotMixPathsOfAnotherVersion) {
  const std::vector<std::string> arguments{"--scenarios", "20", "--out", path("out")};
  ASSERT_EQ(run(arguments).exit_code, 0);
  auto said = nlohmann::json::parse(bytes_of("out/dream.json"));
  said["fingerprint"] = std::string(64, '0');
  write("out/dream.json", said.dump());
  EXPECT_THAT(error_of(arguments), HasSubstr("or paths of another version"));
  write("out/dream.json", "{\"fing");
  EXPECT_THAT(error_of(arguments), HasSubstr("out/dream.json: damaged"));
}

TEST_F(DreamCommand, WritesRegimesByName) {
  ASSERT_EQ(run({"--scenarios", "64", "--out", path("out"), "--paths"}).exit_code, 0);
  const auto model = nlohmann::json::parse(bytes_of("out/model.json"));
  const auto labels = model["regimes"].get<std::vector<std::string>>();
  const auto last = texts_of("out/dream.parquet", "final_regime"),
             steps = texts_of("out/paths/baseline-0-64.parquet", "regime");
  ASSERT_EQ(last.size(), 64U);
  ASSERT_EQ(steps.size(), 64U * 20);
  EXPECT_THAT(labels, testing::Contains(last[7]));
  EXPECT_EQ(steps[7 * 20 + 19], last[7]);
}

TEST_F(DreamCommand, SaysNothingOfARegimeThatNoPathWasIn) {
  const std::vector<std::string> arguments{"--scenarios", "16", "--calibration", path("m.json")};
  run(arguments);
  auto model = nlohmann::ordered_json::parse(bytes_of("m.json"));
  model["start"] = {1, 0};
  model["transition"] = {1, 0, 0, 1};
  write("m.json", model.dump());
  const auto regimes = json_of(arguments)["regimes"];
  EXPECT_GT(regimes[0]["deviation"], 0.0);
  EXPECT_EQ(regimes[1]["share"], 0);
  EXPECT_TRUE(regimes[1]["mean"].is_null() && regimes[1]["deviation"].is_null()) << regimes;
}

TEST_F(DreamCommand, SaysWhereThereAreNoJumpsToMultiply) {
  write("stress.toml", "[[stress]]\nname = \"storm\"\nkind = \"jump_storm\"\nbars = 5\nmultiple = 9\n");
  const std::vector<std::string> arguments{"--scenarios",  "16",         "--calibration",
                                           path("m.json"), "--stresses", path("stress.toml")};
  run(arguments);
  auto model = nlohmann::ordered_json::parse(bytes_of("m.json"));
  const auto said = [&](double intensity) {
    for (auto& one : model["jumps"]["intensity"]) one = intensity;
    model["jumps"]["variance"] = 0;
    write("m.json", model.dump());
    return run(arguments).standard_error;
  };
  EXPECT_THAT(said(0), HasSubstr("storm: the law has no jumps, so that its jump_storm multiplies none"));
  EXPECT_THAT(said(0.01), Not(HasSubstr("no jumps")));
}

TEST_F(DreamCommand, SaysWhereRuinCutsALossOff) {
  write("stress.toml", crash);
  const std::vector<std::string> arguments{"--scenarios",       "64",     "--stresses",
                                           path("stress.toml"), "--ruin", "0.9"};
  std::vector<std::string> into = arguments;
  into.insert(into.end(), {"--out", path("out")});
  const std::string text = run(into).standard_output;
  EXPECT_THAT(text, AllOf(HasSubstr(" % †"), HasSubstr("† cut off at ruin: the account stops at 90 %")));
  EXPECT_THAT(bytes_of("out/dream_report.md"), AllOf(HasSubstr(" % † ("), HasSubstr("\n† cut off at ruin")));
  std::vector<std::string> to_the_end = arguments;
  to_the_end.back() = "0";
  EXPECT_THAT(run(to_the_end).standard_output, Not(HasSubstr("†")));
}

TEST_F(DreamCommand, DrawsEveryScenario) {
  if (!regent::test::can_draw(REGENT_SOURCE_FOLDER, "matplotlib, pyarrow")) GTEST_SKIP() << "no matplotlib";
  std::string stresses;
  for (const char digit : {'1', '2', '3', '4', '5', '6', '7'})
    stresses +=
        std::string("[[stress]]\nname = \"s") + digit + "\"\nkind = \"volatility_spike\"\nmultiple = 2\n";
  write("stress.toml", stresses);
  const ProcessResult done = run_process(
      {REGENT_DREAM_PROGRAM, "--data", path("panel.csv"), "--source", "replay", "--steps", "20", "--device",
       "cpu", "--scenarios", "16", "--stresses", path("stress.toml"), "--out", path("out")},
      280'000);
  ASSERT_EQ(done.exit_code, 0) << done.standard_error;
  EXPECT_THAT(done.standard_output,
              HasSubstr("drew 2 pictures in " + path("out") + ": fan.png, distributions.png\n"));
  const std::string fan = bytes_of("out/fan.png");
  ASSERT_GT(fan.size(), 24U);
  const int height = static_cast<unsigned char>(fan[22]) * 256 + static_cast<unsigned char>(fan[23]);
  EXPECT_GT(height, 700) << "eight fans stand in two rows";
}

TEST_F(DreamCommand, RefusesFlagsThatWouldSayNothing) {
  write("model.json", "{}");
  write("stress.toml", crash);
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--stress", "crash", "--stresses", path("stress.toml")}, "--stress is for --path N"},
      {{"--block", "10"}, "--block is for --source stationary or circular"},
      {{"--block", "10", "--source", "replay"}, "--block is for --source stationary or circular"},
      {{"--start", "now", "--source", "circular"}, "--start now is for --source regimes"},
      {{"--macros", "2", "--source", "stationary"}, "--macros is for --source regimes"},
      {{"--calibration", path("model.json"), "--source", "replay"}, "--calibration is for --source regimes"},
      {{"--calibration", path("model.json"), "--factors", "2"}, "--factors is for a fit"}};
  for (const auto& [arguments, message] : cases) EXPECT_THAT(error_of(arguments), HasSubstr(message));
  for (const std::string flag : {"--scenarios=1000", "--budget=1h", "--chunk=16", "--paths", "--no-plots"})
    EXPECT_THAT(error_of({"--path", "1", flag}),
                HasSubstr("--path excludes " + flag.substr(0, flag.find('='))));
}

TEST_F(DreamCommand, RefusesPlacesThatCannotBeWritten) {
  write("afile", "");
  EXPECT_THAT(error_of({"--out", path("afile")}), HasSubstr("is no folder, a file has that name"));
  EXPECT_THAT(error_of({"--out", "/proc/nope"}), HasSubstr("--out /proc/nope"));
  EXPECT_THAT(error_of({"--calibration", path("nodir/x.json")}),
              AllOf(HasSubstr("--calibration "), HasSubstr("nodir is no folder")));
  EXPECT_THAT(error_of({"--path", "1", "--out", path("nodir/x.csv")}), HasSubstr("nodir is no folder"));
  write("weights.csv", "symbol,weight\nA,1\n");
  EXPECT_THAT(error_of({"--path", "1", "--portfolio", path("weights.csv"), "--out", path("weights.csv")}),
              HasSubstr("--portfolio names the same file"));
  EXPECT_THAT(error_of({"--path", "1", "--calibration", path("new.csv"), "--out", path("new.csv")}),
              HasSubstr("--calibration names the same file"));
}

TEST_F(DreamCommand, NamesTheFileAndTheMisspeltKey) {
  json_of({"--scenarios", "10", "--calibration", path("model.json")});
  auto model = nlohmann::ordered_json::parse(bytes_of("model.json"));
  model["volatility"]["alhpa"] = model["volatility"]["alpha"];
  model["volatility"].erase("alpha");
  write("model.json", model.dump());
  EXPECT_THAT(error_of({"--calibration", path("model.json")}),
              HasSubstr("model.json: volatility.alhpa: unknown key, did you mean 'alpha'?"));
  std::istringstream lines(bytes_of("panel.csv"));
  std::string few;
  for (std::string line; std::ranges::count(few, '\n') < 31 && std::getline(lines, line);) few += line + '\n';
  write("panel.csv", few);
  EXPECT_THAT(error_of({}), HasSubstr("panel.csv: only 9 bars have a return"));
}

TEST_F(DreamCommand, SaysWhatIsWrong) {
  write("unknown_key.toml", "[[stress]]\nname = \"a\"\nkind = \"crisis\"\nmoves = [-0.1]\nvolatilty = 2\n");
  write("late.toml", "[[stress]]\nname = \"a\"\nkind = \"crisis\"\nat = 20\nmoves = [-0.1]\n");
  write("weights.csv", "symbol,weight\nNOBODY,1\n");
  write("empty.toml", "");
  write("holes.csv", "symbol,weight\nS000,\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--stresses", path("unknown_key.toml")},
       "unknown_key.toml:5: stress.volatilty: unknown key of crisis, did you mean 'volatility'?"},
      {{"--stresses", path("late.toml")}, "begins at step 20, but there are 20 steps"},
      {{"--portfolio", path("weights.csv")}, "symbol 'NOBODY' is none of the source's"},
      {{"--scenarios", "0"}, "--scenarios 0: from 1"},
      {{"--budget", "soon"}, "--budget soon: a positive number"},
      {{"--chunk", "0"}, "--chunk 0: from 1 to"},
      {{"--paths"}, "--out FOLDER, which is not given"},
      {{"--path", "-1"}, "--path -1: from 0 to"},
      {{"--seed", "-1"}, "--seed -1: from 0 to"},
      {{"--seed", "99999999999999999999"}, "--seed 9223372036854775807: from 0 to 9223372036854775806"},
      {{"--source", "circular", "--block", "100000"},
       "--block 100000: a block must not be longer than the history, which has 399 bars"},
      {{"--stresses", path("empty.toml")}, "empty.toml: no [[stress]] in it"},
      {{"--path", "1", "--stress", "crush"}, "--stress crush"}};
  for (const auto& [arguments, message] : cases) {
    const ProcessResult done = run(arguments);
    EXPECT_EQ(done.exit_code, 2) << message;
    EXPECT_THAT(done.standard_error, HasSubstr(message));
  }
}

}  // namespace
}  // namespace regent::scenario
