// regent hmm fit

#include <cmath>
#include <random>

#include "hmm/model_file.hpp"
#include "hmm_command.hpp"

namespace regent::hmm::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HmmFit : public HmmCommand {
 protected:
  // Closes of symbols that are quiet in the first half and wild in the second.
  void write_closes(int symbols, int bars) const {
    std::mt19937_64 engine(4);
    std::normal_distribution<double> normal;
    std::string csv = "timestamp";
    std::vector<double> level(symbols, 100);
    for (int s = 0; s < symbols; ++s) csv += ",S" + std::to_string(s);
    for (int t = 0; t < bars; ++t) {
      csv += "\n" + std::to_string(1577836800000LL + 86400000LL * t);
      for (double& price : level) {
        price *= std::exp((t < bars / 2 ? 0.004 : 0.03) * normal(engine));
        csv += "," + std::to_string(price);
      }
    }
    write("closes.csv", csv + "\n");
  }
  void write_table() const {
    std::mt19937_64 engine(5);
    std::normal_distribution<double> normal;
    std::string csv = "date,symbol,log_return,note\n";
    for (int t = 0; t < 400; ++t) {
      for (const char* symbol : {"AA", "BB"}) {
        csv += std::to_string(1577836800000LL + 86400000LL * t) + "," + symbol + "," +
               std::to_string((t / 100 % 2 == 0 ? 0.5 : 3) * normal(engine)) + ",x\n";
      }
    }
    write("table.csv", csv);
  }
};

TEST_F(HmmFit, FitsAModelPerSymbolOfATableAndDecodesWithThem) {
  write_table();
  const auto fitted = run("fit --data table.csv --states 2 --out models --json");
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  const auto json = fitted.json();
  ASSERT_EQ(json["models"].size(), 2U);
  EXPECT_EQ(json["features"], (std::vector<std::string>{"log_return"}));
  EXPECT_EQ(json["models"][1]["symbol"], "BB");
  EXPECT_EQ(json["models"][1]["file"], "models/BB.json");
  EXPECT_EQ(json["models"][1]["model"]["regimes"][1]["label"], "chaos");
  // 0.5 and 3: the regimes that the table was made of, drawn together a little by the covariance prior
  EXPECT_NEAR(json["models"][1]["model"]["regimes"][0]["deviations"]["log_return"].get<double>(), 0.5, 0.12);
  EXPECT_NEAR(json["models"][1]["model"]["regimes"][1]["deviations"]["log_return"].get<double>(), 3, 0.35);
  EXPECT_NEAR(json["models"][1]["model"]["regimes"][0]["share"].get<double>(), 0.5, 0.06);
  const auto scored = run("score --model models --data table.csv --json").json();
  EXPECT_NEAR(scored["series"][1]["log_likelihood"].get<double>(),
              json["models"][1]["log_likelihood"].get<double>(), 1e-6);
  const auto path = run("decode --model models --data table.csv --json").json()["series"][1]["path"];
  EXPECT_EQ(path[50], 0);
  EXPECT_EQ(path[150], 1);
}

TEST_F(HmmFit, FitsOneModelOfTheMarketOrForAllSymbols) {
  write_closes(3, 300);
  const auto market = run("fit closes.csv --panel --states 2 --restarts 2 --out market.safetensors --json");
  ASSERT_EQ(market.code, 0) << market.err;
  EXPECT_THAT(read_model(path("market.safetensors")).features,
              ElementsAre("market_return", "market_volatility_5", "market_volatility_21"));
  const auto decoded = run("decode closes.csv --model market.safetensors --json");
  ASSERT_EQ(decoded.code, 0) << decoded.err;
  const auto path = decoded.json()["path"];
  EXPECT_EQ(path.front(), 0);
  EXPECT_EQ(path.back(), 1);
  const auto pooled = run("fit closes.csv --pooled --states 2 --restarts 2 --out pooled.json --json");
  ASSERT_EQ(pooled.code, 0) << pooled.err;
  EXPECT_EQ(pooled.json()["models"].size(), 1U);
  const auto scored = run("score closes.csv --model pooled.json --json").json();
  EXPECT_NEAR(scored["log_likelihood"].get<double>(),
              pooled.json()["models"][0]["log_likelihood"].get<double>(), 1e-6);
  EXPECT_EQ(scored["series"].size(), 3U);
  // the same seed gives the same bits
  run("fit closes.csv --pooled --states 2 --restarts 2 --out again.json");
  EXPECT_EQ(bytes_of("again.json"), bytes_of("pooled.json"));
}

TEST_F(HmmFit, FitsEveryEmissionAndScoresItTheSame) {
  write_table();
  for (const std::string emission : {"student_t", "mixture"}) {
    SCOPED_TRACE(emission);
    const auto fitted = run("fit --data table.csv --pooled --states 2 --restarts 2 --emission " + emission +
                            " --out " + emission + ".json --json");
    ASSERT_EQ(fitted.code, 0) << fitted.err;
    const Model model = read_model(path(emission + ".json"));
    EXPECT_EQ(name_of(model.emission), emission);
    EXPECT_EQ(model.components, emission == "mixture" ? 2 : 1);
    const auto scored = run("score --model " + emission + ".json --data table.csv --json").json();
    EXPECT_NEAR(scored["log_likelihood"].get<double>(),
                fitted.json()["models"][0]["log_likelihood"].get<double>(), 1e-6);
  }
  const auto diagonal = run("fit --data table.csv --pooled --states 2 --covariance diagonal --json");
  EXPECT_EQ(diagonal.json()["covariance"], "diagonal");
  EXPECT_EQ(run("fit --data table.csv --pooled --states 2 --components 3").code, 2);
}

TEST_F(HmmFit, BeginsAtAGivenModelAlone) {
  write_table();
  ASSERT_EQ(run("fit --data table.csv --pooled --states 2 --out first.json").code, 0);
  const auto again =
      run("fit --data table.csv --pooled --start first.json --restarts 0 --out second.json --json");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_LE(again.json()["models"][0]["iterations"], 4) << "it began where the first had converged";
  EXPECT_EQ(again.json()["micros"], 2);
  const auto nowhere = run("fit --data table.csv --pooled --states 2 --restarts 0");
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("--start"));
}

TEST_F(HmmFit, RefusesAFlagThatContradictsTheModelItBeginsAt) {
  write_table();
  const std::string fit = "fit --data table.csv --pooled --restarts 0 ", begin = fit + "--start first.json ";
  ASSERT_EQ(run("fit --data table.csv --pooled --states 2 --out first.json").code, 0);
  EXPECT_EQ(run(begin + "--states 2").code, 0);
  EXPECT_EQ(run(begin + "--macros 1 --micros 2 --emission gaussian").code, 0);
  for (const auto& [flag, said, has] :
       {std::tuple{"--states", "3", "2"}, std::tuple{"--macros", "2", "1"}, std::tuple{"--micros", "3", "2"},
        std::tuple{"--emission", "student_t", "gaussian"}}) {
    const std::string typed = std::string(flag) + " " + said;
    const auto refused = run(begin + typed);
    EXPECT_EQ(refused.code, 2) << typed;
    EXPECT_THAT(refused.err, HasSubstr(typed + ", but first.json of --start has " + has));
  }
  EXPECT_THAT(run(begin + "--emission mixture --components 2").err, HasSubstr("--emission mixture"));
  ASSERT_EQ(
      run("fit --data table.csv --pooled --states 2 --emission mixture --restarts 1 --out mix.json").code, 0);
  EXPECT_EQ(run(fit + "--start mix.json --components 2").code, 0);
  EXPECT_THAT(run(fit + "--start mix.json --components 3").err,
              HasSubstr("--components 3, but mix.json of --start has 2"));
  ASSERT_EQ(run("fit --data table.csv --pooled --macros 2 --micros 2 --restarts 1 --out deep.json").code, 0);
  EXPECT_THAT(run(fit + "--start deep.json --states 4").err,
              HasSubstr("--states 4, but deep.json of --start has 2×2"));
}

TEST_F(HmmFit, LeavesAloneWhatIsFixedOrForbidden) {
  write_table();
  ASSERT_EQ(run("fit --data table.csv --pooled --states 3 --out first.json").code, 0);
  const Model first = read_model(path("first.json"));
  ASSERT_EQ(run("fit --data table.csv --pooled --start first.json --restarts 0 --fix means,covariances "
                "--set hmm.dirichlet=3 --out fixed.json")
                .code,
            0);
  const Model fixed = read_model(path("fixed.json"));
  for (std::size_t i = 0; i < first.means.size(); ++i) {
    EXPECT_NEAR(fixed.means[i], first.means[i], 1e-12);
    EXPECT_NEAR(fixed.covariances[i], first.covariances[i], 1e-12);
  }
  EXPECT_NE(fixed.micro_transition, first.micro_transition);
  EXPECT_EQ(fixed.labels, first.labels);
  ASSERT_EQ(run("fit --data table.csv --pooled --states 3 --left-right --forbid 0:2 --out masked.json").code,
            0);
  const Model masked = read_model(path("masked.json"));
  for (const int zero : {1 * 3 + 0, 2 * 3 + 0, 2 * 3 + 1, 0 * 3 + 2})
    EXPECT_EQ(masked.micro_transition[zero], 0);
  EXPECT_THAT(run("fit --data table.csv --pooled --states 3 --forbid 0:3").err,
              HasSubstr("numbers from 0 to 2"));
  EXPECT_THAT(run("fit --data table.csv --pooled --start first.json --restarts 0 --fix mean").err,
              HasSubstr("--fix mean"));
  EXPECT_EQ(run("fit --data table.csv --pooled --states 3 --fix means").code, 2);
}

TEST_F(HmmFit, KeepsTheOtherSymbolsWhenOneCannotBeFitted) {
  std::string csv = "symbol,r\n";
  std::mt19937_64 engine(6);
  std::normal_distribution<double> normal;
  for (int t = 0; t < 60; ++t) csv += "GOOD," + std::to_string(normal(engine)) + "\nFLAT,1\n";
  write("x.csv", csv);
  const auto fitted = run("fit --data x.csv --states 2 --restarts 1 --out models");
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  EXPECT_THAT(fitted.out, AllOf(HasSubstr("failed"), HasSubstr("FLAT"), HasSubstr("constant")));
  EXPECT_TRUE(std::filesystem::exists(path("models/GOOD.json")));
  EXPECT_FALSE(std::filesystem::exists(path("models/FLAT.json")));
  write("flat.csv", "r\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n");
  const auto none = run("fit --data flat.csv --states 2 --out flat.json");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("feature r is constant"));
  EXPECT_FALSE(std::filesystem::exists(path("flat.json")));
}

// none.csv is not there either: the place is looked at before the data
TEST_F(HmmFit, ChecksThePlaceOfItsResultBeforeItReadsTheData) {
  write("file", "x");
  std::filesystem::create_directory(path("m.json"));
  write("m2.json", two_states);
  const auto complaint = [&](const std::string& arguments) {
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << ": " << outcome.err;
    return outcome.err;
  };
  const std::string fit = "fit --data none.csv --states 2 --out ";
  EXPECT_THAT(complaint(fit + "m.txt"), AllOf(HasSubstr("--out m.txt"), HasSubstr(".safetensors")));
  EXPECT_THAT(complaint(fit + "nowhere/m2.json"), HasSubstr("nowhere is no folder"));
  EXPECT_THAT(complaint(fit + "m.json"), HasSubstr("a folder has that name"));
  EXPECT_THAT(complaint(fit + "file/models"), HasSubstr("file is no folder"));
  EXPECT_THAT(complaint(fit + "file"), HasSubstr("file is no folder"));
  EXPECT_THAT(complaint(fit + "new/models"), HasSubstr("none.csv"));
  EXPECT_THAT(complaint(fit + "fits.2020/"), HasSubstr("none.csv"));
  EXPECT_THAT(complaint("plot --model none.json --data none.csv --out file"), HasSubstr("file is no folder"));
  EXPECT_THAT(complaint("select --data none.csv --out file"), HasSubstr("file is no folder"));
  EXPECT_THAT(complaint("convert m2.json --out nowhere/m.safetensors"), HasSubstr("nowhere is no folder"));
  EXPECT_THAT(complaint("filter --model m2.json --data none.csv --out nowhere/f.csv"),
              HasSubstr("nowhere is no folder"));
  EXPECT_FALSE(std::filesystem::exists(path("new")));
  EXPECT_FALSE(std::filesystem::exists(path("m.txt")));
}

TEST_F(HmmFit, SaysWhichFlagsContradict) {
  write_closes(2, 60);
  const auto complaint = [&](const std::string& arguments) {
    const auto outcome = run("fit " + arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << ": " << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(complaint("closes.csv --states 2 --macros 2"), HasSubstr("not both"));
  EXPECT_THAT(complaint("closes.csv --panel --pooled"), HasSubstr("--pooled"));
  EXPECT_THAT(complaint("closes.csv --states 2 --out one.json"), HasSubstr("2 symbols give a model each"));
  EXPECT_THAT(complaint("closes.csv --features log_retrun"), HasSubstr("did you mean 'log_return'"));
  EXPECT_THAT(complaint("closes.csv --features log_return,market_return"), HasSubstr("one model"));
  EXPECT_THAT(complaint("closes.csv --data closes.csv"), HasSubstr("only one of them"));
  EXPECT_THAT(complaint("--data closes.csv --features S7"), HasSubstr("no column \"S7\""));
  EXPECT_THAT(complaint("closes.csv --states 33"), HasSubstr("--states"));
  EXPECT_THAT(complaint(""), HasSubstr("--data"));
  write("text.csv", "name\nx\n");
  EXPECT_THAT(complaint("--data text.csv"), HasSubstr("no column of numbers"));
}

TEST_F(HmmFit, GoesOnWithTheCovariancesOfTheModelItBeginsAt) {
  write_table();
  ASSERT_EQ(run("fit --data table.csv --pooled --states 2 --covariance tied --out tied.json").code, 0);
  const std::string go_on = "fit --data table.csv --pooled --start tied.json --restarts 0 --out ";
  ASSERT_EQ(run(go_on + "again.safetensors").code, 0);
  const Model again = read_model(path("again.safetensors"));
  EXPECT_EQ(again.covariance, CovarianceKind::tied);
  EXPECT_EQ(again.covariances[0], again.covariances[1]);
  const auto full = run(go_on + "full.json --covariance full --json");
  EXPECT_EQ(full.json()["covariance"], "full");
  EXPECT_NE(read_model(path("full.json")).covariances[0], read_model(path("full.json")).covariances[1]);
  EXPECT_THAT(bytes_of("full.json"), ::testing::Not(HasSubstr("\"covariance\":")));
}

TEST_F(HmmFit, RefusesAFeatureThatStandsTwice) {
  write_table();
  const auto twice = run("fit --data table.csv --features log_return,log_return --states 2 --out models");
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("\"log_return\" stands twice"));
  EXPECT_FALSE(std::filesystem::exists(path("models")));
}

TEST_F(HmmFit, NamesEveryStateOfAMaskedFlatModel) {
  write_table();
  ASSERT_EQ(run("fit --data table.csv --pooled --states 2 --left-right --restarts 1 --out m.json").code, 0);
  EXPECT_THAT(read_model(path("m.json")).labels, ElementsAre("state_0", "state_1"));
  std::string one_label = two_states;
  one_label.replace(one_label.find(R"("calm", "chaos")"), 15, R"("regime_0")");
  write("old.json", one_label);
  write("x.csv", "r\n1\n-1\n");
  EXPECT_EQ(run("decode --model old.json --data x.csv --json").json()["labels"],
            (std::vector<std::string>{"state_0", "state_1"}));
}

TEST_F(HmmFit, SaysWhyAFeatureCannotBeFitted) {
  const auto complaint = [&](double level, double step) {
    std::string csv = "r\n";
    char line[40];
    for (int t = 0; t < 60; ++t) {
      std::snprintf(line, sizeof line, "%.17g\n", level + step * (t % 7));
      csv += line;
    }
    write("x.csv", csv);
    const auto outcome = run("fit --data x.csv --states 2 --restarts 1");
    EXPECT_EQ(outcome.code, 2) << outcome.out;
    EXPECT_LT(outcome.err.size(), 300U) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(complaint(3, 0), HasSubstr("feature r is constant (3 at all 60 bars"));
  EXPECT_THAT(complaint(1e15, 1), AllOf(HasSubstr("varies by no more than 6 about 1e+15"),
                                        HasSubstr("too few digits"), ::testing::Not(HasSubstr("constant"))));
  EXPECT_THAT(complaint(0, 1e-200), AllOf(HasSubstr("6e-200"), HasSubstr("too small to square")));
  EXPECT_THAT(complaint(0, 1e300), HasSubstr("too large to square, up to 6e+300"));
}

}  // namespace
}  // namespace regent::hmm::test
