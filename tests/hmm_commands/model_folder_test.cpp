// A folder of models: which symbol's file is which, and what they are read with.

#include "hmm/commands/model_choice.hpp"

#include "hmm_command.hpp"

namespace regent::hmm::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string reading(const std::string& feature) {
  std::string model = two_states;
  return model.replace(model.find("\"r\""), 3, "\"" + feature + "\"");
}

TEST(FileStem, IsOnePerSymbolAndComesBack) {
  EXPECT_EQ(file_stem_of("BRK.B"), "BRK.B");
  EXPECT_EQ(file_stem_of("BTC/USDT"), "BTC%2FUSDT");
  EXPECT_EQ(file_stem_of(".."), "%2E.");
  EXPECT_EQ(symbol_of_file_stem("100%"), "100%");
  for (const std::string symbol : {"BTC/USDT", "BTC_USDT", "BTC%2FUSDT", ".X", "A\tB", "Ölpreis", "%", "/"}) {
    EXPECT_EQ(symbol_of_file_stem(file_stem_of(symbol)), symbol);
    EXPECT_EQ(file_stem_of(symbol).find('/'), std::string::npos);
  }
}

TEST_F(HmmCommand, FitsAndScoresSymbolsWithASlashApart) {
  std::string csv = "symbol,r\n";
  for (int t = 0; t < 60; ++t) {
    const int wild = t % 20 < 10 ? 1 : 9;
    csv += "BTC/USDT," + std::to_string(wild * ((t * 7) % 11 - 5)) + "\n";
    csv += "BTC_USDT," + std::to_string(0.01 * wild * ((t * 5) % 13 - 6)) + "\n";
  }
  write("x.csv", csv);
  const auto fitted = run("fit --data x.csv --states 2 --out models --json");
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  EXPECT_EQ(fitted.json()["models"][0]["file"], "models/BTC%2FUSDT.json");
  EXPECT_EQ(fitted.json()["models"][1]["file"], "models/BTC_USDT.json");
  const auto scored = run("score --model models --data x.csv --json");
  ASSERT_EQ(scored.code, 0) << scored.err;
  for (int s = 0; s < 2; ++s) {
    const double fit = fitted.json()["models"][s]["log_likelihood"];
    EXPECT_NEAR(scored.json()["series"][s]["log_likelihood"].get<double>(), fit, 1e-4 * std::abs(fit));
  }
  // the labels of the fit before reach the symbol with a slash: regimes keep their names
  std::string renamed = bytes_of("models/BTC%2FUSDT.json");
  renamed.replace(renamed.find("calm"), 4, "idle");
  write("models/BTC%2FUSDT.json", renamed);
  const auto again = run("fit --data x.csv --states 2 --previous models --json").json();
  EXPECT_EQ(again["models"][0]["model"]["regimes"][0]["label"], "idle");
}

TEST_F(HmmCommand, TakesTheOneModelThatFitWroteIntoAFolder) {
  std::string csv = "r\n";
  for (int t = 0; t < 60; ++t) csv += std::to_string((t % 20 < 10 ? 1 : 9) * ((t * 7) % 11 - 5)) + "\n";
  write("x.csv", csv);
  ASSERT_EQ(run("fit --data x.csv --states 2 --out one").code, 0);
  ASSERT_TRUE(std::filesystem::exists(path("one/model.json")));
  const auto scored = run("score --model one --data x.csv --json");
  ASSERT_EQ(scored.code, 0) << scored.err;
  EXPECT_EQ(scored.json(), run("score --model one/model.json --data x.csv --json").json());
  std::filesystem::create_directory(path("lone"));
  write("lone/A.json", two_states);
  EXPECT_EQ(run("score --model lone --data x.csv").code, 0);
  write("b.csv", "symbol,r\nB,1\n");
  EXPECT_THAT(run("score --model lone --data b.csv").err, HasSubstr("no model for the symbol \"B\""));
}

TEST_F(HmmCommand, ReadsNoColumnThatAnotherSymbolsModelNames) {
  std::filesystem::create_directory(path("models"));
  write("models/A.json", reading("x"));
  write("models/B.json", reading("y"));
  write("b.csv", "symbol,x,y\nB,1,100\n");
  for (const char* verb : {"score", "decode", "describe"}) {
    const auto outcome = run(verb + std::string(" --model models --data b.csv"));
    EXPECT_EQ(outcome.code, 2) << verb;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("models of A and B differ"), HasSubstr("features"))) << verb;
  }
}

TEST_F(HmmCommand, PoolsAfterOneModelNotAfterTheFirstOfMany) {
  std::filesystem::create_directory(path("models"));
  write("models/A.json", two_states);
  write("models/B.json", two_states);
  write("x.csv", "symbol,r\nA,1\nA,2\nA,4\nA,3\nB,1\nB,7\nB,3\nB,2\n");
  const auto outcome = run("fit --data x.csv --pooled --states 2 --previous models");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("a folder of several models"));
}

}  // namespace
}  // namespace regent::hmm::test
