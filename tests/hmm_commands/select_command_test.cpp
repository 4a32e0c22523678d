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

}  // namespace
}  // namespace regent::hmm::test
