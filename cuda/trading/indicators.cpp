#include "cuda/trading/indicators.hpp"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "cuda/trading/indicators_job.hpp"
#include "cuda/trading/sweep.hpp"

namespace regent::cuda::sweep {
namespace {

// Columns that are found and laid into the table together: one block of it.
constexpr std::size_t batch = Table::block;

void find_column(const IndicatorInput& in, const ColumnKey& key, std::span<double> out) {
  std::vector<double> kept;
  const int passes = passes_of(key.indicator);
  if (passes > 1) kept.resize(out.size());
  for (int pass = 0; pass < passes; ++pass) {
    // a window that is longer than the series has no block before it
    const std::int64_t block = std::min(block_of(key, pass), in.bars);
    std::vector<double> room(static_cast<std::size_t>(block * room_of(key.indicator)));
    for (std::int64_t part = 0; part < parts_of(key, pass, in.bars); ++part) {
      indicator_body(in, key, pass, part, Room<Adjacent>{room.data(), {}}, kept.data(),
                     [&](std::int64_t t, double value) { out[static_cast<std::size_t>(t)] = value; });
    }
  }
}

// columns: memory that the next batch takes again.
void put_batch(const IndicatorInput& in, std::span<const ColumnKey> keys, std::size_t first,
               std::vector<double>& columns, std::vector<float>& table) {
  const std::size_t count = std::min(batch, keys.size() - first), bars = static_cast<std::size_t>(in.bars);
  columns.resize(batch * bars);
  for (std::size_t i = 0; i < count; ++i)
    find_column(in, keys[first + i], std::span(columns).subspan(i * bars, bars));
  float* rows = table.data() + first * bars;
  for (std::size_t t = 0; t < bars; ++t) {
    for (std::size_t i = 0; i < count; ++i) rows[t * batch + i] = static_cast<float>(columns[i * bars + t]);
  }
}

}  // namespace

IndicatorSource::IndicatorSource(const PriceSeries& series, std::span<const ColumnKey> keys) {
  REGENT_INVARIANT(series.bars() >= 2, "an indicator without bars");
  REGENT_INVARIANT(series.high.size() == series.bars() && series.low.size() == series.bars() &&
                       (series.volume.empty() || series.volume.size() == series.bars()),
                   "indicators of columns of one length");
  const auto any_of = [&](auto... kinds) {
    return std::ranges::any_of(keys, [&](const ColumnKey& key) { return ((key.indicator == kinds) || ...); });
  };
  for (const ColumnKey& key : keys)
    REGENT_INVARIANT(key.w >= 1 && key.v >= (passes_of(key.indicator) > 1 ? 1 : 0),
                     "an indicator without a window");
  if (any_of(Indicator::volume) && series.volume.empty())
    throw InputError("the bars have no volume, which this strategy needs");
  if (any_of(Indicator::below_log_band, Indicator::calm)) {
    for (const double close : series.close) logs_.push_back(std::log(close));
  }
  if (any_of(Indicator::calm)) {
    for (std::size_t t = 0; t + 1 < logs_.size(); ++t) returns_.push_back(logs_[t + 1] - logs_[t]);
  }
  input_ = {series.high.data(),
            series.low.data(),
            series.close.data(),
            series.volume.data(),
            logs_.data(),
            returns_.data(),
            static_cast<std::int64_t>(series.bars())};
}

std::vector<double> indicator_column(const PriceSeries& series, const ColumnKey& key) {
  std::vector<double> column(series.bars());
  find_column(IndicatorSource(series, {&key, 1}).input(), key, column);
  return column;
}

std::vector<float> indicator_table_cpu(const PriceSeries& series, std::span<const ColumnKey> keys) {
  const IndicatorSource source(series, keys);
  std::vector<float> table(Table::size(series.bars(), keys.size()));
  tbb::enumerable_thread_specific<std::vector<double>> columns;
  tbb::parallel_for(std::size_t{0}, (keys.size() + batch - 1) / batch, [&](std::size_t i) {
    put_batch(source.input(), keys, i * batch, columns.local(), table);
  });
  return table;
}

std::vector<float> indicator_table(const Resources& resources, const PriceSeries& series,
                                   std::span<const ColumnKey> keys) {
  return resources.backend() == Backend::gpu ? indicator_table_gpu(resources, series, keys)
                                             : indicator_table_cpu(series, keys);
}

}  // namespace regent::cuda::sweep
