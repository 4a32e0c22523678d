// regent hmm describe | convert | plot

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "hmm_command.hpp"

namespace regent::hmm::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string returns_model = R"({"format": "regent-hmm/1", "features": ["log_return"],
  "labels": ["calm", "chaos"], "start": [1, 0], "transition": [[0.9, 0.1], [0.3, 0.7]],
  "emission": {"kind": "gaussian", "means": [[0.001], [-0.002]], "covariances": [[[0.0001]], [[0.0009]]]}})";

// Ten quiet days, ten wild ones.
std::string returns_table() {
  std::string csv = "date,log_return\n";
  for (int t = 0; t < 20; ++t) {
    csv += std::to_string(1577836800000LL + 86400000LL * t) + "," +
           std::to_string((t < 10 ? 0.002 : 0.06) * (t % 2 == 0 ? 1 : -1)) + "\n";
  }
  return csv;
}

TEST_F(HmmCommand, DescribesTheLongRunOfAModelAlone) {
  write("m.json", returns_model);
  const auto outcome = run("describe --model m.json --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto regimes = outcome.json()["models"][0]["regimes"];
  EXPECT_NEAR(regimes[0]["share"].get<double>(), 0.75, 1e-9);  // 0.3 : 0.1
  EXPECT_NEAR(regimes[1]["mean_duration_bars"].get<double>(), 1 / 0.3, 1e-9);
  EXPECT_TRUE(regimes[0]["drift_per_year"].is_null()) << "bars without times have no year";
  EXPECT_NEAR(regimes[1]["deviations"]["log_return"].get<double>(), 0.03, 1e-12);
  EXPECT_THAT(run("describe --model m.json").out, AllOf(HasSubstr("long-run share"), HasSubstr("75.0 %"),
                                                        HasSubstr("3.33 bars"), HasSubstr("30.00 %")));
}

TEST_F(HmmCommand, DescribesDataInYearsAndComparesWithTheFitBefore) {
  write("m.json", returns_model);
  write("x.csv", returns_table());
  const auto outcome = run("describe --model m.json --data x.csv --previous m.json --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto model = outcome.json()["models"][0];
  const double periods = model["periods_per_year"];
  EXPECT_NEAR(model["regimes"][0]["share"].get<double>(), 0.5, 0.05);
  // of the bars themselves, ±0.06 in turn, and not of the model
  const double wild = 0.06 * std::sqrt(periods);
  EXPECT_NEAR(model["regimes"][1]["volatility_per_year"].get<double>(), wild, 0.05 * wild);
  EXPECT_NEAR(model["regimes"][1]["deviations"]["log_return"].get<double>(), 0.06, 0.003);
  EXPECT_NEAR(model["regimes"][1]["drift_per_year"].get<double>(), 0, 0.002 * periods);
  EXPECT_EQ(outcome.json()["changed"][0]["changed"], 0);
  std::string swapped = returns_model;
  swapped.replace(swapped.find("\"calm\", \"chaos\""), 15, "\"chaos\", \"calm\"");
  write("old.json", swapped);
  const auto renamed =
      run("describe --model m.json --data x.csv --previous old.json --json").json()["changed"][0];
  EXPECT_EQ(renamed["share"], 1.0);
  EXPECT_EQ(renamed["moves"]["calm"]["chaos"].get<int>() + renamed["moves"]["chaos"]["calm"].get<int>(),
            renamed["bars"].get<int>());
  EXPECT_THAT(run("describe --model m.json --data x.csv --previous old.json").out,
              AllOf(HasSubstr("calm to chaos "), HasSubstr("chaos to calm ")));
  EXPECT_EQ(run("describe --model m.json --previous old.json").code, 2);
}

TEST_F(HmmCommand, ComparesModelsOfDifferentWarmUpBarByBar) {
  std::string long_model = returns_model;
  long_model.replace(long_model.find("log_return"), 10, "realised_volatility_21");
  // the long one's states differ so much that its path is the state of 21 quiet or wild bars
  long_model.replace(long_model.find("[[0.001], [-0.002]]"), 19, "[[0.002], [0.1]]");
  long_model.replace(long_model.find("0.0001]], [[0.0009"), 18, "0.0001]], [[0.0001");
  write("short.json", returns_model);
  write("long.json", long_model);
  std::string csv = "timestamp,A\n";
  double price = 100;
  for (int t = 0; t < 120; ++t) {
    price *= std::exp((t < 60 ? 0.002 : 0.1) * (t % 2 == 0 ? 1 : -1));
    csv += std::to_string(1577836800000LL + 86400000LL * t) + "," + std::to_string(price) + "\n";
  }
  write("closes.csv", csv);
  const auto path_of = [&](const std::string& model) {
    return run("decode closes.csv --json --model " + model)
        .json()["series"][0]["path"]
        .get<std::vector<int>>();
  };
  const auto short_path = path_of("short.json"), long_path = path_of("long.json");
  ASSERT_GT(short_path.size(), long_path.size());
  int wanted = 0;  // both end at the last bar
  for (std::size_t back = 1; back <= long_path.size(); ++back) {
    wanted += short_path[short_path.size() - back] != long_path[long_path.size() - back];
  }
  for (const char* models :
       {"--model short.json --previous long.json", "--model long.json --previous short.json"}) {
    const auto outcome = run(std::string("describe closes.csv --json ") + models);
    ASSERT_EQ(outcome.code, 0) << models << outcome.err;
    const auto changed = outcome.json()["changed"][0];
    EXPECT_EQ(changed["bars"], long_path.size()) << models;
    EXPECT_EQ(changed["changed"], wanted) << models;
  }
  std::string market = returns_model;
  market.replace(market.find("log_return"), 10, "market_return");
  write("market.json", market);
  const auto apart = run("describe closes.csv --model short.json --previous market.json");
  EXPECT_EQ(apart.code, 2);
  EXPECT_THAT(apart.err, HasSubstr("have no bar in common"));
}

TEST_F(HmmCommand, ConvertsModelsBothWaysWithoutLosingABit) {
  write("m.json", returns_model);
  ASSERT_EQ(run("convert m.json --out m.safetensors").code, 0);
  ASSERT_EQ(run("convert m.safetensors --out back.json").code, 0);
  ASSERT_EQ(run("convert m.json --out again.json").code, 0);
  EXPECT_EQ(bytes_of("back.json"), bytes_of("again.json"));
  EXPECT_EQ(run("describe --model back.json --json").out, run("describe --model m.json --json").out);
  write("u.json", umbrella_model);
  const auto structure = run("convert u.json --out u.safetensors");
  EXPECT_EQ(structure.code, 2);
  EXPECT_THAT(structure.err, HasSubstr("only be written as .json"));
  EXPECT_EQ(run("convert m.json --out m.txt").code, 2);
  write("cut.safetensors", bytes_of("m.safetensors").substr(0, 100));
  const auto cut = run("convert cut.safetensors --out cut.json");
  EXPECT_EQ(cut.code, 2);
  EXPECT_THAT(cut.err, HasSubstr("cut.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(path("cut.json")));
}

TEST_F(HmmCommand, DrawsSymbolsThatLookLikeNumbersOrPathsApart) {
  write("m.json", returns_model);
  std::string csv = "date,symbol,log_return\n";
  const std::string rows = returns_table().substr(16);
  for (const std::string symbol : {"000001", "BTC/USDT", "BTC_USDT"}) {
    std::istringstream in(rows);
    for (std::string line; std::getline(in, line);) csv += line.insert(line.find(','), "," + symbol) + "\n";
  }
  write("x.csv", csv);
  const auto outcome = run("plot --model m.json --data x.csv --out pictures");
  if (!can_draw()) GTEST_SKIP() << "no matplotlib or pyarrow here: " << outcome.err;
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"000001_price.png", "BTC%2FUSDT_price.png", "BTC_USDT_price.png"}) {
    EXPECT_EQ(bytes_of(std::string("pictures/") + name).substr(1, 3), "PNG") << name;
  }
}

// Big-endian at its place in the first chunk of a PNG.
int width_of(const std::string& png) {
  int width = 0;
  for (std::size_t i = 16; i < 20; ++i) width = width * 256 + static_cast<unsigned char>(png.at(i));
  return width;
}

TEST_F(HmmCommand, DrawsThirtyTwoStatesAndASingleBarInPicturesOfAUsualSize) {
  nlohmann::json model = {{"format", "regent-hmm/1"}, {"start", std::vector<double>(32, 1.0 / 32)}};
  std::string emissions;
  for (int k = 0; k < 32; ++k) {
    model["transition"].push_back(std::vector<double>(32, 1.0 / 32));
    emissions += (k == 0 ? "" : ",") + std::to_string(-k);
  }
  write("m.json", model.dump());
  write("e.csv", emissions + "\n");
  const auto outcome = run("plot --model m.json --emissions e.csv --out pictures");
  if (!can_draw()) GTEST_SKIP() << "no matplotlib or pyarrow here: " << outcome.err;
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const std::string name : {"posteriors", "transitions", "durations"}) {
    EXPECT_LT(width_of(bytes_of("pictures/" + name + ".png")), 2600) << name;
  }
}

TEST_F(HmmCommand, DrawsPicturesOrSaysWhyNot) {
  write("m.json", returns_model);
  write("x.csv", returns_table());
  const auto outcome = run("plot --model m.json --data x.csv --out pictures");
  EXPECT_TRUE(std::filesystem::exists(path("pictures/series.parquet")));
  EXPECT_TRUE(std::filesystem::exists(path("pictures/regimes.json")));
  if (!can_draw()) {
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("the pictures were not drawn"), HasSubstr("scripts/plots/hmm.py")));
    GTEST_SKIP() << "no matplotlib or pyarrow here: " << outcome.err;
  }
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"price.png", "posteriors.png", "transitions.png", "durations.png"}) {
    EXPECT_EQ(bytes_of(std::string("pictures/") + name).substr(1, 3), "PNG") << name;
  }
}

}  // namespace
}  // namespace regent::hmm::test
