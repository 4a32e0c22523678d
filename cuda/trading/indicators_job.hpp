#pragma once
// What the launchers of the indicator table share. Internal to cuda/trading.

#include <vector>

#include "cuda/trading/indicators_body.hpp"
#include "cuda/trading/sweep_job.hpp"

namespace regent::cuda::sweep {

// A series as the bodies read it, with the logarithms that columns ask for.
class IndicatorSource {
 public:
  IndicatorSource(const PriceSeries& series, std::span<const ColumnKey> keys);
  IndicatorInput input() const { return input_; }
  std::span<const double> logs() const { return logs_; }
  std::span<const double> returns() const { return returns_; }

 private:
  std::vector<double> logs_, returns_;
  IndicatorInput input_;
};

// One column in a launch: its number in the table, its first part among those of the launch, and where its
// room and what it keeps begin, in doubles.
struct ColumnJob {
  ColumnKey key;
  std::int64_t column, first_part, room, kept;
};

// Which parts of which columns run together: as many columns as have `room_max` doubles of room, one at
// least; then their second passes.
struct IndicatorPlan {
  struct Launch {
    std::size_t first, count;  // of `columns`
    std::int64_t parts;
    int pass;
  };
  IndicatorPlan(std::span<const ColumnKey> keys, std::int64_t bars, std::size_t room_max);
  std::vector<ColumnJob> columns;
  std::vector<Launch> launches;  // in this order
  std::size_t room = 0;          // doubles

 private:
  void put(std::span<const ColumnKey> keys, std::size_t first, std::size_t end, std::int64_t bars);
};

// The at-th part of a launch into the table.
REGENT_BODY void table_part_body(const IndicatorInput& in, const ColumnJob* columns, int count, int pass,
                                 std::int64_t at, double* room, float* table) {
  int low = 0;  // the last column whose parts begin at or before this one
  for (int high = count; high - low > 1;) {
    const int middle = (low + high) / 2;
    (columns[middle].first_part <= at ? low : high) = middle;
  }
  const ColumnJob job = columns[low];
  const std::int64_t part = at - job.first_part;
  // a column's first part needs no room
  const std::int64_t apart = parts_of(job.key, pass, in.bars) - 1, mine = part > 0 ? part - 1 : 0;
  float* column = table + job.column / table_block * in.bars * table_block + job.column % table_block;
  indicator_body(in, job.key, pass, part, Room<std::int64_t>{room + job.room + mine, apart}, room + job.kept,
                 [&](std::int64_t t, double value) { column[t * table_block] = static_cast<float>(value); });
}

std::vector<float> indicator_table_cpu(const PriceSeries& series, std::span<const ColumnKey> keys);
// indicators_gpu.cu, or a stub
std::vector<float> indicator_table_gpu(const Resources& resources, const PriceSeries& series,
                                       std::span<const ColumnKey> keys);

}  // namespace regent::cuda::sweep
