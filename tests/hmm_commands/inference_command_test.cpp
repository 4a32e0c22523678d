// regent hmm score | filter | smooth | decode

#include <cmath>
#include <sstream>

#include "hmm/model_file.hpp"
#include "hmm_command.hpp"
#include "market/io/series_file.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(HmmCommand, ReadsTheUmbrellaWorldAsItStandsInTheBooks) {
  write("m.json", umbrella_model);
  write("e.csv", umbrella_emissions);
  const auto scored = run("score --model m.json --emissions e.csv --json");
  ASSERT_EQ(scored.code, 0) << scored.err;
  EXPECT_NEAR(scored.json()["log_likelihood"].get<double>(), -3.3725020443, 5e-11);
  const auto smoothed = run("smooth --model m.json --emissions e.csv --json");
  const double published[] = {0.8673, 0.8204, 0.3075, 0.8204, 0.8673};
  for (int t = 0; t < 5; ++t) {
    EXPECT_NEAR(smoothed.json()["posteriors"][t][0].get<double>(), published[t], 5e-5) << t;
  }
  EXPECT_NEAR(run("filter --model m.json --emissions e.csv --json").json()["posteriors"][1][0].get<double>(),
              0.8834, 5e-5);
  const auto decoded = run("decode --model m.json --emissions e.csv --json");
  EXPECT_EQ(decoded.json()["path"], (std::vector<int>{0, 0, 1, 0, 0}));
  const auto in_float = run("score --model m.json --emissions e.csv --json --precision float");
  EXPECT_NEAR(in_float.json()["log_likelihood"].get<double>(), -3.3725020443, 1e-5);
}

TEST_F(HmmCommand, DecodesTheThreeSymbolChain) {
  write("m.json",
        R"({"format": "regent-hmm/1", "start": [0.6, 0.4], "transition": [[0.7, 0.3], [0.4, 0.6]]})");
  std::string table;  // no header: the first row counts
  const double symbols[2][3] = {{0.1, 0.4, 0.5}, {0.6, 0.3, 0.1}};
  for (int symbol = 0; symbol < 3; ++symbol) {
    char line[80];
    std::snprintf(line, sizeof line, "%.17g,%.17g\n", std::log(symbols[0][symbol]),
                  std::log(symbols[1][symbol]));
    table += line;
  }
  write("e.csv", table);
  const auto decoded = run("decode --model m.json --emissions e.csv --json");
  ASSERT_EQ(decoded.code, 0) << decoded.err;
  EXPECT_EQ(decoded.json()["path"], (std::vector<int>{1, 0, 0}));
  EXPECT_NEAR(std::exp(decoded.json()["log_probability"].get<double>()), 0.01344, 1e-15);
  // data frames without names write 0, 1 as their header, and an index without a name
  write("frame.csv", ",0,1\n0,-1,-2\n1,-1,-2\n");
  EXPECT_EQ(run("score --model m.json --emissions frame.csv --json").json()["rows"], 2);
}

TEST_F(HmmCommand, GivesTheSameForAHierarchyAndItsFlattenedModel) {
  Model hierarchy = market_hierarchy(2);
  hierarchy.macro_transition = {0.5, 0.3, 0.2, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4};
  Model flattened = hierarchy;
  flattened.macros = 1;
  flattened.micros = 9;
  flattened.macro_start = {1};
  flattened.macro_transition = {0};
  flattened.micro_start = hierarchy.flat_start();
  flattened.micro_transition = hierarchy.flat_transition();
  flattened.micro_exit.assign(9, 0);
  flattened.labels = {"all"};
  write_model(hierarchy, path("h.json"));
  write_model(flattened, path("f.safetensors"));
  const std::vector<double> bars = simulate(hierarchy, 400, 3).bars;
  std::string csv = "timestamp,market_return,feature_1\n";
  for (std::size_t t = 0; t < 400; ++t) {
    char line[120];
    std::snprintf(line, sizeof line, "%lld,%.17g,%.17g\n",
                  1577836800000LL + 86400000LL * static_cast<long long>(t), bars[2 * t], bars[2 * t + 1]);
    csv += line;
  }
  write("x.csv", csv);
  const auto a = run("smooth --model h.json --data x.csv --json --out h.csv").json();
  const auto b = run("smooth --model f.safetensors --data x.csv --json").json();
  EXPECT_NEAR(a["log_likelihood"].get<double>(), b["log_likelihood"].get<double>(), 1e-10 * 400);
  for (int t = 0; t < 400; ++t) {
    double macro = 0;
    for (int k = 0; k < 9; ++k) {
      ASSERT_NEAR(a["posteriors"][t][k].get<double>(), b["posteriors"][t][k].get<double>(), 1e-10);
      if (k < 3) macro += a["posteriors"][t][k].get<double>();
    }
    ASSERT_NEAR(a["macro_posteriors"][t][0].get<double>(), macro, 1e-15);
  }
  EXPECT_EQ(run("decode --model h.json --data x.csv --json").json()["path"],
            run("decode --model f.safetensors --data x.csv --json").json()["path"]);
  EXPECT_THAT(bytes_of("h.csv"),
              HasSubstr("timestamp,p_0,p_1,p_2,p_3,p_4,p_5,p_6,p_7,p_8,macro_0,macro_1,macro_2\n"
                        "1577836800000,"));
}

TEST_F(HmmCommand, WritesEveryDigitAndCarriesOtherColumns) {
  write("m.json", two_states);
  write("x.csv", "date,venue,r\n2020-01-02,\"a,b\",0.25\n2020-01-03,c,\n2020-01-06,d,nan\n2020-01-07,e,-7\n");
  const auto as_json = run("filter --model m.json --data x.csv --json").json();
  ASSERT_EQ(run("filter --model m.json --data x.csv --out f.csv").code, 0);
  ASSERT_EQ(run("filter --model m.json --data x.csv --out f.parquet").code, 0);
  const auto text = market::read_series(path("f.csv").string()),
             table = market::read_series(path("f.parquet").string());
  EXPECT_THAT(text.find("venue")->texts, ElementsAre("a,b", "c", "d", "e"));
  EXPECT_TRUE(table.find("date")->is_timestamp);
  EXPECT_EQ(table.find("date")->integers[1], 1578009600000);
  for (std::size_t t = 0; t < 4; ++t) {
    for (std::size_t k = 0; k < 2; ++k) {
      const std::string name = "p_" + std::to_string(k);
      const double wanted = as_json["posteriors"][t][k].get<double>();
      EXPECT_EQ(table.find(name)->reals[t], wanted);
      EXPECT_EQ(market::numbers_of(text, *text.find(name))[t], wanted);
    }
  }
  // a missing bar is pure prediction: p_1 after it is p·P
  const double p0 = as_json["posteriors"][0][0], p1 = as_json["posteriors"][1][0];
  EXPECT_NEAR(p1, p0 * 0.9 + (1 - p0) * 0.2, 1e-15);
  // log N by hand: first bar 0.6·N(.25; .5, 1) + 0.4·N(.25; −1, 9), then the last bar from the prediction
  const auto density = [](double x, double mean, double variance) {
    return std::exp(-0.5 * (x - mean) * (x - mean) / variance) / std::sqrt(2 * M_PI * variance);
  };
  const double first = 0.6 * density(0.25, 0.5, 1) + 0.4 * density(0.25, -1, 9);
  double p = 0.6 * density(0.25, 0.5, 1) / first;
  for (int t = 1; t < 4; ++t) p = p * 0.9 + (1 - p) * 0.2;
  const double last = p * density(-7, 0.5, 1) + (1 - p) * density(-7, -1, 9);
  EXPECT_NEAR(as_json["log_likelihood"].get<double>(), std::log(first) + std::log(last), 1e-13);
}

TEST_F(HmmCommand, TakesASymbolColumnAsOneSeriesEach) {
  write("m.json", two_states);
  write("long.csv",
        "timestamp,symbol,r\n1577836800000,B,1\n1577836800000,A,-5\n1577923200000,A,2\n"
        "1577923200000,B,0\n1578009600000,A,1\n");
  write("a.csv", "r\n-5\n2\n1\n");
  const auto both = run("score --model m.json --data long.csv --json").json();
  const auto alone = run("score --model m.json --data a.csv --json").json();
  ASSERT_EQ(both["series"].size(), 2U);
  EXPECT_EQ(both["series"][0]["symbol"], "B");
  EXPECT_EQ(both["series"][1]["log_likelihood"], alone["log_likelihood"]);
  EXPECT_DOUBLE_EQ(both["log_likelihood"].get<double>(),
                   both["series"][0]["log_likelihood"].get<double>() + alone["log_likelihood"].get<double>());
  ASSERT_EQ(run("decode --model m.json --data long.csv --out d.csv").code, 0);
  const auto path = run("decode --model m.json --data a.csv --json").json()["path"].get<std::vector<int>>();
  const auto written = market::read_series((folder_ / "d.csv").string());
  EXPECT_THAT(written.find("symbol")->texts, ElementsAre("B", "A", "A", "B", "A"));
  EXPECT_EQ(written.find("state")->texts[1], std::to_string(path[0]));
  EXPECT_EQ(written.find("label")->texts[1], path[0] == 0 ? "calm" : "chaos");
  EXPECT_EQ(written.find("state")->texts[4], std::to_string(path[2]));
  EXPECT_THAT(run("score --model m.json --data long.csv").out,
              AllOf(HasSubstr("total"), Not(HasSubstr("\033["))));
  // a model per symbol
  std::filesystem::create_directory(folder_ / "models");
  write("models/A.json", two_states);
  write("models/B.json", two_states);
  EXPECT_EQ(run("score --model models --data long.csv --json").json()["log_likelihood"],
            both["log_likelihood"]);
  std::filesystem::remove(folder_ / "models/B.json");
  const auto missing = run("score --model models --data long.csv");
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("no model for the symbol \"B\""));
}

TEST_F(HmmCommand, SaysWhatIsImpossible) {
  write("m.json", R"({"format": "regent-hmm/1", "start": [1, 0], "transition": [[1, 0], [0, 1]]})");
  write("e.csv", "a,b\n0,0\n-inf,0\n");
  const auto scored = run("filter --model m.json --emissions e.csv --json").json();
  EXPECT_EQ(scored["log_likelihood"], "-inf");
  EXPECT_EQ(scored["posteriors"][0][0], 1.0);
  EXPECT_TRUE(scored["posteriors"][1][0].is_null());
  EXPECT_THAT(run("decode --model m.json --emissions e.csv").out, HasSubstr("impossible"));
}

TEST_F(HmmCommand, NamesFileRowColumnAndValueOfWhatIsWrong) {
  write("m.json", two_states);
  const auto complaint = [&](const std::string& arguments) {
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "") << arguments;
    return outcome.err;
  };
  write("x.csv", "date,R\n2020-01-02,1\n");
  EXPECT_THAT(
      complaint("score --model m.json --data x.csv"),
      AllOf(HasSubstr("x.csv: no column \"r\""), HasSubstr("did you mean 'R'"), HasSubstr("date, R")));
  write("x.csv", "date,r\n2020-01-02,1\n2020-01-03,1..5\n");
  EXPECT_THAT(complaint("score --model m.json --data x.csv"), HasSubstr("x.csv, line 3, column r: \"1..5\""));
  write("x.csv", "date,r\n2020-01-02,1\n2020-01-03,inf\n");
  EXPECT_THAT(complaint("score --model m.json --data x.csv"), HasSubstr("line 3, column r: \"inf\""));
  write("x.csv", "date,r\n2020-01-02,1\n2020-01-03,1,1\n");
  EXPECT_THAT(complaint("score --model m.json --data x.csv"), HasSubstr("line 3: 3 cells, the header has 2"));
  write("x.csv", "date,r\n2020-01-03,1\n2020-01-02,1\n");
  EXPECT_THAT(complaint("score --model m.json --data x.csv"), HasSubstr("2020-01-02 comes after 2020-01-03"));
  write("x.csv", "r,r\n1,1\n");
  EXPECT_THAT(complaint("score --model m.json --data x.csv"), HasSubstr("appears twice"));
  write("x.csv", "");
  EXPECT_THAT(complaint("score --model m.json --data x.csv"), HasSubstr("the file is empty"));
  write("x.csv", "r\n");
  EXPECT_THAT(complaint("score --model m.json --data x.csv"), HasSubstr("a header and no rows"));
  EXPECT_THAT(complaint("score --model m.json --data none.csv"), HasSubstr("no such file"));
  EXPECT_THAT(complaint("score --model none.json --data x.csv"), HasSubstr("none.json"));
  EXPECT_THAT(complaint("score --model m.json"), HasSubstr("--data"));
  write("e.csv", "a,b,c\n0,0,0\n");
  EXPECT_THAT(complaint("score --model m.json --emissions e.csv"),
              AllOf(HasSubstr("3 columns"), HasSubstr("the model has 2 states")));
  write("e.csv", "a,b\n0,\n");
  EXPECT_THAT(complaint("score --model m.json --emissions e.csv"), HasSubstr("line 2: 1 of 2"));
  write("e.csv", "a,b\n0,0\n0,inf\n");
  EXPECT_THAT(complaint("score --model m.json --emissions e.csv"), HasSubstr("line 3, column b: \"inf\""));
  write("u.json", umbrella_model);
  EXPECT_THAT(complaint("score --model u.json --data x.csv"), HasSubstr("no emission"));
  write("broken.json", "{\"format\": \"regent-hmm/1\",\n \"start\": [0.5, 0.6]}");
  EXPECT_THAT(complaint("score --model broken.json --data x.csv"),
              HasSubstr("broken.json: start: the row sums"));
  EXPECT_THAT(complaint("score --model m.json --data x.csv --precision half"), HasSubstr("--precision"));
  EXPECT_THAT(complaint("filter --model m.json --data x.csv --out x.txt"), HasSubstr(".csv or .parquet"));
}

TEST_F(HmmCommand, ReadsParquetAndRefusesATruncatedOne) {
  write("m.json", two_states);
  market::write_series({{.name = "r", .reals = {1, std::nan(""), -4}}}, path("x.parquet"));
  write("x.csv", "r\n1\n\n-4\n");  // in a file of one column an empty line is a missing value
  EXPECT_EQ(run("score --model m.json --data x.parquet --json").json(),
            run("score --model m.json --data x.csv --json").json());
  const std::string bytes = bytes_of("x.parquet");
  write("cut.parquet", bytes.substr(0, bytes.size() / 2));
  const auto cut = run("score --model m.json --data cut.parquet");
  EXPECT_EQ(cut.code, 2);
  EXPECT_THAT(cut.err, HasSubstr("cut.parquet"));
  write("text.parquet", "r\n1\n");
  EXPECT_THAT(run("score --model m.json --data text.parquet").err, HasSubstr("is no Parquet file"));
}

TEST_F(HmmCommand, LeavesNothingHalfWritten) {
  write("m.json", two_states);
  write("x.csv", "r\n1\n");
  std::filesystem::create_directory(path("taken.csv"));
  const auto taken = run("filter --model m.json --data x.csv --out taken.csv");
  EXPECT_NE(taken.code, 0);
  EXPECT_THAT(taken.err, HasSubstr("taken.csv"));
  EXPECT_NE(run("filter --model m.json --data x.csv --out nowhere/f.csv").code, 0);
  EXPECT_FALSE(std::filesystem::exists(path("nowhere")));
}

TEST_F(HmmCommand, DividesRoundedRowsOnlyWhenAsked) {
  write("m.json", R"({"format": "regent-hmm/1", "start": [0.333, 0.333, 0.333],
    "transition": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]})");
  write("e.csv", "a,b,c\n0,0,0\n");
  const auto refused = run("score --model m.json --emissions e.csv");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("start: the row sums to 0.999"), HasSubstr("--normalise")));
  EXPECT_NEAR(
      run("score --model m.json --emissions e.csv --normalise --json").json()["log_likelihood"].get<double>(),
      0, 1e-15);
}

TEST_F(HmmCommand, CarriesAColumnThatIsCalledAsItsOwn) {
  write("m.json", two_states);
  write("x.csv", "label,state,carried_state,r\nL,7,8,1\nM,9,10,-1\n");
  const auto decoded = run("decode --model m.json --data x.csv --out d.csv");
  ASSERT_EQ(decoded.code, 0) << decoded.err;
  EXPECT_THAT(decoded.err, HasSubstr("column state is carried as carried_carried_state"));
  const auto table = market::read_series(path("d.csv").string());
  ASSERT_NE(table.find("carried_label"), nullptr);
  EXPECT_THAT(table.find("carried_label")->texts, ElementsAre("L", "M"));
  EXPECT_THAT(market::numbers_of(table, *table.find("carried_carried_state")), ElementsAre(7, 9));
  EXPECT_THAT(market::numbers_of(table, *table.find("carried_state")), ElementsAre(8, 10));
  EXPECT_THAT(market::numbers_of(table, *table.find("state")),
              Each(AllOf(::testing::Ge(0), ::testing::Le(1))));
}

TEST_F(HmmCommand, TakesEmissionsByTheLabelsThatHeadThem) {
  write("m.json", umbrella_model);
  write("e.csv", umbrella_emissions);
  std::istringstream lines(umbrella_emissions);
  std::string turned, other, left;
  while (std::getline(lines, left, ',')) {
    std::string right;
    std::getline(lines, right);
    turned += right + "," + left + "\n";
  }
  write("turned.csv", turned);
  const auto posteriors = [&](const std::string& file) {
    return run("smooth --model m.json --emissions " + file + " --json").json()["posteriors"];
  };
  EXPECT_EQ(posteriors("turned.csv"), posteriors("e.csv"));
  // other names say nothing: one column per state, in their order
  other = turned;
  other.replace(0, 8, "a,b");
  write("other.csv", other);
  EXPECT_NE(posteriors("other.csv"), posteriors("e.csv"));
}

TEST_F(HmmCommand, SumsSeriesToTheSameBitInAnyOrder) {
  write("m.json", two_states);
  std::vector<std::string> series;
  for (int s = 0; s < 100; ++s) {
    std::string rows;
    for (int t = 0; t < 3; ++t) {
      rows +=
          "S" + std::to_string(s) + "," + std::to_string(0.01 * ((s * s * 7919 + t * 104729) % 1000)) + "\n";
    }
    series.push_back(rows);
  }
  std::string forwards = "symbol,r\n", backwards = forwards;
  for (std::size_t s = 0; s < series.size(); ++s) {
    forwards += series[s];
    backwards += series[series.size() - 1 - s];
  }
  write("f.csv", forwards);
  write("b.csv", backwards);
  const auto total = [&](const std::string& file) {
    return run("score --model m.json --data " + file + " --json").json()["log_likelihood"];
  };
  EXPECT_EQ(total("f.csv"), total("b.csv"));
}

TEST_F(HmmCommand, NamesWhatWasMistyped) {
  write("m.json", two_states);
  write("x.csv", "r\n1\n");
  const auto complaint = [&](const std::string& arguments) {
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    return outcome.err;
  };
  EXPECT_THAT(complaint("scor --model m.json"), HasSubstr("there is no \"scor\", did you mean 'score'?"));
  EXPECT_THAT(complaint("score --modle m.json --data x.csv"),
              HasSubstr("score has no --modle, did you mean '--model'?"));
  EXPECT_THAT(complaint("score --modle=m.json --data x.csv"), HasSubstr("--modle,"));
  EXPECT_EQ(run("score --model=m.json --data x.csv").code, 0);
  EXPECT_EQ(run("score --help").code, 0);
  EXPECT_EQ(run("--version").code, 0);
  EXPECT_THAT(complaint("score --model x.csv --data x.csv"),
              HasSubstr("x.csv: no regime model: the file is neither JSON nor safetensors"));
}

}  // namespace
}  // namespace regent::hmm::test
