#include "cuda/covariance/rolling.hpp"

#include <tbb/cache_aligned_allocator.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "cuda/covariance/rolling_block.hpp"

namespace regent::cuda::covariance {
namespace {

constexpr int days_max = 32;  // of a tile: its bands stay in the L2 cache
using Aligned = std::vector<double, tbb::cache_aligned_allocator<double>>;
using Kernel = void (*)(const RollingBlock&);

Kernel kernel_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx512:
      return avx512::rolling_block;
    case InstructionSet::avx2:
      return avx2::rolling_block;
    case InstructionSet::baseline:
      break;
  }
  return baseline::rolling_block;
}

int rounded_up(int count, int to) {
  return (count + to - 1) / to * to;
}

// What one thread needs for a tile: values less a shift in panels of `width` assets, and their sums by
// window.
struct Panels {
  int width = 0;
  Aligned values, sums;  // [panels, days + window − 1, width], [panels, days, width]
};

struct Workspace {
  std::vector<double> shift;       // [columns]
  Panels left, right;              // of values
  Panels left_known, right_known;  // of 1 and 0, only where something is missing
  Aligned tile, of_left, of_right, counts;
};

struct Tile {
  int first_row, days, first;  // first: row at which the first window begins
  int rows(int window) const { return days + window - 1; }
};

// The mean over the rows that every window of the tile has: within the range of each window, so that the
// shift never costs a window more than its own values do.
void find_shift(const RollingInput& input, const Tile& tile, std::vector<double>& shift) {
  shift.assign(static_cast<std::size_t>(input.columns), 0.0);
  std::vector<int> known(shift.size(), 0);
  for (int k = tile.days - 1; k < input.window; ++k) {
    const double* row = input.values.data() + static_cast<std::ptrdiff_t>(tile.first + k) * input.columns;
    for (int c = 0; c < input.columns; ++c) {
      if (std::isnan(row[c])) continue;
      ++known[c];
      shift[c] += (row[c] - shift[c]) / known[c];
    }
  }
  for (int k = 0; k < tile.rows(input.window); ++k) {
    const double* row = input.values.data() + static_cast<std::ptrdiff_t>(tile.first + k) * input.columns;
    for (int c = 0; c < input.columns; ++c) {
      // missing in all of them: some value of the tile that is no outlier upwards
      if (known[c] > 0 || std::isnan(row[c])) continue;
      if (known[c] == 0 || std::abs(row[c]) < std::abs(shift[c])) shift[c] = row[c];
      known[c] = -1;
    }
  }
}

bool any_missing(const RollingInput& input, const Tile& tile) {
  const auto begin = input.values.begin() + static_cast<std::ptrdiff_t>(tile.first) * input.columns;
  const auto end = begin + static_cast<std::ptrdiff_t>(tile.rows(input.window)) * input.columns;
  return std::any_of(begin, end, [](double value) { return std::isnan(value); });
}

template <class Value>
void fill(Panels& panels, int width, const RollingInput& input, const Tile& tile, const Value& value) {
  const int rows = tile.rows(input.window), count = (input.columns + width - 1) / width;
  panels.width = width;
  panels.values.assign(static_cast<std::size_t>(count) * rows * width, 0.0);
  for (int k = 0; k < rows; ++k) {
    const double* row = input.values.data() + static_cast<std::ptrdiff_t>(tile.first + k) * input.columns;
    for (int c = 0; c < input.columns; ++c) {
      panels.values[(static_cast<std::size_t>(c / width) * rows + k) * width + c % width] = value(row[c], c);
    }
  }
}

// Sums over each window, built as the products are: nothing subtracted.
void sum_windows(Panels& panels, const RollingInput& input, const Tile& tile, double factor) {
  const int rows = tile.rows(input.window), width = panels.width;
  const int count = static_cast<int>(panels.values.size()) / rows / width;
  panels.sums.assign(static_cast<std::size_t>(count) * tile.days * width, 0.0);
  std::vector<double> sum(static_cast<std::size_t>(width));
  for (int p = 0; p < count; ++p) {
    const double* values = panels.values.data() + static_cast<std::ptrdiff_t>(p) * rows * width;
    double* sums = panels.sums.data() + static_cast<std::ptrdiff_t>(p) * tile.days * width;
    const auto add = [&](int k) {
      for (int i = 0; i < width; ++i) sum[i] += values[k * width + i];
    };
    std::ranges::fill(sum, 0.0);
    for (int k = tile.days - 1; k < input.window; ++k) add(k);
    for (int d = tile.days - 1; d >= 0; --d) {
      if (d < tile.days - 1) add(d);
      std::copy_n(sum.data(), width, sums + d * width);
    }
    std::ranges::fill(sum, 0.0);
    for (int d = 0; d < tile.days; ++d) {
      if (d > 0) add(input.window + d - 1);
      for (int i = 0; i < width; ++i) sums[d * width + i] = (sums[d * width + i] + sum[i]) * factor;
    }
  }
}

class Rolling {
 public:
  Rolling(const Resources& resources, const RollingInput& input,
          const std::function<void(const RollingTile&)>& consume)
      : input_(input), consume_(consume), kernel_(kernel_of(resources.instruction_set())) {}

  void run(Tile tile, Workspace& space) const {
    const bool missing = any_missing(input_, tile);
    find_shift(input_, tile, space.shift);
    const auto value = [&](double x, int c) { return std::isnan(x) ? 0.0 : x - space.shift[c]; };
    fill(space.left, block_left, input_, tile, value);
    fill(space.right, block_right, input_, tile, value);
    // of incomplete data the means differ by pair and come from sums of products with 1 and 0
    sum_windows(space.left, input_, tile, missing ? 0.0 : 1.0 / input_.window);
    sum_windows(space.right, input_, tile, missing ? 0.0 : 1.0);
    if (missing) {
      const auto known = [](double x, int) { return std::isnan(x) ? 0.0 : 1.0; };
      fill(space.left_known, block_left, input_, tile, known);
      fill(space.right_known, block_right, input_, tile, known);
      sum_windows(space.left_known, input_, tile, 0.0);
      sum_windows(space.right_known, input_, tile, 0.0);
    }
    for (int i = 0; i < input_.columns; i += block_left) run_band(tile, i, missing, space);
  }

 private:
  // Assets first_asset … + 8 against all before them.
  void run_band(const Tile& tile, int first_asset, bool missing, Workspace& space) const {
    const int stride = rounded_up(first_asset + block_left, block_right);
    const std::size_t size = static_cast<std::size_t>(tile.days) * block_left * stride;
    const double scale = missing ? 1.0 : 1.0 / (input_.window - input_.ddof);
    products(tile, first_asset, stride, scale, space.left, space.right, space.tile);
    if (missing) {
      products(tile, first_asset, stride, 1.0, space.left, space.right_known, space.of_left);
      products(tile, first_asset, stride, 1.0, space.left_known, space.right, space.of_right);
      products(tile, first_asset, stride, 1.0, space.left_known, space.right_known, space.counts);
      combine(size, space);
    }
    consume_({tile.first_row, tile.days, first_asset, block_left, stride, space.tile.data()});
  }

  void products(const Tile& tile, int first_asset, int stride, double scale, const Panels& left,
                const Panels& right, Aligned& out) const {
    const int rows = tile.rows(input_.window), day_stride = block_left * stride;
    out.resize(std::max(out.size(), static_cast<std::size_t>(tile.days) * day_stride));
    const int l = first_asset / block_left;
    for (int j = 0; j < stride; j += block_right) {
      const int r = j / block_right;
      kernel_({left.values.data() + static_cast<std::ptrdiff_t>(l) * rows * block_left,
               right.values.data() + static_cast<std::ptrdiff_t>(r) * rows * block_right,
               left.sums.data() + static_cast<std::ptrdiff_t>(l) * tile.days * block_left,
               right.sums.data() + static_cast<std::ptrdiff_t>(r) * tile.days * block_right, scale,
               input_.window, tile.days, out.data() + j, stride, day_stride});
    }
  }

  void combine(std::size_t size, Workspace& space) const {
    for (std::size_t k = 0; k < size; ++k) {
      const double count = space.counts[k];
      space.tile[k] =
          count >= input_.observations_min && count > input_.ddof
              ? (space.tile[k] - space.of_left[k] / count * space.of_right[k]) / (count - input_.ddof)
              : std::numeric_limits<double>::quiet_NaN();
    }
  }

  const RollingInput& input_;
  const std::function<void(const RollingTile&)>& consume_;
  Kernel kernel_;
};

void check(const RollingInput& input) {
  REGENT_INVARIANT(input.rows >= 0 && input.columns > 0 &&
                       input.values.size() == static_cast<std::size_t>(input.rows) * input.columns,
                   "rolling covariance takes [rows, columns] values");
  if (input.window < 2 || input.window > input.rows) {
    throw InputError("a window of " + std::to_string(input.window) + " rows over " +
                     std::to_string(input.rows) +
                     " rows; it must have at least 2 and no more than there are");
  }
  if (input.ddof != 0 && input.ddof != 1) {
    throw InputError("ddof " + std::to_string(input.ddof) + ": it must be 0 or 1");
  }
  if (input.observations_min < 2) {
    throw InputError("at least " + std::to_string(input.observations_min) +
                     " observations: a covariance needs 2 or more");
  }
}

}  // namespace

void rolling_covariance(const Resources& resources, const RollingInput& input,
                        const std::function<void(const RollingTile&)>& consume) {
  check(input);
  const Rolling rolling(resources, input, consume);
  const int windows = input.rows - input.window + 1, days = std::min(days_max, input.window);
  tbb::enumerable_thread_specific<Workspace> spaces;
  tbb::parallel_for(0, (windows + days - 1) / days, [&](int k) {
    const int first = k * days;
    rolling.run({input.window - 1 + first, std::min(days, windows - first), first}, spaces.local());
  });
}

std::vector<double> last_rolling_covariance(const Resources& resources, const RollingInput& input) {
  check(input);
  RollingInput last = input;
  last.rows = input.window;
  last.values = input.values.last(static_cast<std::size_t>(input.window) * input.columns);
  const auto n = static_cast<std::size_t>(input.columns);
  std::vector<double> matrix(n * n);
  rolling_covariance(resources, last, [&](const RollingTile& tile) {
    for (int i = tile.first_asset; i < std::min(tile.first_asset + tile.assets, input.columns); ++i) {
      for (int j = 0; j <= i; ++j) {
        matrix[i * n + j] = matrix[j * n + i] = tile.at(tile.first_row, i, j);
      }
    }
  });
  return matrix;
}

}  // namespace regent::cuda::covariance
