// regent covariance as people run it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "base/atomic_file.hpp"
#include "tests/base/command_test.hpp"

namespace regent {
namespace {

using regent::test::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

class CovarianceCommand : public regent::test::CommandTest {
 protected:
  Outcome run(const std::string& arguments) const {
    return regent::test::run_in(folder_.path(), REGENT_COVARIANCE_PROGRAM " " + arguments);
  }
  std::string error_of(const std::string& arguments) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << ": " << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out, "") << arguments;
    return outcome.err;
  }
  // closes 100·e^(x) and 50·e^(y), so that log returns are the steps of x and y
  void write_panel() {
    std::string text = "date,AAA,BBB\n";
    const double x[] = {0, 0.01, -0.02, 0.03, 0.0, 0.01}, y[] = {0, 0.02, 0.01, 0.0, -0.03, -0.01};
    for (int day = 0; day < 6; ++day) {
      text += "2024-01-0" + std::to_string(day + 1) + "," + std::to_string(100 * std::exp(x[day])) + "," +
              std::to_string(50 * std::exp(y[day])) + "\n";
    }
    write("panel.csv", text);
  }
};

const std::string five_rows = "a,b,c\n1,2,5\n4,6,8\n7,8,10\n1,5,7\n8,9,1\n";

TEST_F(CovarianceCommand, GivesTheKnownAnswerOfLedoitAndWolf) {
  write("x.csv", five_rows);
  const auto said = run("--data x.csv --returns none --method ledoit-wolf --json").json();
  EXPECT_NEAR(said["shrinkage"], 0.9031130608585656, 1e-13);
  EXPECT_NEAR(said["covariance"][0][1], 2.00071631947653, 1e-13);
  EXPECT_NEAR(said["covariance"][2][0], 1.54132176377468, 1e-13);
  EXPECT_EQ(said["symbols"], (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(said["ddof"], 0);
  EXPECT_NEAR(said["marchenko_pastur"]["q"], 0.6, 1e-15);
  double trace = 0;
  for (const double value : said["spectrum"]) trace += value;
  EXPECT_NEAR(trace,
              said["covariance"][0][0].get<double>() + said["covariance"][1][1].get<double>() +
                  said["covariance"][2][2].get<double>(),
              1e-12);
}

TEST_F(CovarianceCommand, TakesReturnsOfThePanelsCloses) {
  write_panel();
  const auto sample = run("--data panel.csv --json").json();
  // log returns 1, −3, 5, −3, 1 % and 2, −1, −1, −3, 2 %
  EXPECT_NEAR(sample["covariance"][0][0], 44.8e-4 / 4, 1e-8);
  EXPECT_NEAR(sample["covariance"][0][1], 11.2e-4 / 4, 1e-8);
  EXPECT_EQ(sample["rows"], 5);
  EXPECT_EQ(sample["returns"], "log");
  const auto zero = run("panel.csv --ddof 0 --json").json();
  EXPECT_NEAR(zero["covariance"][0][0], 44.8e-4 / 5, 1e-8);
  const auto simple = run("panel.csv --returns simple --json").json();
  EXPECT_GT(std::abs(simple["covariance"][0][0].get<double>() - 11.2e-4), 1e-6);
  const auto cut = run("panel.csv --from 2024-01-02 --json").json();
  EXPECT_EQ(cut["rows"], 4);
}

TEST_F(CovarianceCommand, WritesAMatrixAndEveryRollingOne) {
  write_panel();
  ASSERT_EQ(run("panel.csv --out matrix.csv").code, 0);
  EXPECT_THAT(read_file(folder_ / "matrix.csv"), HasSubstr("symbol,AAA,BBB\nAAA,0.00112"));
  const auto last = run("panel.csv --method rolling --window 3 --out all.csv --every 2 --json").json();
  const std::string all = read_file(folder_ / "all.csv");
  EXPECT_THAT(all, HasSubstr("timestamp,symbol,other,covariance\n2024-01-04"));  // the 3rd and the 5th return
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1 + 2 * 3);
  const std::string line = all.substr(all.rfind(',') + 1);
  EXPECT_NEAR(std::stod(line), last["covariance"][1][1], 1e-17);
  const auto exponential =
      run("panel.csv --method ewma --half-life 3 --half-life-correlation 9 --out e.csv --json").json();
  const std::string e = read_file(folder_ / "e.csv");
  EXPECT_NEAR(std::stod(e.substr(e.rfind(',') + 1)), exponential["covariance"][1][1], 1e-17);
  EXPECT_EQ(std::count(e.begin(), e.end(), '\n'), 1 + 5 * 3);
}

TEST_F(CovarianceCommand, GoesByPairsWhereValuesAreMissingAndSaysWhoCannot) {
  write("gaps.csv", "a,b\n1,2\n2,\n3,1\n5,nan\n4,3\n");
  const auto said = run("--data gaps.csv --returns none --json").json();
  EXPECT_NEAR(said["covariance"][0][1], 0.5, 1e-14);
  EXPECT_EQ(said["observations_min"], 3);
  for (const std::string method : {"ledoit-wolf", "ledoit-wolf-identity", "oas", "denoised"}) {
    EXPECT_THAT(error_of("--data gaps.csv --returns none --method " + method),
                HasSubstr("--method " + method +
                          " needs every value, and 2 of 10 are missing, the first of b at row 2"));
  }
}

TEST_F(CovarianceCommand, RepairsPairsThatDisagreeAndRefusesUndefinedOnes) {
  write("pairs.csv", "a,b,c\n1,1,\n-1,-1,\n2,2,\n,1,1\n,-1,-1\n,2,2\n1,,-1\n-1,,1\n2,,-2\n");
  const auto raw = run("--data pairs.csv --returns none --json").json();
  EXPECT_LT(raw["spectrum"][2], -0.5);
  const auto good = run("--data pairs.csv --returns none --nearest-psd --json").json();
  EXPECT_GT(good["spectrum"][2], -1e-9);
  EXPECT_EQ(good["repaired"], true);
  EXPECT_EQ(good["covariance"][0][0], raw["covariance"][0][0]);
  EXPECT_THAT(run("--data pairs.csv --returns none").out, HasSubstr("not positive semi-definite"));
  write("apart.csv", "a,b\n1,\n2,\n,1\n,3\n");
  const auto apart = run("--data apart.csv --returns none --json").json();
  EXPECT_TRUE(apart["covariance"][0][1].is_null());
  EXPECT_TRUE(apart["spectrum"].is_null());
  EXPECT_THAT(error_of("--data apart.csv --returns none --nearest-psd"),
              HasSubstr("1 pair has fewer than 2"));
}

TEST_F(CovarianceCommand, WritesTheSpectrumOfEveryRow) {
  write("x.csv", five_rows);
  const std::string rolling = "--data x.csv --returns none --method rolling --window 3 ";
  const auto said = run(rolling + "--spectra s.csv --modes 2 --json").json();
  const std::string all = read_file(folder_ / "s.csv");
  EXPECT_THAT(all, testing::StartsWith("row,total_variance,absorption_ratio,effective_rank,eigenvalue_1,"
                                       "eigenvalue_2,participation_1,participation_2\n3,"));
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1 + 3);
  // the last row's are those of the last window
  std::vector<double> last;
  std::istringstream line(all.substr(all.rfind('\n', all.size() - 2) + 1));
  for (std::string cell; std::getline(line, cell, ',');) last.push_back(std::stod(cell));
  ASSERT_EQ(last.size(), 8U);
  const auto& spectrum = said["spectrum"];
  const double total = spectrum[0].get<double>() + spectrum[1].get<double>() + spectrum[2].get<double>();
  EXPECT_EQ(last[0], 5);
  EXPECT_NEAR(last[1], total, 1e-13 * total);
  EXPECT_NEAR(last[2], spectrum[0].get<double>() / total, 1e-13);
  EXPECT_NEAR(last[4], spectrum[0], 1e-13 * total);
  EXPECT_NEAR(last[5], spectrum[1], 1e-13 * total);
  double no_larger = 0;
  std::istringstream lines(all.substr(all.find('\n') + 1));
  for (std::string row; std::getline(lines, row);) {
    std::istringstream cells(row);
    std::string ratio;
    for (int k = 0; k < 3; ++k) std::getline(cells, ratio, ',');
    no_larger += std::stod(ratio) <= last[2] ? 1 : 0;
  }
  EXPECT_NEAR(said["spectra"]["absorption_ratio_rank"], no_larger / 3, 1e-15);
  EXPECT_EQ(said["spectra"]["rows"], 3);
  EXPECT_EQ(said["spectra"]["from"], "row 3");
  EXPECT_NEAR(said["spectra"]["absorption_ratio"], last[2], 1e-15);
  EXPECT_THAT(run(rolling + "--spectra s.parquet").out, HasSubstr("spectra of 3 rows, row 3 to row 5\n"));

  write_panel();
  ASSERT_EQ(run("panel.csv --method rolling --window 3 --spectra p.csv").code, 0);
  EXPECT_THAT(read_file(folder_ / "p.csv"), testing::StartsWith("timestamp,"));
  EXPECT_THAT(read_file(folder_ / "p.csv"), HasSubstr("\n2024-01-06"));

  const auto exponential =
      run("--data x.csv --returns none --method ewma --half-life 2 --spectra e.csv --every 2 --json").json();
  EXPECT_EQ(exponential["spectra"]["rows"], 3);  // rows 1, 3 and 5
  EXPECT_EQ(exponential["spectra"]["undefined_rows"], 1);
  EXPECT_THAT(read_file(folder_ / "e.csv"), HasSubstr("\n1,,,,,,,,,\n3,"));
  EXPECT_THAT(run("--data x.csv --returns none --method ewma --half-life 2 --spectra e.csv").out,
              AllOf(HasSubstr("1 of them with a pair of too few observations"), HasSubstr("effective rank")));

  EXPECT_THAT(error_of("--data x.csv --returns none --spectra s.csv"),
              HasSubstr("--spectra is for --method rolling or ewma"));
  EXPECT_THAT(error_of(rolling + "--modes 2"), HasSubstr("--modes is for --spectra"));
  EXPECT_THAT(error_of(rolling + "--spectra s.csv --modes 4"), HasSubstr("--modes 4: x.csv has 3 assets"));
  EXPECT_THAT(error_of(rolling + "--spectra s.csv --modes 0"), HasSubstr("--modes 0: it must be 1 or more"));
  EXPECT_THAT(error_of(rolling + "--spectra s.txt"), HasSubstr("--spectra s.txt: "));
  EXPECT_THAT(error_of(rolling + "--spectra s.csv --out s.csv"),
              HasSubstr("--out s.csv: --spectra names the same file"));
  EXPECT_THAT(error_of(rolling + "--spectra s.csv --nearest-psd"), HasSubstr("and --nearest-psd"));
  EXPECT_THAT(error_of("--data x.csv --returns none --method ewmaa --spectra s.csv"),
              HasSubstr("did you mean 'ewma'?"));
  EXPECT_THAT(error_of(rolling + "--spectra s.csv --detone 1"), HasSubstr("without --detone"));
}

TEST_F(CovarianceCommand, SaysWhatIsWrongWithTheInput) {
  write("one.csv", "a,b\n1,2\n");
  EXPECT_THAT(error_of("--data one.csv --returns none"),
              HasSubstr("one.csv: 1 row; a covariance needs at least 2"));
  write("flat.csv", "a,b\n1,2\n3,2\n4,2\n");
  EXPECT_THAT(error_of("--data flat.csv --returns none"), HasSubstr("constant values of b (variance 0)"));
  write("text.csv", "a,b\n1,2\n3,x\n");
  EXPECT_THAT(error_of("--data text.csv --returns none"), HasSubstr("text.csv, line 3, column b: \"x\""));
  write("x.csv", five_rows);
  EXPECT_THAT(error_of("--data x.csv --returns none --symbols a,bb"),
              HasSubstr("no column \"bb\", did you mean 'b'?"));
  EXPECT_THAT(error_of("--data x.csv --returns none --method ledoit-wolv"),
              HasSubstr("did you mean 'ledoit-wolf'?"));
  EXPECT_THAT(error_of("--data x.csv --returns nome"), HasSubstr("did you mean 'none'?"));
  EXPECT_THAT(error_of("--data x.csv --returns none --method rolling"), HasSubstr("needs --window"));
  EXPECT_THAT(error_of("--data x.csv --returns none --method rolling --window 6"),
              HasSubstr("--window 6 of 5 rows"));
  EXPECT_THAT(error_of("--data x.csv --returns none --method rolling --window 1"),
              HasSubstr("--window 1: it must have at least 2 rows"));
  EXPECT_THAT(error_of("--data x.csv --returns none --method rolling --window 2 --every 5"),
              HasSubstr("--every is for --out FILE and --spectra FILE of --method rolling or ewma"));
  EXPECT_THAT(error_of("--data x.csv --returns none --every 5 --out m.csv"), HasSubstr("--every is for"));
  EXPECT_THAT(error_of("--data x.csv --returns none --method ewma --half-life 0"), HasSubstr("above 0"));
  EXPECT_THAT(error_of("--data x.csv --returns none --half-life 3"),
              HasSubstr("--half-life is for --method ewma"));
  EXPECT_THAT(error_of("--data x.csv --returns none --ddof 2"), HasSubstr("--ddof 2"));
  EXPECT_THAT(error_of("--data x.csv --returns none --detone 3"),
              HasSubstr("--detone 3: x.csv has 3 modes, of which at least one must stay"));
  EXPECT_THAT(error_of("--data x.csv --returns none --out x.txt"), HasSubstr(".csv or .parquet"));
  EXPECT_THAT(error_of("--data nowhere.csv --returns none"), HasSubstr("nowhere.csv"));
}

TEST_F(CovarianceCommand, TakesColumnsByNameAsItTakesSymbols) {
  write("t.csv", "a,b,c\n1,2,5\n2,1,3\n4,0,4\n");
  const auto said = run("t.csv --returns none --symbols ' c, a,c' --json").json();
  EXPECT_EQ(said["symbols"], (std::vector<std::string>{"c", "a"}));
  EXPECT_THAT(error_of("t.csv --returns none --symbols ,"), HasSubstr("--symbols \",\" names no column"));
}

TEST_F(CovarianceCommand, NamesTheRowOfATableThatIsNotInOrder) {
  write("t.csv", "date,a,b\n2020-01-01,1,2\n2020-01-03,2,1\n2020-01-02,4,0\n");
  EXPECT_THAT(
      error_of("t.csv --returns none --method ewma --half-life 2"),
      HasSubstr("t.csv, line 4, column date: 2020-01-02 is not later than the row before, 2020-01-03"));
}

TEST_F(CovarianceCommand, FailsWhereItsOutputIsCutOff) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  write("x.csv", five_rows);
  const Outcome outcome = run("x.csv --returns none --json > /dev/full");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("could not all be written to standard output"));
}

TEST_F(CovarianceCommand, WritesNothingWhereItCannotDraw) {
  write("t.csv", "a,b,c\n1,,5\n2,,3\n4,,4\n,1,1\n,2,2\n");
  EXPECT_THAT(error_of("t.csv --returns none --plots pictures --out m.csv"),
              HasSubstr("t.csv: there is nothing to draw: 1 pair has no covariance"));
  EXPECT_FALSE(std::filesystem::exists(path("m.csv")));
}

TEST_F(CovarianceCommand, NamesThePortfolioThatHasNoRisk) {
  write("x.csv", five_rows);
  write("zero.csv", "symbol,weight\na,0\n");
  write("huge.csv", "symbol,weight\na,1e300\n");
  EXPECT_THAT(error_of("x.csv --returns none --weights zero.csv"),
              HasSubstr("zero.csv: all weights are zero: there is no portfolio"));
  EXPECT_THAT(error_of("x.csv --returns none --weights huge.csv"),
              HasSubstr("huge.csv: the portfolio's variance is not finite: its weights are too large"));
}

TEST_F(CovarianceCommand, SaysWhatAPortfolioRisks) {
  write_panel();
  write("w.csv", "symbol,weight\nBBB,-0.5\nAAA,1\n");
  const auto said = run("panel.csv --returns log --weights w.csv --json").json();
  const auto& portfolio = said["portfolio"];
  EXPECT_EQ(portfolio["weights"], (std::vector<double>{1, -0.5}));
  // AAA − BBB/2: 0, −2.5, 5.5, −1.5, 0 % (returns 1, −3, 5, −3, 1 and 2, −1, −1, −3, 2 %)
  EXPECT_NEAR(portfolio["volatility"], std::sqrt((0.09 + 7.84 + 27.04 + 3.24 + 0.09) / 4) / 100, 1e-6);
  EXPECT_NEAR(portfolio["tails"][1]["historical_var"], 0.025, 1e-6);
  EXPECT_NEAR(portfolio["tails"][1]["normal_var"], 2.326347874 * portfolio["volatility"].get<double>(), 1e-9);
  EXPECT_NEAR(portfolio["by_asset"][0].get<double>() + portfolio["by_asset"][1].get<double>(), 1, 1e-12);
  EXPECT_EQ(portfolio["rows"], 5);
  EXPECT_THAT(run("panel.csv --weights w.csv").out, HasSubstr("effective bets"));
  write("one.csv", "symbol,weight\nBBB,2\n");
  const auto one = run("panel.csv --weights one.csv --json").json()["portfolio"];
  EXPECT_NEAR(one["effective_bets"], 1, 1e-12);  // whatever AAA does
  EXPECT_EQ(one["by_asset"], (std::vector<double>{0, 1}));
  EXPECT_EQ(one["modes"].size(), 1U);
  write("bad.csv", "symbol,weight\nAAB,1\n");
  EXPECT_THAT(error_of("panel.csv --weights bad.csv"),
              HasSubstr("line 2: panel.csv has no \"AAB\", did you mean 'AAA'?"));
  write("bad.csv", "symbol,weight\nAAA,1\nAAA,2\n");
  EXPECT_THAT(error_of("panel.csv --weights bad.csv"), HasSubstr("line 3: AAA stands twice"));
  write("bad.csv", "symbol,weight\nAAA,\n");
  EXPECT_THAT(error_of("panel.csv --weights bad.csv"), HasSubstr("AAA has no weight"));
  write("bad.csv", "symbol,size\nAAA,1\n");
  EXPECT_THAT(error_of("panel.csv --weights bad.csv"), HasSubstr("a column symbol and a column weight"));
}

TEST_F(CovarianceCommand, DrawsMatrixAndSpectrum) {
  if (!regent::test::can_draw(REGENT_SOURCE_FOLDER, "matplotlib, pyarrow")) {
    GTEST_SKIP() << "no matplotlib or pyarrow here; scripts/setup installs them";
  }
  write("x.csv", five_rows);
  const Outcome outcome = run("--data x.csv --returns none --plots pictures");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const std::string name : {"cov_matrix.png", "eigen_spectrum.png"}) {
    EXPECT_GT(read_file(folder_ / "pictures" / name).size(), 5000U) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "pictures" / "absorption.png"));
  EXPECT_THAT(outcome.out, HasSubstr("drew 2 pictures in pictures: cov_matrix.png, eigen_spectrum.png\n"));
  write_panel();
  for (const std::string data : {"--data x.csv --returns none", "panel.csv"}) {
    const std::string rolling = data + " --method rolling --window 3 --plots pictures ";
    ASSERT_EQ(run(rolling + "--spectra s.csv").code, 0);
    EXPECT_GT(read_file(folder_ / "pictures" / "absorption.png").size(), 5000U);
    ASSERT_EQ(run(rolling).code, 0);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "pictures" / "absorption.png"))
        << "it is of an earlier run";
  }
}

// What docs/commands/covariance.md shows is what the command says.
TEST_F(CovarianceCommand, SaysWhatThePageShows) {
  std::filesystem::create_directory_symlink(REGENT_SOURCE_FOLDER "/examples", folder_ / "examples");
  const std::string page = read_file(REGENT_SOURCE_FOLDER "/docs/commands/covariance.md");
  const std::string opening = "```\n$ regent covariance ";
  int compared = 0;
  for (std::size_t at = 0; (at = page.find(opening, at)) != std::string::npos; ++compared) {
    const std::size_t first = at + opening.size(), line = page.find('\n', first),
                      end = page.find("```", line);
    const std::string arguments = page.substr(first, line - first);
    EXPECT_EQ(run(arguments).out, page.substr(line + 1, end - line - 1)) << arguments;
    at = end;
  }
  EXPECT_GE(compared, 1);
}

}  // namespace
}  // namespace regent
