// What a table may hold, and what is said of what it may not.

#include "hmm_command.hpp"
#include "market/io/series_file.hpp"

namespace regent::hmm::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TableInput : public HmmCommand {
 protected:
  void SetUp() override {
    HmmCommand::SetUp();
    write("m.json", two_states);
  }
  std::string complaint(const std::string& table, const std::string& flags = "") const {
    write("x.csv", table);
    const auto outcome = run("score --model m.json --data x.csv " + flags);
    EXPECT_EQ(outcome.code, 2) << table << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out, "") << table;
    return outcome.err;
  }
  nlohmann::json score(const std::string& table, const std::string& flags = "--data") const {
    write("x.csv", table);
    const auto outcome = run("score --model m.json --json " + flags + " x.csv");
    EXPECT_EQ(outcome.code, 0) << table << outcome.err;
    return outcome.json();
  }
};

TEST_F(TableInput, KeepsSymbolsAndCodesThatLookLikeNumbers) {
  write("x.csv", "symbol,code,count,r\n000001,07,7,1\n600000,08,8,2\n");
  ASSERT_EQ(run("filter --model m.json --data x.csv --out f.parquet").code, 0);
  const auto table = market::read_series(path("f.parquet").string());
  EXPECT_THAT(table.find("symbol")->texts, ElementsAre("000001", "600000"));
  EXPECT_THAT(table.find("code")->texts, ElementsAre("07", "08"));
  EXPECT_THAT(table.find("count")->reals, ElementsAre(7, 8));
  write("y.csv", "symbol,ratio,r\n1,0.5,1\n2,-0.25,2\n");
  ASSERT_EQ(run("filter --model m.json --data y.csv --out g.parquet").code, 0);
  const auto second = market::read_series(path("g.parquet").string());
  EXPECT_THAT(second.find("symbol")->texts, ElementsAre("1", "2"));
  EXPECT_THAT(second.find("ratio")->reals, ElementsAre(0.5, -0.25));
}

TEST_F(TableInput, RefusesATimeThatStandsTwice) {
  EXPECT_THAT(
      complaint("date,coin,r\n2020-01-02,A,1\n2020-01-02,B,1\n2020-01-03,A,1\n2020-01-03,B,1\n"),
      AllOf(HasSubstr("x.csv, line 3, column date: 2020-01-02 stands twice"), HasSubstr("symbol column")));
  // a date beside a time of day
  EXPECT_EQ(score("date,time,r\n2020-01-02,09:30,1\n2020-01-02,09:31,1\n")["rows"], 2);
  EXPECT_EQ(score("date,symbol,r\n2020-01-02,A,1\n2020-01-02,B,1\n")["rows"], 2);
}

TEST_F(TableInput, NamesTheCellThatIsNoTime) {
  EXPECT_THAT(complaint("date,r\n2020-01-02,1\n2020-01-O3,1\n2020-01-01,1\n"),
              HasSubstr("x.csv, line 3, column date: \"2020-01-O3\" is no time, as \"2020-01-02\" is"));
  EXPECT_THAT(complaint("date,r\n,1\n2020-01-02,1\n"), HasSubstr("line 2, column date: \"\" is no time"));
  EXPECT_EQ(score("time,r\n3,1\n2,1\n1,1\n")["rows"], 3) << "numbers of bars are no times";
}

TEST_F(TableInput, NamesTheCellThatIsNoUtf8) {
  EXPECT_THAT(complaint("symbol,r\nA,1\n\xE9lan,1\n", "--json"),
              AllOf(HasSubstr("x.csv, line 3, column symbol"), HasSubstr("UTF-8")));
  EXPECT_THAT(complaint("symbol,r,caf\xE9\nA,1,2\n", "--json"),
              AllOf(HasSubstr("x.csv, line 1"), HasSubstr("UTF-8")));
  EXPECT_EQ(score("symbol,r\n\u00E9lan,1\n")["series"][0]["symbol"], "\u00E9lan");
}

TEST_F(TableInput, SkipsEmptyLinesAndKeepsRowsOfEmptyCells) {
  const auto wanted = score("x,r\n1,2\n3,4\n");
  EXPECT_NE(wanted["log_likelihood"], 0.0);
  EXPECT_EQ(score("x,r\n1,2\n3,4\n\n"), wanted);
  EXPECT_EQ(score("x,r\n1,2\n\n3,4\n"), wanted);
  EXPECT_EQ(score("date,r\n2020-01-02,2\n\n2020-01-03,4\n\n"), wanted);
  EXPECT_EQ(score("x,r\r\n1,2\r\n\r\n3,4\r\n")["rows"], 2);
  EXPECT_EQ(score("x,r\n1,2\n,\n3,4\n")["rows"], 3) << "a missing bar";
  EXPECT_EQ(score("0,0\n\n,\n-1,-2\n\n", "--emissions")["rows"], 3);
  EXPECT_THAT(complaint("x,r\n1,2\n\n3,z\n"), HasSubstr("line 4, column r: \"z\""));
  // in a file of one column an empty line is a missing value, but the last line's end begins no line
  EXPECT_EQ(score("r\n1\n\n2\n")["rows"], 3);
  EXPECT_EQ(score("r\n1\n2\n")["rows"], 2);
}

TEST_F(TableInput, TrimsSymbols) {
  const auto scored = score("symbol,r\nA,1\n A,2\nA ,3\n");
  ASSERT_EQ(scored["series"].size(), 1U);
  EXPECT_EQ(scored["series"][0]["symbol"], "A");
  ASSERT_EQ(run("filter --model m.json --data x.csv --out f.csv").code, 0);
  EXPECT_THAT(bytes_of("f.csv"), HasSubstr("\nA,"));
  EXPECT_THAT(bytes_of("f.csv"), ::testing::Not(HasSubstr("\n A,")));
}

}  // namespace
}  // namespace regent::hmm::test
