// regent data import --out FILE.csv: the form that the engine replays.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "market/csv_panel.hpp"
#include "market/io/panel_file.hpp"
#include "scratch.hpp"

namespace regent::market::test {
namespace {

class CsvOut : public Scratch {
 protected:
  int import_to(const std::string& out) const {
    const std::string command = "cd '" + folder_.path().string() + "' && env -i HOME='" +
                                folder_.path().string() + "' " REGENT_DATA_PROGRAM " import in.csv --out " +
                                out + " >out.txt 2>err.txt";
    return std::system(command.c_str()) / 256;
  }
};

TEST_F(CsvOut, HoldsTheSamePanelAsParquetToTheLastBit) {
  write("in.csv", "date,AAPL,MSFT\n2020-01-02,10.1,20\n2020-01-03,0.30000000000000004,\n2020-01-06,9.9,22\n");
  ASSERT_EQ(import_to("a.csv"), 0) << bytes_of(path("err.txt"));
  ASSERT_EQ(import_to("a.parquet"), 0) << bytes_of(path("err.txt"));
  const Panel csv = read_csv_panel(path("a.csv"));
  const std::filesystem::path file = path("a.parquet");
  EXPECT_EQ(csv.bars(), 3U);
  EXPECT_EQ(csv.fingerprint(), read_panel({&file, 1}).fingerprint());
}

TEST_F(CsvOut, RefusesANameThatSaysNeither) {
  write("in.csv", "date,AAPL\n2020-01-02,10\n2020-01-03,11\n2020-01-06,12\n");
  EXPECT_EQ(import_to("a.txt"), 2);
  EXPECT_THAT(bytes_of(path("err.txt")), testing::HasSubstr("must end in .csv or .parquet"));
  EXPECT_FALSE(std::filesystem::exists(path("a.txt")));
}

}  // namespace
}  // namespace regent::market::test
