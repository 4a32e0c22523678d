#include "market/csv_panel.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "base/error.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent::market {
namespace {

struct Folder : test::TemporaryFolder {
  std::filesystem::path with(const std::string& text) const { return write("p.csv", text); }
};

TEST(CsvPanel, BringsBackTheSameBits) {
  constexpr unsigned seed = 3;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937_64 random(seed);
  Folder folder;
  for (const std::uint8_t columns : {0b01000, 0b01001, 0b11111}) {
    Panel panel;
    panel.symbols = {"AA", "B.B", "C-1"};
    for (TimestampMs t : {-5'000LL, 0LL, 86'400'000LL, 86'400'001LL, 1'600'000'000'000LL}) {
      panel.timestamps_ms.push_back(t);
      for (std::size_t symbol = 0; symbol < 3; ++symbol) {
        const double low = std::exp(std::uniform_real_distribution<double>(-300, 300)(random));
        for (std::size_t c = 0; c < column_count; ++c) {
          if (!((columns >> c) & 1U)) continue;
          const bool missing = random() % 4 == 0;
          const double value = static_cast<Column>(c) == Column::high ? low * 1.5 : low;
          panel.columns[c].push_back(missing ? std::nan("") : value);
        }
      }
    }
    write_csv_panel(panel, folder / "w.csv");
    const Panel read = read_csv_panel(folder / "w.csv");
    ASSERT_EQ(read.symbols, panel.symbols);
    ASSERT_EQ(read.timestamps_ms, panel.timestamps_ms);
    for (std::size_t c = 0; c < column_count; ++c) {
      ASSERT_EQ(read.columns[c].size(), panel.columns[c].size());
      for (std::size_t i = 0; i < read.columns[c].size(); ++i) {
        const double a = read.columns[c][i], b = panel.columns[c][i];
        ASSERT_TRUE((std::isnan(a) && std::isnan(b)) ||
                    std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b));
      }
    }
  }
}

TEST(CsvPanel, ReadsAbsentRowsAsMissing) {
  Folder folder;
  const Panel panel = read_csv_panel(folder.with(
      "timestamp,symbol,close,volume\r\n2020-01-01,B,2,\r\n2020-01-02,A,1,5\r\n2020-01-02,B,3,0"));
  ASSERT_EQ(panel.bars(), 2U);
  EXPECT_EQ(panel.symbols, (std::vector<std::string>{"A", "B"}));
  EXPECT_TRUE(std::isnan(panel.at(Column::close, 0, 0)));
  EXPECT_EQ(panel.at(Column::close, 0, 1), 2);
  EXPECT_TRUE(std::isnan(panel.at(Column::volume, 0, 1)));
  EXPECT_EQ(panel.at(Column::volume, 1, 1), 0);
  EXPECT_FALSE(panel.has(Column::open));
}

TEST(CsvPanel, NamesFileLineFieldAndValueOfWhatIsWrong) {
  const std::string header = "timestamp,symbol,open,high,low,close,volume\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "is empty"},
      {header, "has a header but no rows"},
      {"date,symbol,close\n", ":1: 'date,symbol,close' is not a header"},
      {"timestamp,symbol,open\n", "there is no column close"},
      {"timestamp,symbol,close,open\n", "'open' is no column here"},
      {"timestamp,symbol,close,close\n", "'close' is no column here"},
      {header + "2020-01-01,A,1,1,1,1\n", ":2: has 6 fields; the header has 7"},
      {header + "2020-01-01,A,1,1,1,x,1\n", ":2: close is 'x'"},
      {header + "2020-01-01,A,1,1,1,0,1\n", "a price is positive"},
      {header + "2020-01-01,A,1,1,1,-1,1\n", "close is '-1'"},
      {header + "2020-01-01,A,1,1,1,1,-1\n", "volume is '-1'; a volume is not negative"},
      {header + "2020-01-01,A,1,1,1,inf,1\n", "close is 'inf'"},
      {header + "2020-01-01,A,1,1,1,nan,1\n", "close is 'nan'"},
      {header + "2020-01-01,A,1,1,1,1e999,1\n", "close is '1e999'"},
      {header + "2020-01-01,A,1,1,1, 1,1\n", "close is ' 1'"},
      {header + "2020-01-01,A,1,1,2,1,1\n", "high 1.000000 is below low 2.000000"},
      {header + "2020-13-01,A,1,1,1,1,1\n", ":2: timestamp: "},
      {header + "2020-01-01,,1,1,1,1,1\n", "symbol is ''"},
      {header + "2020-01-01,\"A\",1,1,1,1,1\n", "symbol is '\"A\"'"},
      {header + "2020-01-02,A,1,1,1,1,1\n2020-01-01,A,1,1,1,1,1\n", ":3: 2020-01-01 follows 2020-01-02"},
      {header + "2020-01-01,B,1,1,1,1,1\n2020-01-01,A,1,1,1,1,1\n", ":3: symbol A follows B"},
      {header + "2020-01-01,A,1,1,1,1,1\n2020-01-01,A,1,1,1,1,1\n", "symbols must rise and be unique"},
      {header + "\n", ":2: has 1 fields"}};
  Folder folder;
  for (const auto& [text, part] : cases) {
    try {
      read_csv_panel(folder.with(text));
      ADD_FAILURE() << text;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
          << error.what() << "\nexpected " << part;
      EXPECT_NE(std::string(error.what()).find("p.csv"), std::string::npos);
    }
  }
}

TEST(CsvPanel, RefusesToWriteSymbolsThatCannotComeBack) {
  Folder folder;
  Panel panel;
  panel.symbols = {"A,B"};
  panel.timestamps_ms = {0};
  panel.columns[3] = {1};
  EXPECT_THROW(write_csv_panel(panel, folder / "w.csv"), InputError);
  EXPECT_FALSE(std::filesystem::exists(folder / "w.csv"));
}

}  // namespace
}  // namespace regent::market
