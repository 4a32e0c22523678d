// Parquet of our own and of others. Foreign files are written here with Arrow's own writer.

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/metadata.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "market/io/series_file.hpp"
#include "market/io/series_writer.hpp"
#include "market/synthetic.hpp"
#include "scratch.hpp"

namespace regent::market::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t start_ms = 1577923200000;  // 2020-01-02

class ParquetFile : public Scratch {
 protected:
  std::filesystem::path write_table(const std::string& name, const arrow::FieldVector& fields,
                                    const arrow::ArrayVector& arrays) const {
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
    const auto file = *arrow::io::FileOutputStream::Open(path(name).string());
    EXPECT_TRUE(
        parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file, 2).ok());  // two rows a group
    EXPECT_TRUE(file->Close().ok());
    return path(name);
  }
  static std::shared_ptr<arrow::Table> table_of(const std::filesystem::path& file) {
    const auto input = *arrow::io::ReadableFile::Open(file.string());
    const auto reader = *parquet::arrow::OpenFile(input, arrow::default_memory_pool());
    return *reader->ReadTable();
  }
};

template <class Builder, class Value>
std::shared_ptr<arrow::Array> array_of(Builder&& builder, const std::vector<Value>& values) {
  for (const auto& value : values) EXPECT_TRUE(builder.Append(value).ok());
  return *builder.Finish();
}

std::shared_ptr<arrow::Array> doubles(const std::vector<double>& values) {
  return array_of(arrow::DoubleBuilder(), values);
}
std::shared_ptr<arrow::Array> texts(const std::vector<std::string>& values) {
  return array_of(arrow::StringBuilder(), values);
}

// Of 4,000 numbers that do not compress.
SeriesColumn noise() {
  SeriesColumn column{.name = "x"};
  std::uint64_t state = 7;
  for (int i = 0; i < 4000; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    column.reals.push_back(static_cast<double>(state >> 11));
  }
  return column;
}

Panel panel_with_holes() {
  SyntheticMarket settings;
  settings.bars = 300;
  settings.symbols = 5;
  Panel panel = make_synthetic_market(settings).panel;
  for (auto& column : panel.columns) {
    for (std::size_t bar = 0; bar < 40; ++bar) column[bar * 5 + 2] = not_a_number;  // listed late
    column[100 * 5 + 1] = not_a_number;
  }
  panel.at(Column::volume, 50, 3) = not_a_number;  // one value alone
  return panel;
}

TEST_F(ParquetFile, KeepsNoDictionaryOfRealNumbers) {
  std::vector<SeriesColumn> columns{noise(), {.name = "of 2"}};
  columns[0].name = "x.y";  // a name with a dot is no nested column
  for (int i = 0; i < 4000; ++i) columns[1].texts.emplace_back(i % 2 == 0 ? "calm" : "wild");
  write_series(columns, path("x.parquet"));
  const auto file = *arrow::io::ReadableFile::Open(path("x.parquet").string());
  const auto reader = *parquet::arrow::OpenFile(file, arrow::default_memory_pool());
  const auto group = reader->parquet_reader()->metadata()->RowGroup(0);
  EXPECT_FALSE(group->ColumnChunk(0)->has_dictionary_page());
  EXPECT_TRUE(group->ColumnChunk(1)->has_dictionary_page());
}

TEST_F(ParquetFile, NoticesAFlippedBitAmongItsNumbers) {
  write_series({noise(), {.name = "y", .reals = std::vector<double>(4000, 1.5)}}, path("x.parquet"));
  const SeriesShape whole = read_through(path("x.parquet").string());
  EXPECT_THAT(whole.names, ElementsAre("x", "y"));
  EXPECT_EQ(whole.rows, 4000);
  EXPECT_EQ(read_series(path("x.parquet").string()).columns[0].reals, noise().reals);
  {
    std::fstream file(path("x.parquet"), std::ios::in | std::ios::out | std::ios::binary);
    const std::streamoff middle =
        static_cast<std::streamoff>(std::filesystem::file_size(path("x.parquet")) / 2);
    file.seekg(middle);
    const char byte = static_cast<char>(file.get());
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 4));
  }
  const auto message_of = [&](const auto& read) -> std::string {
    try {
      read(path("x.parquet").string());
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message_of(read_through), HasSubstr("x.parquet"));
  EXPECT_THAT(message_of([](const std::string& file) { read_series(file); }), HasSubstr("x.parquet"));
}

TEST_F(ParquetFile, GivesBackThePanelThatWasWritten) {
  const Panel panel = panel_with_holes();
  write_panel(panel, path("panel.parquet"));
  const Panel back = read(path("panel.parquet"));
  EXPECT_EQ(back.symbols, panel.symbols);
  EXPECT_EQ(back.timestamps_ms, panel.timestamps_ms);
  EXPECT_EQ(back.fingerprint(), panel.fingerprint());
}

TEST_F(ParquetFile, GivesBackClosesOnly) {
  SyntheticMarket settings;
  settings.ohlcv = false;
  const Panel panel = make_synthetic_market(settings).panel;
  write_panel(panel, path("closes.parquet"));
  EXPECT_EQ(read(path("closes.parquet")).fingerprint(), panel.fingerprint());
}

TEST_F(ParquetFile, IsTheSameBytesForTheSamePanel) {
  write_panel(panel_with_holes(), path("one.parquet"));
  write_panel(panel_with_holes(), path("two.parquet"));
  EXPECT_EQ(bytes_of(path("one.parquet")), bytes_of(path("two.parquet")));
}

TEST_F(ParquetFile, IsLongWithUtcTimesForOtherPrograms) {
  write_panel(panel_with_holes(), path("panel.parquet"));
  const auto table = table_of(path("panel.parquet"));
  EXPECT_THAT(table->schema()->field_names(),
              ElementsAre("timestamp", "symbol", "open", "high", "low", "close", "volume"));
  EXPECT_TRUE(table->schema()->field(0)->type()->Equals(*arrow::timestamp(arrow::TimeUnit::MILLI, "UTC")));
  EXPECT_EQ(table->num_rows(), 300 * 5 - 41);
  EXPECT_EQ(table->column(6)->null_count(), 1);
}

TEST_F(ParquetFile, ReadsWideTablesOfDataFramesWithTheirIndexLast) {
  const arrow::FieldVector fields{arrow::field("MSFT", arrow::float64()),
                                  arrow::field("AAPL", arrow::float64()),
                                  arrow::field("Date", arrow::timestamp(arrow::TimeUnit::NANO))};
  const auto times =
      array_of(arrow::TimestampBuilder(arrow::timestamp(arrow::TimeUnit::NANO), arrow::default_memory_pool()),
               std::vector<std::int64_t>{start_ms * 1'000'000, (start_ms + day_ms) * 1'000'000,
                                         (start_ms + 4 * day_ms) * 1'000'000});
  const auto file =
      write_table("wide.parquet", fields, {doubles({1, 2, 3}), doubles({4, not_a_number, 6}), times});
  const auto panel = read(file);
  EXPECT_THAT(panel.symbols, ElementsAre("AAPL", "MSFT"));
  EXPECT_THAT(panel.timestamps_ms, ElementsAre(start_ms, start_ms + day_ms, start_ms + 4 * day_ms));
  EXPECT_EQ(panel.at(Column::close, 2, 0), 6);
  EXPECT_TRUE(std::isnan(panel.at(Column::close, 1, 0)));
  ASSERT_EQ(report_.finding_count, 1U);
  EXPECT_EQ(report_.findings[0].row, 2);
}

TEST_F(ParquetFile, ReadsAnIndexWithoutAName) {
  const arrow::FieldVector fields{arrow::field("A", arrow::float32()),
                                  arrow::field("__index_level_0__", arrow::date32())};
  const auto days = array_of(arrow::Date32Builder(), std::vector<std::int32_t>{18263, 18264});
  const auto prices = array_of(arrow::FloatBuilder(), std::vector<float>{1.5F, 2.5F});
  const auto panel = read(write_table("wide.parquet", fields, {prices, days}));
  EXPECT_EQ(format_timestamp(panel.timestamps_ms[0]), "2020-01-02");
  EXPECT_EQ(panel.at(Column::close, 1, 0), 2.5);
}

TEST_F(ParquetFile, ReadsLongTablesWithIntegersTextAndCategories) {
  auto categories = arrow::StringDictionaryBuilder();
  for (const auto* name : {"B", "A", "B"}) ASSERT_TRUE(categories.Append(name).ok());
  const auto symbols = *categories.Finish();
  const arrow::FieldVector fields{
      arrow::field("datetime", arrow::int64()), arrow::field("ticker", symbols->type()),
      arrow::field("Close", arrow::int32()), arrow::field("Volume", arrow::utf8())};
  const auto file = write_table(
      "long.parquet", fields,
      {array_of(arrow::Int64Builder(), std::vector<std::int64_t>{start_ms, start_ms, start_ms + day_ms}),
       symbols, array_of(arrow::Int32Builder(), std::vector<std::int32_t>{5, 6, 7}),
       texts({"100", "2e3", "x"})});
  const auto panel = read(file);
  EXPECT_THAT(panel.symbols, ElementsAre("A", "B"));
  EXPECT_EQ(panel.at(Column::close, 1, 1), 7);
  EXPECT_EQ(panel.at(Column::volume, 0, 0), 2000);
  ASSERT_EQ(report_.finding_count, 1U);
  EXPECT_EQ(report_.findings[0].value, "x");
  EXPECT_EQ(report_.findings[0].row, 3);
}

TEST_F(ParquetFile, NamesAColumnOfTheWrongType) {
  const arrow::FieldVector fields{arrow::field("date", arrow::utf8()), arrow::field("A", arrow::boolean())};
  const auto flags = array_of(arrow::BooleanBuilder(), std::vector<bool>{true, false});
  EXPECT_THAT(complaint(write_table("bool.parquet", fields, {texts({"2020-01-02", "2020-01-03"}), flags})),
              HasSubstr("column \"A\" has the type bool; expected numbers"));
  const arrow::FieldVector times{arrow::field("date", arrow::float64()), arrow::field("A", arrow::float64())};
  EXPECT_THAT(complaint(write_table("time.parquet", times, {doubles({1.0, 2.0}), doubles({1.0, 2.0})})),
              HasSubstr("has the type double; expected timestamps"));
}

TEST_F(ParquetFile, RefusesATableWithoutRows) {
  const arrow::FieldVector fields{arrow::field("date", arrow::utf8()), arrow::field("A", arrow::float64())};
  EXPECT_THAT(complaint(write_table("none.parquet", fields, {texts({}), doubles({})})),
              HasSubstr("without rows"));
}

TEST_F(ParquetFile, LeavesTheOldFileWhenItCannotBeWritten) {
  EXPECT_THROW(write_panel(panel_with_holes(), path("no/such/folder.parquet")), Error);
  write("kept.parquet", "old");
  std::filesystem::create_directory(path("folder.parquet"));
  EXPECT_THROW(write_panel(panel_with_holes(), path("folder.parquet")), Error);
  EXPECT_EQ(bytes_of(path("kept.parquet")), "old");
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("kept.parquet", "folder.parquet"));
  }
}

TEST_F(ParquetFile, HoldsASeriesOfEachType) {
  write_series({{.name = "time",
                 .reals = {},
                 .integers = {start_ms, start_ms + day_ms},
                 .texts = {},
                 .is_timestamp = true},
                {.name = "equity", .reals = {1.0, not_a_number}, .integers = {}, .texts = {}},
                {.name = "orders", .reals = {}, .integers = {3, -4}, .texts = {}},
                {.name = "regime", .reals = {}, .integers = {}, .texts = {"calm", "chaos"}}},
               path("series.parquet"));
  const auto table = table_of(path("series.parquet"));
  EXPECT_EQ(table->num_rows(), 2);
  EXPECT_TRUE(table->schema()->field(0)->type()->Equals(*arrow::timestamp(arrow::TimeUnit::MILLI, "UTC")));
  EXPECT_EQ((*table->column(0)->GetScalar(1))->ToString(), "2020-01-03 00:00:00.000Z");
  EXPECT_EQ((*table->column(1)->GetScalar(0))->ToString(), "1");
  EXPECT_EQ((*table->column(2)->GetScalar(1))->ToString(), "-4");
  EXPECT_EQ((*table->column(3)->GetScalar(1))->ToString(), "chaos");
}

TEST_F(ParquetFile, WrittenInChunksHoldsAllRowsOnceFinished) {
  const auto chunk = [](double from, const std::string& text) {
    return std::vector<SeriesColumn>{{.name = "x", .reals = {from, from + 1}},
                                     {.name = "a,b", .texts = {text, "0"}}};
  };
  for (const char* name : {"chunks.parquet", "chunks.csv"}) {
    SeriesWriter writer(path(name));
    writer.add(chunk(1, "q\"1"));
    EXPECT_FALSE(std::filesystem::exists(path(name)));
    writer.add(chunk(3, "q2"));
    writer.finish();
    const SeriesTable table = read_series(path(name).string());
    EXPECT_THAT(numbers_of(table, *table.find("x")), testing::ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(table.find("a,b")->texts, testing::ElementsAre("q\"1", "0", "q2", "0"));
    {
      SeriesWriter unfinished(path(name));
      unfinished.add(chunk(9, "lost"));
    }
    EXPECT_EQ(read_series(path(name).string()).rows, 4U);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2);
  EXPECT_THROW(SeriesWriter(path("chunks.txt")), InputError);
}

TEST_F(ParquetFile, RefusesColumnsOfDifferentLength) {
  EXPECT_DEATH(write_series({{.name = "a", .reals = {1, 2}, .integers = {}, .texts = {}},
                             {.name = "b", .reals = {1}, .integers = {}, .texts = {}}},
                            path("series.parquet")),
               "another length");
}

}  // namespace
}  // namespace regent::market::test
