// regent hmm select | forecast | sample

#include <cmath>
#include <random>

#include "hmm/model_file.hpp"
#include "hmm_command.hpp"
#include "market/io/series_file.hpp"

namespace regent::hmm::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string three_regimes = R"({"format": "regent-hmm/1", "features": ["log_return", "spread"],
  "labels": ["calm", "mid", "chaos"], "start": [1, 0, 0],
  "transition": [[0.98, 0.015, 0.005], [0.01, 0.98, 0.01], [0.005, 0.015, 0.98]],
  "emission": {"kind": "gaussian", "means": [[0.1, 0], [0, 2], [-0.3, 5]],
    "covariances": [[[0.04, 0], [0, 0.2]], [[0.25, 0], [0, 0.3]], [[0.5, 0.1], [0.1, 0.4]]]}})";

TEST_F(HmmCommand, SelectsTheNumberOfStatesThatTheDataWereDrawnFrom) {
  write("m.json", three_regimes);
  ASSERT_EQ(run("sample --model m.json --bars 3000 --seed 5 --out x.csv").code, 0);
  const auto outcome =
      run("select --data x.csv --features log_return,spread --states 1,2,3,4 --restarts 4 --json --out s");
  const auto said = nlohmann::json::parse(outcome.out.empty() ? bytes_of("s/selection.json") : outcome.out);
  EXPECT_EQ(said["best"]["bic"], "3");
  ASSERT_EQ(said["candidates"].size(), 4U);
  // start 2, transitions 3·2, means 3·2, covariances 3·3
  EXPECT_EQ(said["candidates"][2]["parameters"], 23);
  const double l = said["candidates"][2]["log_likelihood"], bic = said["candidates"][2]["bic"],
               aic = said["candidates"][2]["aic"];
  EXPECT_NEAR(aic, 2 * 23 - 2 * l, 1e-6);
  EXPECT_NEAR(bic, 23 * std::log(3000) - 2 * l, 1e-6);
  EXPECT_GT(said["candidates"][2]["held_out"], said["candidates"][0]["held_out"]);
  EXPECT_TRUE(std::filesystem::exists(path("s/selection.json")));
  if (!can_draw()) GTEST_SKIP() << "no matplotlib or pyarrow here: " << outcome.err;
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(bytes_of("s/selection.png").substr(1, 3), "PNG");
}

TEST_F(HmmCommand, RefusesCandidatesThatAreNone) {
  write("x.csv", "r\n1\n2\n");
  const auto complaint = [&](const std::string& arguments) {
    const auto outcome = run("select --data x.csv " + arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << ": " << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(complaint("--states 1,two"), HasSubstr("\"two\" is no number from 1 to 32"));
  EXPECT_THAT(complaint("--macros 2"), HasSubstr("go together"));
  EXPECT_THAT(complaint("--macros 1 --micros 2"), HasSubstr("no candidate"));
  EXPECT_THAT(complaint("--states 2 --emission cauchy"), HasSubstr("cauchy"));
  EXPECT_THAT(complaint("--states 2 --held-out 1"), HasSubstr("--held-out"));
  EXPECT_THAT(complaint("--states 2"), HasSubstr("2 bars"));
}

TEST_F(HmmCommand, ForecastsByTheChapmanKolmogorovEquation) {
  write("m.json", three_regimes);
  ASSERT_EQ(run("sample --model m.json --bars 50 --seed 2 --out x.csv").code, 0);
  const auto filtered = run("filter --model m.json --data x.csv --json").json()["posteriors"].back();
  const auto outcome = run("forecast --model m.json --data x.csv --horizon 500 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto rows = outcome.json()["series"][0]["forecast"];
  ASSERT_EQ(rows.size(), 500U);
  const double p[3] = {filtered[0], filtered[1], filtered[2]};
  EXPECT_NEAR(rows[0]["states"][0].get<double>(), 0.98 * p[0] + 0.01 * p[1] + 0.005 * p[2], 1e-12);
  EXPECT_NEAR(rows[0]["regimes"]["chaos"].get<double>(), 0.005 * p[0] + 0.01 * p[1] + 0.98 * p[2], 1e-12);
  // far ahead: the chain's long run, π = (6/19·…): π·P = π
  const double q[3] = {rows[499]["states"][0], rows[499]["states"][1], rows[499]["states"][2]};
  EXPECT_NEAR(0.98 * q[0] + 0.01 * q[1] + 0.005 * q[2], q[0], 1e-6);
  EXPECT_NEAR(rows[499]["means"]["spread"].get<double>(), 2 * q[1] + 5 * q[2], 1e-9);
  ASSERT_EQ(run("forecast --model m.json --data x.csv --horizon 3 --out f.csv").code, 0);
  EXPECT_EQ(market::read_series(path("f.csv").string()).rows, 3U);
  EXPECT_THAT(run("forecast --model m.json --data x.csv --horizon 30").out,
              AllOf(HasSubstr("bars ahead"), HasSubstr("30")));
}

TEST_F(HmmCommand, DrawsTheSamePathsFromTheSameSeed) {
  write("m.json", three_regimes);
  ASSERT_EQ(run("sample --model m.json --bars 100 --paths 3 --seed 9 --out a.csv").code, 0);
  ASSERT_EQ(run("sample --model m.json --bars 100 --paths 3 --seed 9 --out b.csv").code, 0);
  ASSERT_EQ(run("sample --model m.json --bars 100 --paths 3 --seed 10 --out c.csv").code, 0);
  EXPECT_EQ(bytes_of("a.csv"), bytes_of("b.csv"));
  EXPECT_NE(bytes_of("a.csv"), bytes_of("c.csv"));
  // the decoded path is nearly the one that was drawn: the states are far apart
  ASSERT_EQ(run("decode --model m.json --data a.csv --out d.csv").code, 0);
  const auto decoded = market::read_series(path("d.csv").string());
  const auto truth = market::numbers_of(decoded, *decoded.find("true_state")),
             states = market::numbers_of(decoded, *decoded.find("state"));
  int same = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) same += truth[i] == states[i] ? 1 : 0;
  EXPECT_GE(same, 285) << "of 300";
  write("u.json", umbrella_model);
  EXPECT_EQ(run("sample --model u.json --out u.csv").code, 2);
}

TEST_F(HmmCommand, NamesCandidatesThatCannotBe) {
  write("m.json", three_regimes);
  ASSERT_EQ(run("sample --model m.json --bars 300 --seed 5 --out x.csv").code, 0);
  const std::string select = "select --data x.csv --restarts 1 --json ";
  const auto none = run(select + "--states 20 --emission mixture");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("no candidate: 20 mix2: 20 states × 2 components exceed 32"));
  for (const std::string flag : {"--components", "--covariance"}) {
    const auto empty = run(select + "--states 2 --emission mixture " + flag + " \"\"");
    EXPECT_EQ(empty.code, 2) << flag;
    EXPECT_THAT(empty.err, HasSubstr("no candidate: " + flag)) << flag;
  }
  EXPECT_THAT(run(select + "--emission \"\"").err, HasSubstr("no candidate: --emission"));
  EXPECT_THAT(run(select + "--states ,").err, HasSubstr("no candidate"));
  const auto mixed = run(select + "--states 1,20 --emission mixture");
  ASSERT_EQ(mixed.code, 0) << mixed.err;
  EXPECT_EQ(mixed.json()["candidates"].size(), 1U);
  EXPECT_THAT(mixed.err, HasSubstr("left out: 20 mix2: 20 states × 2 components exceed 32"));
  EXPECT_THAT(run(select + "--macros 2,8 --micros 5").err, HasSubstr("left out: 8×5: 40 states exceed 32"));
}

TEST_F(HmmCommand, SelectsOverTheSymbolsThatCanBeFitted) {
  std::mt19937_64 engine(6);
  std::normal_distribution<double> normal;
  std::string csv = "symbol,r\n", good = "r\n";
  for (int t = 0; t < 200; ++t) {
    const std::string value = std::to_string((t / 40 % 2 == 0 ? 1 : 4) * normal(engine));
    csv += "GOOD," + value + "\nFLAT,1\n";
    good += value + "\n";
  }
  write("x.csv", csv);
  write("good.csv", good);
  const auto outcome = run("select --data x.csv --states 1,2 --restarts 1 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto said = outcome.json(),
             alone = run("select --data good.csv --states 1,2 --restarts 1 --json").json();
  EXPECT_EQ(said["candidates"], alone["candidates"]);
  EXPECT_EQ(said["series"], 1);
  EXPECT_EQ(said["bars"], 200);
  EXPECT_EQ(said["left_out"][0]["symbol"], "FLAT");
  EXPECT_THAT(said["left_out"][0]["error"].get<std::string>(), HasSubstr("constant"));
  EXPECT_THAT(run("select --data x.csv --states 1 --restarts 1").out,
              AllOf(HasSubstr("left out"), HasSubstr("FLAT: ")));
}

TEST_F(HmmCommand, SelectsAmongMaskedModels) {
  write("m.json", three_regimes);
  ASSERT_EQ(run("sample --model m.json --bars 300 --seed 5 --out x.csv").code, 0);
  const std::string select = "select --data x.csv --restarts 1 --json --states 2,3 ";
  const auto masked = run(select + "--left-right --forbid 0:2");
  ASSERT_EQ(masked.code, 0) << masked.err;
  EXPECT_THAT(masked.err, HasSubstr("left out: 2: --forbid 0:2"));
  // a mask of one candidate alone: 3 of the 6 moves are left, less the forbidden one
  EXPECT_EQ(masked.json()["candidates"][0]["parameters"].get<int>(),
            run(select).json()["candidates"][1]["parameters"].get<int>() - 4);
}

TEST_F(HmmCommand, ForecastsTheLawOfTheStateAloneWithoutAnEmission) {
  write("m.json", umbrella_model);
  write("e.csv", umbrella_emissions);
  const auto last = run("filter --model m.json --emissions e.csv --json").json()["posteriors"].back();
  const auto outcome = run("forecast --model m.json --emissions e.csv --horizon 2 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto row = outcome.json()["series"][0]["forecast"][0];
  EXPECT_NEAR(row["regimes"]["rain"].get<double>(), 0.7 * last[0].get<double>() + 0.3 * last[1].get<double>(),
              1e-14);
  EXPECT_FALSE(row.contains("means"));
  ASSERT_EQ(run("forecast --model m.json --emissions e.csv --horizon 2 --out f.csv").code, 0);
  EXPECT_EQ(market::read_series(path("f.csv").string()).columns.size(), 3U);  // bars_ahead, p_0, p_1
}

TEST_F(HmmCommand, ForecastsWhatFeaturesHaveInCommon) {
  write("m.json", three_regimes);
  ASSERT_EQ(run("sample --model m.json --bars 50 --seed 2 --out x.csv").code, 0);
  const std::string forecast = "forecast --model m.json --data x.csv --horizon 1 ";
  const auto row = run(forecast + "--json").json()["series"][0]["forecast"][0];
  const double p[3] = {row["states"][0], row["states"][1], row["states"][2]};
  const double r = 0.1 * p[0] - 0.3 * p[2], s = 2 * p[1] + 5 * p[2];
  const double expected =
      0.1 * p[2] - 1.5 * p[2] - r * s;  // within, and E[r·s] of the means, less the product
  EXPECT_NEAR(row["covariances"]["log_return"]["spread"].get<double>(), expected, 1e-12);
  EXPECT_EQ(row["covariances"]["spread"]["log_return"], row["covariances"]["log_return"]["spread"]);
  ASSERT_EQ(run(forecast + "--out f.csv").code, 0);
  const auto table = market::read_series(path("f.csv").string());
  ASSERT_NE(table.find("cov_log_return_spread"), nullptr);
  EXPECT_NEAR(market::numbers_of(table, *table.find("cov_log_return_spread"))[0], expected, 1e-12);
}

TEST_F(HmmCommand, FitsWhatWasSampledByItsFeaturesAlone) {
  write("m.json", three_regimes);
  const auto sampled = run("sample --model m.json --bars 200 --paths 2 --seed 2 --out x.csv --json");
  ASSERT_EQ(sampled.code, 0) << sampled.err;
  EXPECT_EQ(sampled.json()["out"], "x.csv");
  EXPECT_EQ(sampled.json()["paths"], 2);
  const auto fitted = run("fit --data x.csv --states 2 --restarts 1 --json");
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  EXPECT_EQ(fitted.json()["features"], (std::vector<std::string>{"log_return", "spread"}));
  EXPECT_THAT(fitted.err, HasSubstr("x.csv: not fitted to: bar and true_state"));
  const auto named = run("fit --data x.csv --states 2 --restarts 1 --features true_state,spread --json");
  EXPECT_EQ(named.json()["features"][0], "true_state");
}

}  // namespace
}  // namespace regent::hmm::test
