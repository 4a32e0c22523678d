// Files that are wrong: each gets one clear message.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "scratch.hpp"

namespace regent::market::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using RejectedFile = Scratch;
using Validation = Scratch;

std::string long_csv(const std::string& rows) {
  return "timestamp,symbol,open,high,low,close,volume\n" + rows;
}

TEST_F(RejectedFile, IsNamed) {
  EXPECT_THAT(complaint(path("absent.csv")), AllOf(HasSubstr("absent.csv"), HasSubstr("no such file")));
  EXPECT_THAT(complaint(folder_.path()), HasSubstr("no regular file"));
  EXPECT_THROW(read_panel({}), InputError);
}

TEST_F(RejectedFile, IsEmptyOrHasAHeaderOnly) {
  EXPECT_THAT(complaint(write("empty.csv", "")), HasSubstr("empty"));
  EXPECT_THAT(complaint(write("header.csv", "date,close\n")), HasSubstr("a header and no bars"));
  EXPECT_THAT(complaint(write("header2.csv", "date,close")), HasSubstr("a header and no bars"));
  EXPECT_THAT(complaint(write("blank.csv", "date,close\n\n\n")), HasSubstr("a header and no bars"));
  EXPECT_THAT(complaint(write_gzip("empty.csv.gz", "")), HasSubstr("empty"));
}

TEST_F(RejectedFile, HasRowsOfDifferentLength) {
  const auto file = write("ragged.csv", long_csv("2020-01-02,A,1,2,0.5,1,5\n\n2020-01-03,A,1,2,0.5\n"));
  EXPECT_THAT(complaint(file),
              AllOf(HasSubstr("ragged.csv, line 4"), HasSubstr("5 cells, the header has 7")));
  EXPECT_THAT(complaint(write("long.csv", "date,A\n2020-01-02,1,2\n")), HasSubstr("line 2: 3 cells"));
}

TEST_F(RejectedFile, IsBinaryGarbage) {
  std::string garbage;
  for (int i = 0; i < 5000; ++i) garbage += static_cast<char>((i * 7919 + i / 3) % 256);
  EXPECT_THAT(complaint(write("garbage.csv", garbage)), HasSubstr("garbage.csv"));
  EXPECT_THAT(complaint(write("garbage.parquet", garbage)), HasSubstr("no Parquet file"));
  EXPECT_THAT(complaint(write("garbage.bin", "PAR1" + garbage)), HasSubstr("garbage.bin"));
  EXPECT_THAT(complaint(write("garbage.csv.gz", "\x1F\x8B" + garbage)), HasSubstr("garbage.csv.gz"));
  EXPECT_THAT(
      complaint(write("half.csv", "date,close\n2020-01-02,1\n" + std::string("\0\x01\x02,\xFF\n", 6))),
      AllOf(HasSubstr("half.csv"), HasSubstr("line 3")));
}

TEST_F(RejectedFile, IsATruncatedGzip) {
  std::string text = "date,A,B\n";
  for (int i = 0; i < 3000; ++i)
    text += std::to_string(1577923200 + i * 86400) + "," + std::to_string(i * 37 % 991 + 1) + ",5\n";
  const auto whole = bytes_of(write_gzip("whole.csv.gz", text));
  EXPECT_EQ(complaint(path("whole.csv.gz")), "");
  for (const std::size_t size : {whole.size() / 3, whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
    EXPECT_NE(complaint(write("cut.csv.gz", whole.substr(0, size))), "") << size << " of " << whole.size();
  }
  auto flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 0x10);
  EXPECT_NE(complaint(write("flipped.csv.gz", flipped)), "");
}

TEST_F(RejectedFile, IsATruncatedParquet) {
  read(write("x.csv", "date,A,B\n2020-01-02,1,2\n2020-01-03,3,4\n"));
  write_panel(read(path("x.csv")), path("whole.parquet"));
  const auto whole = bytes_of(path("whole.parquet"));
  EXPECT_EQ(complaint(path("whole.parquet")), "");
  for (std::size_t size = 1; size < whole.size(); size += 13) {
    EXPECT_NE(complaint(write("cut.parquet", whole.substr(0, size))), "") << size << " of " << whole.size();
  }
}

TEST_F(RejectedFile, NeverCrashesOnFlippedBytes) {
  read(write("x.csv", "date,A,B\n2020-01-02,1,2\n2020-01-03,3,4\n2020-01-06,5,6\n"));
  write_panel(read(path("x.csv")), path("whole.parquet"));
  const auto whole = bytes_of(path("whole.parquet"));
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    auto flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ static_cast<char>(1 + at * 37 % 255));
    try {
      read(write("flipped.parquet", flipped));
    } catch (const InputError&) {
      continue;  // an error of another type fails the test
    }
  }
}

TEST_F(RejectedFile, HasNoColumnsOfBars) {
  EXPECT_THAT(complaint(write("a.csv", "when,close\n2020-01-02,1\n")), HasSubstr("no time column"));
  EXPECT_THAT(complaint(write("b.csv", "date\n2020-01-02\n")), HasSubstr("no column of prices"));
  EXPECT_THAT(complaint(write("c.csv", "date,open,high,low,volume\n2020-01-02,1,1,1,1\n")),
              HasSubstr("no column \"close\""));
  EXPECT_THAT(complaint(write("c2.csv", "DATE,OPEN,HIGH,LOW\n2020-01-02,1,1,1\n")),
              HasSubstr("no column \"close\""));
  EXPECT_THAT(complaint(write("d.csv", "timestamp,bid,ask\n1577923200000,1,2\n")),
              HasSubstr("ticks and quotes"));
}

TEST_F(RejectedFile, NamesASymbolOrColumnTwice) {
  EXPECT_THAT(complaint(write("wide.csv", "date,A,B,A\n2020-01-02,1,2,3\n")),
              AllOf(HasSubstr("column \"A\" (column 4)"), HasSubstr("twice")));
  EXPECT_THAT(complaint(write("long.csv", "date,symbol,close,Close\n2020-01-02,A,2,3\n")),
              HasSubstr("twice"));
}

TEST_F(RejectedFile, HasSymbolsThatAreNone) {
  EXPECT_THAT(complaint(write("a.csv", "date,symbol,close\n2020-01-02,A,2\n\n2020-01-02,,2\n")),
              HasSubstr("line 4"));
  EXPECT_THAT(complaint(write("b.csv", "date," + std::string(65, 'X') + "\n2020-01-02,2\n")),
              HasSubstr("1 to 64"));
}

TEST_F(RejectedFile, MixesColumnsWithTheOthers) {
  const auto a = write("A.csv", "date,open,close\n2020-01-02,1,2\n");
  const auto b = write("B.csv", "date,close\n2020-01-02,1\n");
  try {
    read_panel(std::vector{a, b});
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("B.csv has the columns close"), HasSubstr("A.csv has open, close")));
  }
}

struct Fault {
  std::string kind, rows, column, value;
  std::int64_t row;
  std::string key;
};

// Each kind of bad value, alone in a file of three rows.
const std::vector<Fault>& faults() {
  static const std::vector<Fault> all{
      {"not a number", "2020-01-02,A,1,2,0.5,1,5\n2020-01-03,A,1,2,0.5,abc,5\n2020-01-06,A,1,2,0.5,1,5\n",
       "close", "abc", 3, "data.on_nan"},
      {"not a number", "2020-01-02,A,1,2,0.5,1,5\n2020-01-03,A,1,2,inf,1,5\n2020-01-06,A,1,2,0.5,1,5\n",
       "low", "inf", 3, "data.on_nan"},
      {"non-positive price", "2020-01-02,A,1,2,0.5,1,5\n2020-01-03,A,0,2,0.5,1,5\n2020-01-06,A,1,2,0.5,1,5\n",
       "open", "0", 3, "data.on_non_positive"},
      {"non-positive price",
       "2020-01-02,A,1,2,0.5,1,5\n2020-01-03,A,1,2,-0.5,1,5\n2020-01-06,A,1,2,0.5,1,5\n", "low", "-0.5", 3,
       "data.on_non_positive"},
      {"negative volume", "2020-01-02,A,1,2,0.5,1,5\n2020-01-03,A,1,2,0.5,1,-1\n2020-01-06,A,1,2,0.5,1,5\n",
       "volume", "-1", 3, "data.on_non_positive"},
      {"high below low", "2020-01-02,A,1,2,0.5,1,5\n2020-01-03,A,1,0.4,0.5,1,5\n2020-01-06,A,1,2,0.5,1,5\n",
       "high", "0.4", 3, "data.on_high_below_low"},
      {"duplicate", "2020-01-02,A,1,2,0.5,1,5\n2020-01-02,A,1,2,0.5,7,5\n2020-01-06,A,1,2,0.5,1,5\n", "A",
       "2020-01-02", 3, "data.on_duplicate"},
      {"unsorted", "2020-01-03,A,1,2,0.5,1,5\n2020-01-02,A,1,2,0.5,7,5\n2020-01-06,A,1,2,0.5,1,5\n", "time",
       "2020-01-02", 3, "data.on_unsorted"},
  };
  return all;
}

ValidationPolicy all_of(Repair repair) {
  ValidationPolicy policy;
  policy.unsorted = policy.duplicate = policy.not_a_number = policy.non_positive_price =
      policy.high_below_low = policy.gap = repair;
  return policy;
}

TEST_F(Validation, RejectsEachFaultByFileLineColumnAndValue) {
  for (const auto& fault : faults()) {
    const auto message = complaint(write("bars.csv", long_csv(fault.rows)), all_of(Repair::reject));
    EXPECT_THAT(message, AllOf(HasSubstr("bars.csv, line 3"), HasSubstr(fault.value), HasSubstr(fault.key)))
        << fault.kind << " of " << fault.value;
    ASSERT_EQ(report_.finding_count, 1U) << fault.kind;
    const auto& finding = report_.findings[0];
    EXPECT_EQ(finding.kind, fault.kind);
    EXPECT_THAT(finding.file, HasSubstr("bars.csv"));
    EXPECT_EQ(finding.row, fault.row);
    EXPECT_EQ(finding.column, fault.column);
    EXPECT_EQ(finding.value, fault.value);
    EXPECT_EQ(finding.done, "rejected");
  }
}

TEST_F(Validation, DropsTheRowOfEachFaultWhenItShould) {
  for (const auto& fault : faults()) {
    const auto panel = read(write("bars.csv", long_csv(fault.rows)), all_of(Repair::drop));
    ASSERT_EQ(report_.finding_count, 1U) << fault.kind;
    EXPECT_EQ(report_.findings[0].done, fault.kind == "unsorted" ? "sorted" : "dropped") << fault.kind;
    EXPECT_EQ(panel.bars(), fault.kind == "unsorted" ? 3U : 2U) << fault.kind;
    for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
      EXPECT_EQ(panel.at(Column::close, bar, 0), fault.kind == "unsorted" && bar == 0 ? 7 : 1) << fault.kind;
    }
  }
}

TEST_F(Validation, KeepsTheRestOfTheRowWhenAValueCountsAsMissing) {
  for (const auto& fault : faults()) {
    if (fault.kind == "duplicate" || fault.kind == "unsorted") continue;
    const auto panel = read(write("bars.csv", long_csv(fault.rows)), all_of(Repair::missing));
    ASSERT_EQ(panel.bars(), 3U) << fault.kind;
    EXPECT_EQ(report_.findings[0].done, "kept as missing") << fault.kind;
    std::size_t missing = 0;
    for (std::size_t c = 0; c < column_count; ++c) {
      const bool gone = std::isnan(panel.at(static_cast<Column>(c), 1, 0));
      missing += gone ? 1 : 0;
      ASSERT_TRUE(gone || fault.column != column_names[c]) << fault.kind;
    }
    EXPECT_EQ(missing, fault.kind == "high below low" ? 2U : 1U) << fault.kind;
  }
}

ValidationPolicy adjusting() {
  ValidationPolicy policy;
  policy.adjusted = true;
  return policy;
}

std::string adjusted_csv(const std::string& row) {
  return "date,symbol,open,high,low,close,adj_close,volume\n2020-01-02,A,8,12,6,10,5,700\n" + row +
         "\n2020-01-06,A,8,12,6,10,5,700\n";
}

TEST_F(Validation, LooksAtPricesAgainAfterTheyWereAdjusted) {
  const auto file = write("huge.csv", adjusted_csv("2020-01-03,A,1e10,1e10,1e10,1,1e300,700"));
  const auto panel = read(file, adjusting());
  for (const Column column : {Column::open, Column::high, Column::low}) {
    EXPECT_TRUE(std::isnan(panel.at(column, 1, 0))) << panel.at(column, 1, 0);
  }
  EXPECT_EQ(panel.at(Column::close, 1, 0), 1e300);
  EXPECT_EQ(panel.at(Column::close, 2, 0), 5);
  ASSERT_EQ(report_.count_of_kind["not a number"], 3U);
  EXPECT_EQ(report_.findings[0].column, "open");
  EXPECT_EQ(report_.findings[0].value, "1e+10");
  ValidationPolicy strict = adjusting();
  strict.not_a_number = Repair::reject;
  EXPECT_THAT(complaint(file, strict),
              AllOf(HasSubstr("line 3, column open"), HasSubstr("leaves the range of numbers")));
  const auto tiny =
      read(write("tiny.csv", adjusted_csv("2020-01-03,A,1e-10,1e-10,1e-10,1e20,1e-300,700")), adjusting());
  EXPECT_TRUE(std::isnan(tiny.at(Column::open, 1, 0))) << "0 is no price: " << tiny.at(Column::open, 1, 0);
}

TEST_F(Validation, RejectsAPriceThatIsNoneAlsoWhereItIsToBeAdjusted) {
  EXPECT_THAT(complaint(write("close.csv", adjusted_csv("2020-01-03,A,8,12,6,-10,5,700")), adjusting()),
              AllOf(HasSubstr("line 3, column close: -10 is no price"), HasSubstr("data.on_non_positive")));
  EXPECT_THAT(
      complaint(write("adjusted.csv", adjusted_csv("2020-01-03,A,8,12,6,10,-5,700")), adjusting()),
      AllOf(HasSubstr("line 3, column adj_close: -5 is no price"), HasSubstr("data.on_non_positive")));
  // what stands in the file, and not what became of it
  EXPECT_THAT(complaint(write("high.csv", adjusted_csv("2020-01-03,A,8,5,6,10,5,700")), adjusting()),
              HasSubstr("line 3, column high: 5 is below the low, 6"));
}

TEST_F(Validation, SaysWhyABarWithoutACloseHasNoAdjustedPrices) {
  const auto panel = read(write("hole.csv", adjusted_csv("2020-01-03,A,8,12,6,,5,700")), adjusting());
  EXPECT_TRUE(std::isnan(panel.at(Column::open, 1, 0)));
  EXPECT_EQ(panel.at(Column::volume, 1, 0), 700);
  ASSERT_EQ(report_.finding_count, 2U);
  EXPECT_EQ(report_.findings[0].column, "close");
  EXPECT_EQ(report_.findings[1].column, "adj_close");
}

TEST_F(Validation, CountsABarThatIsGivenTwiceAsMissingWhenItShould) {
  const auto file = write("bars.csv", long_csv("2020-01-02,A,1,2,0.5,1,5\n2020-01-02,B,1,2,0.5,1,5\n"
                                               "2020-01-02,A,1,2,0.5,7,5\n2020-01-03,A,1,2,0.5,3,5\n"));
  const auto panel = read(file, all_of(Repair::missing));
  EXPECT_TRUE(std::isnan(panel.at(Column::close, 0, 0)));
  EXPECT_EQ(panel.at(Column::close, 0, 1), 1);
  EXPECT_EQ(panel.at(Column::close, 1, 0), 3);
}

TEST_F(Validation, FindsTheSameBarInTwoFiles) {
  const auto a = write("A_1d.csv", "date,close\n2020-01-02,1\n2020-01-03,2\n");
  const auto b = write("A_1d_2020.csv", "date,close\n2020-01-03,9\n2020-01-06,3\n");
  EXPECT_THROW(read_panel(std::vector{a, b}), InputError);
  const auto panel = read_panel(std::vector{a, b}, all_of(Repair::drop), &report_);
  EXPECT_EQ(panel.at(Column::close, 1, 0), 2);
  EXPECT_THAT(report_.findings[0].file, HasSubstr("A_1d_2020.csv"));
  EXPECT_EQ(report_.findings[0].row, 2);
}

TEST_F(Validation, FindsATwiceGivenDateOfAWideFileOnce) {
  const auto file = write("wide.csv", "date,A,B,C\n2020-01-02,1,2,3\n2020-01-03,4,5,6\n2020-01-03,7,8,9\n");
  EXPECT_THAT(complaint(file), HasSubstr("line 4: a second row for 2020-01-03"));
  EXPECT_EQ(report_.finding_count, 1U);
  EXPECT_EQ(read(file, all_of(Repair::drop)).at(Column::close, 1, 2), 6);
  EXPECT_EQ(read(file, all_of(Repair::missing)).bars(), 1U);
}

TEST_F(Validation, AcceptsLongFilesSortedBySymbolFirst) {
  const auto panel = read(write("by_symbol.csv",
                                "date,symbol,close\n2020-01-02,A,1\n2020-01-03,A,2\n"
                                "2020-01-02,B,3\n2020-01-03,B,4\n"));
  EXPECT_EQ(report_.finding_count, 0U);
  EXPECT_EQ(panel.at(Column::close, 1, 1), 4);
}

TEST_F(Validation, NeverKeepsARowWithoutATime) {
  const auto file = write("bars.csv", "date,close\n2020-01-02,1\nyesterday,2\n2020-01-06,3\n");
  EXPECT_THAT(complaint(file), AllOf(HasSubstr("line 3"), HasSubstr("\"yesterday\" is no time")));
  EXPECT_THAT(complaint(file, all_of(Repair::missing)), HasSubstr("line 3"));
  EXPECT_EQ(read(file, all_of(Repair::drop)).bars(), 2U);
  for (const std::string time :
       {"2020", "12", "99999999999999999999", "2020-13-01", "1e12", "", "2500-01-01"}) {
    EXPECT_THAT(complaint(write("t.csv", "date,close\n" + time + ",1\n")), HasSubstr("line 2")) << time;
  }
}

TEST_F(Validation, ReportsGapsLongerThanTheLimit) {
  std::string rows = "date,symbol,close\n";
  for (int day = 1; day <= 9; ++day) rows += "2020-01-0" + std::to_string(day) + ",A,1\n";
  const auto file = write("gap.csv", rows + "2020-01-19,A,1\n2020-01-30,A,1\n");
  const auto panel = read(file);
  ASSERT_EQ(report_.count_of_kind["gap"], 1U);  // ten steps are allowed, eleven are not
  EXPECT_EQ(report_.findings[0].value, "2020-01-19 to 2020-01-30");
  EXPECT_EQ(report_.findings[0].column, "A");
  EXPECT_EQ(panel.bars(), 11U);
  EXPECT_THAT(complaint(file, all_of(Repair::reject)),
              AllOf(HasSubstr("gap.csv"), HasSubstr("symbol A: no bar from")));
  ValidationPolicy patient;
  patient.gap_bars_max = 11;
  read(file, patient);
  EXPECT_EQ(report_.finding_count, 0U);
}

TEST_F(Validation, CountsAllFindingsAndKeepsAThousand) {
  std::string rows = "timestamp,close\n";
  for (int i = 0; i < 2500; ++i)
    rows += std::to_string(1577923200 + i * 60) + (i % 5 == 4 ? ",1\n" : ",bad\n");
  read(write("many.csv", rows));
  EXPECT_EQ(report_.count_of_kind["not a number"], 2000U);
  EXPECT_EQ(report_.findings.size(), 1000U);
  ValidationPolicy strict;
  strict.not_a_number = Repair::reject;
  EXPECT_THAT(complaint(path("many.csv"), strict), AllOf(HasSubstr("line 2"), HasSubstr("1999 more")));
}

TEST_F(Validation, SaysWhenNothingIsLeft) {
  EXPECT_THAT(complaint(write("none.csv", "date,close\n2020-01-02,x\n2020-01-03,y\n")),
              HasSubstr("no bar is left"));
}

TEST_F(Validation, FollowsTheConfiguration) {
  const auto config = Config::from_toml(
      "[data]\non_unsorted = \"sort\"\non_duplicate = \"missing\"\non_nan = \"drop\"\non_non_positive = "
      "\"missing\"\n"
      "on_high_below_low = \"drop\"\non_gap = \"reject\"\ngap_bars_max = 3\nadjusted = true\n",
      "test");
  const auto policy = validation_policy(config);
  EXPECT_EQ(policy.unsorted, Repair::drop);
  EXPECT_EQ(policy.duplicate, Repair::missing);
  EXPECT_EQ(policy.not_a_number, Repair::drop);
  EXPECT_EQ(policy.non_positive_price, Repair::missing);
  EXPECT_EQ(policy.high_below_low, Repair::drop);
  EXPECT_EQ(policy.gap, Repair::reject);
  EXPECT_EQ(policy.gap_bars_max, 3);
  EXPECT_TRUE(policy.adjusted);
  const auto defaults = validation_policy(Config::from_toml("", "test"));
  EXPECT_EQ(defaults.unsorted, ValidationPolicy{}.unsorted);
  EXPECT_EQ(defaults.not_a_number, ValidationPolicy{}.not_a_number);
  EXPECT_EQ(defaults.gap, ValidationPolicy{}.gap);
  EXPECT_EQ(defaults.gap_bars_max, ValidationPolicy{}.gap_bars_max);
  EXPECT_FALSE(defaults.adjusted);
}

}  // namespace
}  // namespace regent::market::test
