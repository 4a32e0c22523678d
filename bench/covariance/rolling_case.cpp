#include "bench/covariance/rolling_case.hpp"

#include <tbb/enumerable_thread_specific.h>

#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "cuda/covariance/rolling.hpp"

namespace regent::bench {
namespace {

// Several running sums, so that an addition does not wait for the one before.
double sum_of(const cuda::covariance::RollingTile& tile) {
  constexpr int others = cuda::covariance::RollingTile::others, parts = 2 * others;
  double sums[parts] = {};
  if (tile.end_other(tile.first_asset) == tile.first_other + others) {  // below the diagonal
    const int size = tile.rows * (tile.end_asset() - tile.first_asset) * others;
    const bool whole = tile.end_asset() - tile.first_asset == tile.assets;
    for (int k = 0; whole && k < size; k += parts) {
      for (int lane = 0; lane < parts; ++lane) sums[lane] += tile.covariances[k + lane];
    }
    if (whole) return std::accumulate(sums, sums + parts, 0.0);
  }
  for (int row = tile.first_row; row < tile.first_row + tile.rows; ++row) {
    for (int i = tile.first_asset; i < tile.end_asset(); ++i) {
      for (int j = tile.first_other; j < tile.end_other(i); ++j)
        sums[j - tile.first_other] += tile.at(row, i, j);
    }
  }
  return std::accumulate(sums, sums + parts, 0.0);
}

}  // namespace

std::string run_rolling(const RollingCase& which, int rounds) {
  const std::string bytes = read_file(which.file);
  std::vector<double> values(static_cast<std::size_t>(which.rows) * which.columns);
  if (bytes.size() != values.size() * sizeof(double))
    throw InputError(which.file + ": not rows × columns doubles");
  std::memcpy(values.data(), bytes.data(), bytes.size());
  const cuda::Resources resources = cuda::Resources::make("cpu");
  nlohmann::json json{{"device", resources.describe()}, {"ours", nlohmann::json::array()}};
  for (int round = 0; round <= rounds; ++round) {
    tbb::enumerable_thread_specific<double> sums(0.0);
    const auto start = std::chrono::steady_clock::now();
    cuda::covariance::rolling_covariance(
        resources, {.values = values, .rows = which.rows, .columns = which.columns, .window = which.window},
        [&](const cuda::covariance::RollingTile& tile) { sums.local() += sum_of(tile); });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (round > 0) json["ours"].push_back(seconds);  // the first one fetches memory
    json["checksum"] = sums.combine(std::plus<>());
  }
  return json.dump();
}

}  // namespace regent::bench
