#include "cuda/covariance/rolling.hpp"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "cuda/covariance/rolling_block.hpp"
#include "cuda/runtime/aligned.hpp"
#include "cuda/runtime/instruction_set.hpp"

namespace regent::cuda::covariance {
namespace {

constexpr int days_max = 128;  // windows of a tile
constexpr int products_max = 4;

const RollingKernels& kernels_of(InstructionSet set) {
  return of_instruction_set(set, baseline::rolling_kernels, avx2::rolling_kernels, avx512::rolling_kernels)();
}

// Windows of a tile, and the row at which the first of them begins.
struct Tile {
  int first, days;
  int rows(int window) const { return days + window - 1; }
};

// Values of all assets in panels of `width` assets, and their sums by window.
struct Panels {
  int width, rows = 0, days = 0;
  Aligned<double> values, sums;  // [panels, rows, width], [panels, days, width]

  explicit Panels(int assets) : width(assets) {}
  const double* panel(int first_asset) const {
    return values.data() + static_cast<std::ptrdiff_t>(first_asset / width) * rows * width;
  }
  const double* sums_of(int first_asset) const {
    return sums.data() + static_cast<std::ptrdiff_t>(first_asset / width) * days * width;
  }
};

// What one thread needs for a tile.
struct Workspace {
  std::vector<double> shift;                                // [columns]
  Panels left{block_left}, right{block_right};              // of values less the shift
  Panels left_known{block_left}, right_known{block_right};  // of 1 and 0, where something is missing
  std::array<Aligned<double>, products_max> out;            // [leaf_days_max, block]
};

// The mean over the rows that every window of the tile has: within the range of each window, so that the
// shift never costs a window more than its own values do.
void find_shift(const RollingInput& input, const Tile& tile, std::vector<double>& shift) {
  const std::size_t columns = static_cast<std::size_t>(input.columns);
  const auto row_of = [&](int k) {
    return input.values.data() + (tile.first + k) * static_cast<std::ptrdiff_t>(columns);
  };
  // from the first known value on, so that of equal values the mean is exact
  std::vector<double> first(columns, 0.0), sum(columns, 0.0);
  std::vector<int> known(columns, 0);
  for (int k = input.window - 1; k >= tile.days - 1; --k) {
    const double* row = row_of(k);
    for (std::size_t c = 0; c < columns; ++c) first[c] = row[c] == row[c] ? row[c] : first[c];
  }
  for (int k = tile.days - 1; k < input.window; ++k) {
    const double* row = row_of(k);
    for (std::size_t c = 0; c < columns; ++c) {
      sum[c] += row[c] == row[c] ? row[c] - first[c] : 0.0;
      known[c] += row[c] == row[c] ? 1 : 0;
    }
  }
  shift.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) shift[c] = first[c] + sum[c] / std::max(known[c], 1);
  if (std::ranges::find(known, 0) == known.end()) return;
  for (int k = 0; k < tile.rows(input.window); ++k) {
    const double* row = row_of(k);
    for (std::size_t c = 0; c < columns; ++c) {
      // missing in all of them: some value of the tile that is no outlier upwards
      if (known[c] > 0 || std::isnan(row[c])) continue;
      if (known[c] == 0 || std::abs(row[c]) < std::abs(shift[c])) shift[c] = row[c];
      known[c] = -1;
    }
  }
}

bool any_missing(const RollingInput& input, const Tile& tile) {
  const double* values = input.values.data() + static_cast<std::ptrdiff_t>(tile.first) * input.columns;
  const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(tile.rows(input.window)) * input.columns;
  int missing = 0;
  for (std::ptrdiff_t k = 0; k < count; ++k) missing |= values[k] != values[k] ? 1 : 0;
  return missing != 0;
}

// `width`: of the panels, known to the compiler.
template <int width, class Value>
void fill(Panels& panels, const RollingInput& input, const Tile& tile, const Value& value) {
  const int count = (input.columns + width - 1) / width;
  panels.rows = tile.rows(input.window);
  panels.days = tile.days;
  panels.values.resize(static_cast<std::size_t>(count) * panels.rows * width);
  double* to = panels.values.data();
  for (int first = 0; first < input.columns; first += width) {
    const int assets = std::min(width, input.columns - first);
    const double* row = input.values.data() + static_cast<std::ptrdiff_t>(tile.first) * input.columns + first;
    for (int k = 0; k < panels.rows; ++k, to += width, row += input.columns) {
      if (assets == width) {
        for (int c = 0; c < width; ++c) to[c] = value(row[c], first + c);
      } else {
        for (int c = 0; c < width; ++c) to[c] = c < assets ? value(row[c], first + c) : 0.0;
      }
    }
  }
}

// Sums over each window, times a factor, built as the products are: nothing subtracted.
template <int width>
void sum_windows(Panels& panels, int window, double factor) {
  const int days = panels.days, count = static_cast<int>(panels.values.size()) / panels.rows / width;
  panels.sums.resize(static_cast<std::size_t>(count) * days * width);
  for (int p = 0; p < count; ++p) {
    const double* values = panels.values.data() + static_cast<std::ptrdiff_t>(p) * panels.rows * width;
    double* sums = panels.sums.data() + static_cast<std::ptrdiff_t>(p) * days * width;
    double sum[width] = {};
    const auto add = [&](int k) {
      for (int i = 0; i < width; ++i) sum[i] += values[k * width + i];
    };
    for (int k = days - 1; k < window; ++k) add(k);
    for (int d = days - 1; d >= 0; --d) {
      if (d < days - 1) add(d);
      std::copy_n(sum, width, sums + d * width);
    }
    std::fill_n(sum, width, 0.0);
    for (int d = 0; d < days; ++d) {
      if (d > 0) add(window + d - 1);
      for (int i = 0; i < width; ++i) sums[d * width + i] = (sums[d * width + i] + sum[i]) * factor;
    }
  }
}

class Rolling {
 public:
  Rolling(const Resources& resources, const RollingInput& input,
          const std::function<void(const RollingTile&)>& consume)
      : input_(input), consume_(consume), kernels_(kernels_of(resources.instruction_set())) {}

  void run(const Tile& tile, Workspace& space) const {
    const bool missing = any_missing(input_, tile);
    make_panels(tile, missing, space);
    for (int i = 0; i < input_.columns; i += block_left) {
      for (int j = 0; j < std::min(i + block_left, input_.columns); j += block_right) {
        run_block(tile, i, j, missing, space);
      }
    }
  }

 private:
  // One block of assets: which products it is made of, and where their results go.
  struct Block {
    int first_asset = 0, first_other = 0, first_row = 0;
    int products = 0;
    std::array<RollingLeaf, products_max> leaves{};
    Workspace* space = nullptr;
  };
  using Cores = std::array<std::array<double, block_size>, products_max>;

  void make_panels(const Tile& tile, bool missing, Workspace& space) const {
    find_shift(input_, tile, space.shift);
    // the divisor is in the left values; of incomplete data means and divisors differ by pair and come from
    // sums of products with 1 and 0
    const double inverse = missing ? 1.0 : 1.0 / (input_.window - input_.ddof);
    const double* shift = space.shift.data();
    fill<block_left>(space.left, input_, tile,
                     [&](double x, int c) { return x != x ? 0.0 : (x - shift[c]) * inverse; });
    fill<block_right>(space.right, input_, tile,
                      [&](double x, int c) { return x != x ? 0.0 : x - shift[c]; });
    sum_windows<block_left>(space.left, input_.window, missing ? 0.0 : -1.0 / input_.window);
    sum_windows<block_right>(space.right, input_.window, missing ? 0.0 : 1.0);
    if (missing) {
      const auto known = [](double x, int) { return x != x ? 0.0 : 1.0; };
      fill<block_left>(space.left_known, input_, tile, known);
      fill<block_right>(space.right_known, input_, tile, known);
      sum_windows<block_left>(space.left_known, input_.window, 0.0);
      sum_windows<block_right>(space.right_known, input_.window, 0.0);
    }
    for (Aligned<double>& out : space.out) out.resize(static_cast<std::size_t>(leaf_days_max) * block_size);
  }

  void add_product(Block& block, const Panels& left, const Panels& right) const {
    block.leaves[static_cast<std::size_t>(block.products)] = {
        .block = {left.panel(block.first_asset), right.panel(block.first_other)},
        .left_sums = left.sums_of(block.first_asset),
        .right_sums = right.sums_of(block.first_other),
        .first = 0,
        .last = 0,
        .window = input_.window,
        .core = nullptr,
        .out = block.space->out[static_cast<std::size_t>(block.products)].data()};
    ++block.products;
  }

  void run_block(const Tile& tile, int first_asset, int first_other, bool missing, Workspace& space) const {
    Block block{first_asset, first_other, tile.first + input_.window - 1, 0, {}, &space};
    add_product(block, space.left, space.right);
    if (missing) {
      add_product(block, space.left, space.right_known);
      add_product(block, space.left_known, space.right);
      add_product(block, space.left_known, space.right_known);
    }
    Cores none{}, cores;
    add_rows(block, tile.days - 1, input_.window, none, cores);
    halve(block, 0, tile.days, cores);
  }

  void add_rows(const Block& block, int from, int to, const Cores& before, Cores& after) const {
    for (int p = 0; p < block.products; ++p) {
      kernels_.add_rows(block.leaves[p].block, from, to, before[p].data(), after[p].data());
    }
  }

  // Windows first … end − 1, which share rows end − 1 … first + window − 1, of whose products `cores` are the
  // sums. Each half shares more rows.
  void halve(Block& block, int first, int end, const Cores& cores) const {
    if (end - first <= leaf_days_max) return run_leaf(block, first, end, cores);
    const int middle = (first + end) / 2;
    Cores of_half;
    add_rows(block, middle - 1, end - 1, cores, of_half);
    halve(block, first, middle, of_half);
    add_rows(block, first + input_.window, middle + input_.window, cores, of_half);
    halve(block, middle, end, of_half);
  }

  void run_leaf(Block& block, int first, int end, const Cores& cores) const {
    for (int p = 0; p < block.products; ++p) {
      RollingLeaf& leaf = block.leaves[p];
      leaf.first = first;
      leaf.last = end - 1;
      leaf.core = cores[p].data();
      kernels_.leaf(leaf);
    }
    if (block.products > 1) combine(end - first, *block.space);
    consume_({block.first_row + first, end - first, block.first_asset, block.first_other, input_.columns,
              block.space->out[0].data()});
  }

  void combine(int days, Workspace& space) const {
    double* sum = space.out[0].data();
    const double *of_left = space.out[1].data(), *of_right = space.out[2].data(),
                 *counts = space.out[3].data();
    for (int k = 0; k < days * block_size; ++k) {
      const double count = counts[k];
      sum[k] = count >= input_.observations_min && count > input_.ddof
                   ? (sum[k] - of_left[k] / count * of_right[k]) / (count - input_.ddof)
                   : std::numeric_limits<double>::quiet_NaN();
    }
  }

  const RollingInput& input_;
  const std::function<void(const RollingTile&)>& consume_;
  const RollingKernels& kernels_;
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
    rolling.run({first, std::min(days, windows - first)}, spaces.local());
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
    tile.copy(tile.first_row, [&](int i) { return matrix.data() + i * n; });
  });
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) matrix[j * n + i] = matrix[i * n + j];
  }
  return matrix;
}

}  // namespace regent::cuda::covariance
