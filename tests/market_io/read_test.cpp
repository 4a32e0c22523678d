// Files that are right: layouts, times, merging.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "market/io/layout.hpp"
#include "scratch.hpp"

namespace regent::market::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using ReadPanel = Scratch;

const std::string ohlcv =
    "timestamp,symbol,open,high,low,close,volume\n"
    "1577923200000,B,10,12,9,11,100\n"
    "1577923200000,A,20,21,19,20.5,1000\n"
    "1578009600000,A,20.5,22,20,21,1100\n"
    "1578009600000,B,11,11.5,10,10.5,0\n";

void expect_ohlcv(const Panel& panel) {
  EXPECT_THAT(panel.symbols, ElementsAre("A", "B"));
  EXPECT_THAT(panel.timestamps_ms, ElementsAre(1577923200000, 1578009600000));
  EXPECT_THAT(panel.columns[static_cast<std::size_t>(Column::open)], ElementsAre(20, 10, 20.5, 11));
  EXPECT_THAT(panel.columns[static_cast<std::size_t>(Column::high)], ElementsAre(21, 12, 22, 11.5));
  EXPECT_THAT(panel.columns[static_cast<std::size_t>(Column::low)], ElementsAre(19, 9, 20, 10));
  EXPECT_THAT(panel.columns[static_cast<std::size_t>(Column::close)], ElementsAre(20.5, 11, 21, 10.5));
  EXPECT_THAT(panel.columns[static_cast<std::size_t>(Column::volume)], ElementsAre(1000, 100, 1100, 0));
}

TEST_F(ReadPanel, ReadsLongCsv) {
  expect_ohlcv(read(write("bars.csv", ohlcv)));
  EXPECT_EQ(report_.finding_count, 0U);
  EXPECT_EQ(report_.rows, 4U);
}

TEST_F(ReadPanel, ReadsGzipByItsContentAndNotItsName) {
  expect_ohlcv(read(write_gzip("bars.csv.gz", ohlcv)));
  expect_ohlcv(read(write_gzip("bars.csv", ohlcv)));
  expect_ohlcv(read(write("plain.csv.gz", ohlcv)));
}

TEST_F(ReadPanel, ReadsWindowsLineEndsByteOrderMarksBlankLinesQuotesAndOtherDelimiters) {
  std::string windows, tabs;
  for (const char c : ohlcv) {
    windows += c == '\n' ? "\r\n" : std::string(1, c);
    tabs += c == ',' ? '\t' : c;
  }
  expect_ohlcv(read(write("windows.csv", "\xEF\xBB\xBF" + windows)));
  expect_ohlcv(read(write("tabs.csv", tabs)));
  expect_ohlcv(read(write("blank.csv", ohlcv + "\n\n")));
  expect_ohlcv(read(write("no_last_newline.csv", ohlcv.substr(0, ohlcv.size() - 1))));
  std::string quoted = ohlcv;
  quoted.replace(quoted.find("1577923200000,B,10"), 18, "\"1577923200000\",\"B\",\"10\"");
  expect_ohlcv(read(write("quoted.csv", quoted)));
}

TEST_F(ReadPanel, ReadsWideClosesByDate) {
  const auto panel =
      read(write("wide.csv", "Date,MSFT,AAPL,LOW\n2020-01-02,160.62,75.09,118\n2020-01-03,158.62,,119\n"));
  EXPECT_THAT(panel.symbols, ElementsAre("AAPL", "LOW", "MSFT"));  // LOW is a share, not the low of a bar
  EXPECT_EQ(panel.column_set().bits, 1U << static_cast<int>(Column::close));
  EXPECT_EQ(format_timestamp(panel.timestamps_ms[1]), "2020-01-03");
  EXPECT_EQ(panel.at(Column::close, 0, 0), 75.09);
  EXPECT_EQ(panel.at(Column::close, 1, 2), 158.62);
  EXPECT_TRUE(std::isnan(panel.at(Column::close, 1, 0)));
  ASSERT_EQ(report_.finding_count, 1U);
  EXPECT_EQ(report_.findings[0].kind, "not a number");
  EXPECT_EQ(report_.findings[0].row, 3);
  EXPECT_EQ(report_.findings[0].column, "AAPL");
  EXPECT_EQ(report_.findings[0].done, "kept as missing");
}

TEST_F(ReadPanel, TakesSharesNamedLikeColumnsForShares) {
  const auto panel = read(write("wide.csv", "Date,TIME,OPEN,LOW\n2020-01-02,1,2,3\n"));
  EXPECT_THAT(panel.symbols, ElementsAre("LOW", "OPEN", "TIME"));
  EXPECT_EQ(report_.ignored_columns.size(), 0U);
}

TEST_F(ReadPanel, ReadsEveryFormOfTime) {
  const std::vector<std::pair<std::string, std::string>> forms{{"timestamp", "1577923200000"},
                                                               {"Time", "1577923200"},
                                                               {"DATE", "2020-01-02"},
                                                               {"datetime", "2020-01-02T00:00:00Z"},
                                                               {"Datetime", "2020-01-02 00:00:00"},
                                                               {"date", "20200102"},
                                                               {"open_time", "1577923200000000"},
                                                               {"timestamp", "1577923200000000000"},
                                                               {"date", "2020-01-02T02:00:00+02:00"},
                                                               {"", "2020-01-02"}};
  for (const auto& [name, time] : forms) {
    const auto panel = read(write("form.csv", name + ",close\n" + time + ",5\n"));
    EXPECT_EQ(format_timestamp(panel.timestamps_ms.at(0)), "2020-01-02") << name << " " << time;
  }
}

TEST_F(ReadPanel, NamesASymbolAfterItsFile) {
  const std::string bars = "timestamp,open,high,low,close,volume\n1577923200000,1,2,0.5,1.5,7\n";
  EXPECT_THAT(read(write_gzip("BTCUSDT_1h.csv.gz", bars)).symbols, ElementsAre("BTCUSDT"));
  EXPECT_EQ(symbol_from_file_name("data/BTCUSDT_1m_2022.csv.gz"), "BTCUSDT");
  EXPECT_EQ(symbol_from_file_name("BTCUSDT-1m-2022-01-03.csv"), "BTCUSDT");
  EXPECT_EQ(symbol_from_file_name("BRK_B.csv"), "BRK_B");
  EXPECT_EQ(symbol_from_file_name("BF-B_daily.parquet"), "BF-B");
  EXPECT_EQ(symbol_from_file_name("600519.csv"), "600519");
  EXPECT_EQ(symbol_from_file_name("0700.HK_1d.csv"), "0700.HK");
}

TEST_F(ReadPanel, MergesSymbolsOfSeveralFilesOntoAllTheirTimes) {
  const auto a = write("AAA_1d.csv", "date,close\n2020-01-01,1\n2020-01-02,2\n2020-01-04,4\n");
  const auto b = write("BBB_1d.csv", "date,close\n2020-01-02,20\n2020-01-03,30\n");
  const auto panel = read_panel(std::vector{b, a}, {}, &report_);
  EXPECT_THAT(panel.symbols, ElementsAre("AAA", "BBB"));
  ASSERT_EQ(panel.bars(), 4U);
  EXPECT_TRUE(std::isnan(panel.at(Column::close, 0, 1)));
  EXPECT_EQ(panel.at(Column::close, 1, 0), 2);
  EXPECT_EQ(panel.at(Column::close, 1, 1), 20);
  EXPECT_TRUE(std::isnan(panel.at(Column::close, 2, 0)));
  EXPECT_EQ(panel.at(Column::close, 3, 0), 4);
  EXPECT_EQ(report_.files, 2U);
}

TEST_F(ReadPanel, JoinsTheParsOfOneSymbolWhateverTheirOrder) {
  const auto first = write("BTC_1d_2020.csv", "date,close\n2020-01-01,1\n2020-01-02,2\n");
  const auto second = write("BTC_1d_2021.csv", "date,close\n2020-01-03,3\n");
  const auto panel = read_panel(std::vector{second, first});
  EXPECT_THAT(panel.symbols, ElementsAre("BTC"));
  EXPECT_THAT(panel.columns[static_cast<std::size_t>(Column::close)], ElementsAre(1, 2, 3));
}

TEST_F(ReadPanel, ReportsTheColumnsThatItIgnores) {
  const auto panel =
      read(write("x.csv", "Date,Symbol,Close,Adj Close,Dividends,split\n2020-01-02,A,10,5,0,1\n"));
  EXPECT_EQ(panel.at(Column::close, 0, 0), 10);
  EXPECT_THAT(report_.ignored_columns, ElementsAre("Adj Close", "Dividends", "split"));
}

TEST_F(ReadPanel, AdjustsPricesAndNotVolume) {
  ValidationPolicy policy;
  policy.adjusted = true;
  const auto file =
      write("x.csv", "Date,Symbol,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,A,8,12,6,10,5,700\n");
  const auto panel = read(file, policy);
  EXPECT_EQ(panel.at(Column::open, 0, 0), 4);
  EXPECT_EQ(panel.at(Column::high, 0, 0), 6);
  EXPECT_EQ(panel.at(Column::low, 0, 0), 3);
  EXPECT_EQ(panel.at(Column::close, 0, 0), 5);
  EXPECT_EQ(panel.at(Column::volume, 0, 0), 700);
  EXPECT_EQ(read(file).at(Column::close, 0, 0), 10);
  EXPECT_THAT(complaint(write("none.csv", "date,symbol,close\n2020-01-02,A,1\n"), policy),
              HasSubstr("adj_close"));
  EXPECT_THAT(complaint(write("wide.csv", "date,A\n2020-01-02,1\n"), policy), HasSubstr("adj_close"));
  const auto hole =
      write("hole.csv", "date,symbol,close,adj_close\n2020-01-02,A,10,5\n2020-01-03,A,10,oops\n");
  EXPECT_EQ(read(hole, policy).bars(), 1U);  // the bar without a factor has no price left
  ASSERT_EQ(report_.finding_count, 1U);
  EXPECT_EQ(report_.findings[0].column, "adj_close");
  EXPECT_EQ(report_.findings[0].value, "oops");
  EXPECT_EQ(report_.findings[0].row, 3);
}

TEST_F(ReadPanel, LeavesOutSymbolsAndBarsWithoutAnyValue) {
  const auto panel = read(write("wide.csv", "date,A,B,C\n2020-01-01,1,,2\n2020-01-02,,,\n2020-01-03,3,,4\n"));
  EXPECT_THAT(panel.symbols, ElementsAre("A", "C"));
  EXPECT_EQ(panel.bars(), 2U);
  EXPECT_EQ(report_.count_of_kind.at("symbol without prices"), 1U);
}

TEST_F(ReadPanel, ReadsWhatIsLongerThanOneBlock) {
  // 12 MB of text: more than one block of the reader
  std::string text = "timestamp,symbol,open,high,low,close,volume\n";
  constexpr std::size_t rows = 200'000;
  for (std::size_t i = 0; i < rows; ++i) {
    text += std::to_string(1577923200000 + static_cast<std::int64_t>(i) * 60'000) +
            ",LONGSYMBOL,10.25,12.5,9.75," + std::to_string(i + 10) + "e0,1000000\n";
  }
  const auto panel = read(write_gzip("long.csv.gz", text));
  ASSERT_EQ(panel.bars(), rows);
  for (const std::size_t bar : {0UL, 99'999UL, rows - 1}) {
    EXPECT_EQ(panel.at(Column::close, bar, 0), static_cast<double>(bar + 10)) << bar;
  }
  text += "1,LONGSYMBOL,1,1,1,1\n";
  EXPECT_THAT(complaint(write("ragged.csv", text)), HasSubstr("line 200002: 6 cells, the header has 7"));
}

}  // namespace
}  // namespace regent::market::test
