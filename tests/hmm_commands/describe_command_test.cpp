// regent hmm describe | convert | plot

#include <cmath>

#include "hmm_command.hpp"

namespace regent::hmm::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

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
  EXPECT_EQ(
      run("describe --model m.json --data x.csv --previous old.json --json").json()["changed"][0]["share"],
      1.0);
  EXPECT_EQ(run("describe --model m.json --previous old.json").code, 2);
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

TEST_F(HmmCommand, DrawsPicturesOrSaysWhyNot) {
  write("m.json", returns_model);
  write("x.csv", returns_table());
  const auto outcome = run("plot --model m.json --data x.csv --out pictures");
  EXPECT_TRUE(std::filesystem::exists(path("pictures/series.parquet")));
  EXPECT_TRUE(std::filesystem::exists(path("pictures/regimes.json")));
  if (outcome.code != 0) {
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("the pictures were not drawn"), HasSubstr("scripts/plots/hmm.py")));
    GTEST_SKIP() << "no matplotlib or pyarrow here: " << outcome.err;
  }
  for (const char* name : {"price.png", "posteriors.png", "transitions.png", "durations.png"}) {
    EXPECT_EQ(bytes_of(std::string("pictures/") + name).substr(1, 3), "PNG") << name;
  }
}

}  // namespace
}  // namespace regent::hmm::test
