#include "covariance/spectra.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "cuda/covariance/eigen_update.hpp"
#include "cuda/covariance/rolling.hpp"

namespace regent::covariance {
namespace {

// Rows of a run, of which only the first spectrum is found from the start.
constexpr std::size_t run_rows = 32;
// Of the matrices that are held at once.
constexpr std::size_t bytes_max = std::size_t{256} << 20;

// How a matrix came from that of the row before:
// new = keep · old + Σ weights[r] · directions[r] · directions[r]'.
struct Change {
  std::span<double> weights;     // [directions_per_row]
  std::span<double> directions;  // [directions_per_row, columns]
};

struct Source {
  // lower triangles of the matrices at some of the rows, ascending, each at its place [columns, columns]
  std::function<void(std::span<const std::size_t> rows, const std::function<double*(std::size_t)>& place_of)>
      fill;
  std::function<double(std::size_t row)> scale;  // the covariance is the matrix divided by it
  double keep = 1;
  std::size_t changes = 0;  // directions of a row's change; 0: every row is found from the start
  std::function<void(std::size_t row, const Change& into)> change;
};

// Runs side by side: row r of a block is in run r / run_rows. The matrices of one step of all runs are
// neighbours, since they are solved together.
class Block {
 public:
  // rows: of all blocks
  Block(const cuda::Resources& resources, const Source& source, std::size_t columns, std::size_t rows)
      : resources_(resources),
        source_(source),
        columns_(columns),
        runs_(std::clamp<std::size_t>(bytes_max / (run_rows * columns * columns * sizeof(double)), 1,
                                      std::min<std::size_t>(64, (rows + run_rows - 1) / run_rows))),
        matrices_(runs_ * run_rows * columns * columns),
        values_(runs_ * columns),
        vectors_(runs_ * columns * columns),
        weights_(runs_ * source.changes),
        directions_(runs_ * source.changes * columns) {}

  std::size_t rows_max() const { return runs_ * run_rows; }

  // use(r, eigenvalues of row r of `rows` in ascending order, their vectors; NaN where it has none); returns
  // how many were found from those before.
  template <class Use>
  std::size_t solve(std::span<const std::size_t> rows, const Use& use) {
    const std::size_t runs = (rows.size() + run_rows - 1) / run_rows, square = columns_ * columns_;
    source_.fill(rows, [&](std::size_t r) {
      return matrices_.data() + (r % run_rows * runs + r / run_rows) * square;
    });
    std::size_t continued = 0;
    for (std::size_t step = 0; step < std::min(run_rows, rows.size()); ++step) {
      // only the last run can be shorter
      const std::size_t count = (rows.size() - step + run_rows - 1) / run_rows;
      continued +=
          solve_step(rows, step, count, std::span(matrices_).subspan(step * runs * square, count * square));
      for (std::size_t k = 0; k < count; ++k)
        use(k * run_rows + step, std::span<const double>(values_).subspan(k * columns_, columns_),
            std::span<const double>(vectors_).subspan(k * square, square));
    }
    return continued;
  }

 private:
  std::size_t solve_step(std::span<const std::size_t> rows, std::size_t step, std::size_t count,
                         std::span<const double> matrices) {
    const int size = static_cast<int>(columns_), many = static_cast<int>(count);
    const auto values = std::span(values_).first(count * columns_);
    const auto vectors = std::span(vectors_).first(count * columns_ * columns_);
    const std::size_t changes = source_.changes;
    if (step == 0 || changes == 0) {
      cuda::covariance::eigen_batch<double>(resources_, {matrices, size, many, values, vectors});
      return 0;
    }
    for (std::size_t k = 0; k < count; ++k) {
      source_.change(rows[k * run_rows + step],
                     {std::span(weights_).subspan(k * changes, changes),
                      std::span(directions_).subspan(k * changes * columns_, changes * columns_)});
    }
    const auto report = cuda::covariance::eigen_update<double>(
        resources_, {matrices, size, many, source_.keep, static_cast<int>(changes),
                     std::span(weights_).first(count * changes),
                     std::span(directions_).first(count * changes * columns_), values, vectors});
    return count - static_cast<std::size_t>(report.restarts);
  }

  const cuda::Resources& resources_;
  const Source& source_;
  std::size_t columns_, runs_;
  std::vector<double> matrices_, values_, vectors_, weights_, directions_;
};

double participation_of(std::span<const double> vector) {
  double fourth = 0;
  for (const double entry : vector) fourth += entry * entry * entry * entry;
  return 1 / fourth;
}

void keep_row(std::span<const double> ascending, std::span<const double> vectors, double scale,
              std::size_t at, Spectra& spectra) {
  const std::size_t columns = ascending.size(), fifth = std::max<std::size_t>(1, (columns + 2) / 5);
  double total = 0, largest = 0, entropy = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    const double value = ascending[columns - 1 - k] / scale;
    total += value;
    if (k < fifth) largest += value;
    if (k >= spectra.modes) continue;
    spectra.eigenvalues[at * spectra.modes + k] = value;
    spectra.participation[at * spectra.modes + k] =
        participation_of(vectors.subspan((columns - 1 - k) * columns, columns));
  }
  for (const double value : ascending) {
    // those of pairs with different rows may lie below zero
    const double share = std::max(value, 0.0) / scale / total;
    if (share > 0) entropy -= share * std::log(share);
  }
  const bool moves = total > 0;
  spectra.total_variance[at] = total;
  spectra.absorption_ratio[at] = moves ? largest / total : nan_value;
  spectra.effective_rank[at] = moves ? std::exp(entropy) : nan_value;
}

Spectra solve_rows(const cuda::Resources& resources, const Observations& table, const Source& source,
                   std::size_t first, const SpectraSettings& settings) {
  if (settings.every < 1) throw InputError("spectra of every 0th row; it must be 1 or more");
  if (settings.modes < 1 || settings.modes > table.columns) {
    throw InputError(std::to_string(settings.modes) + " modes of " + std::to_string(table.columns) +
                     " columns; at least 1 and no more than there are columns");
  }
  Spectra spectra;
  spectra.modes = settings.modes;
  for (std::size_t row = first + (table.rows - 1 - first) % settings.every; row < table.rows;
       row += settings.every)
    spectra.rows.push_back(row);
  const std::size_t count = spectra.rows.size();
  for (auto* column : {&spectra.total_variance, &spectra.absorption_ratio, &spectra.effective_rank})
    column->resize(count);
  spectra.eigenvalues.resize(count * spectra.modes);
  spectra.participation.resize(count * spectra.modes);
  Block block(resources, source, table.columns, count);
  for (std::size_t begin = 0; begin < count; begin += block.rows_max()) {
    const std::size_t rows = std::min(block.rows_max(), count - begin);
    spectra.continued += block.solve(
        std::span(spectra.rows).subspan(begin, rows), [&](std::size_t r, auto values, auto vectors) {
          keep_row(values, vectors, source.scale(spectra.rows[begin + r]), begin + r, spectra);
        });
  }
  return spectra;
}

// A window that goes on by a row: with u and v, the rows that enter and leave, less the mean before,
//   n · cov_new = n · cov_old + u u' − v v' − (u − v)(u − v)' / n,
// whose last three terms are two directions in the plane of u and v.
class RollingChange {
 public:
  RollingChange(const Observations& table, const RollingSettings& rolling)
      : table_(table), rolling_(rolling), mean_(table.columns) {
    const double n = static_cast<double>(rolling.window);
    const double root = std::sqrt(1 + 1 / (n * n));
    for (int d = 0; d < 2; ++d) {
      const double value = -1 / n + (d == 0 ? root : -root);  // of [[1 − 1/n, 1/n], [1/n, −1 − 1/n]]
      const double u = 1 / n, v = value - (1 - 1 / n);
      // the larger of the two forms of the vector, lest both entries cancel
      const double a = d == 0 ? value + 1 + 1 / n : u, b = d == 0 ? 1 / n : v;
      const double norm = std::hypot(a, b);
      by_entering_[d] = a / norm;
      by_leaving_[d] = b / norm;
      weights_[d] = value / (n - rolling.ddof);
    }
  }
  void operator()(std::size_t row, const Change& into) {
    const std::size_t columns = table_.columns, leaving = row - rolling_.window;
    std::ranges::fill(mean_, 0.0);
    for (std::size_t r = leaving; r < row; ++r) {
      for (std::size_t c = 0; c < columns; ++c) mean_[c] += table_(r, c);
    }
    for (std::size_t c = 0; c < columns; ++c) {
      const double mean = mean_[c] / static_cast<double>(rolling_.window);
      const double u = table_(row, c) - mean, v = table_(leaving, c) - mean;
      for (std::size_t d = 0; d < 2; ++d)
        into.directions[d * columns + c] = by_entering_[d] * u + by_leaving_[d] * v;
    }
    std::ranges::copy(weights_, into.weights.begin());
  }

 private:
  const Observations& table_;
  const RollingSettings rolling_;
  std::vector<double> mean_;
  double by_entering_[2], by_leaving_[2], weights_[2];
};

}  // namespace

Spectra rolling_spectra(const cuda::Resources& resources, const Observations& table,
                        const RollingSettings& rolling, const SpectraSettings& settings) {
  if (rolling.window < 2 || rolling.window > table.rows) {
    throw InputError("a window of " + std::to_string(rolling.window) + " rows over " +
                     std::to_string(table.rows) + "; it must have at least 2 and no more than there are");
  }
  Source source;
  source.fill = [&](std::span<const std::size_t> rows, const auto& place_of) {
    const std::size_t begin = rows.front() + 1 - rolling.window, end = rows.back() + 1;
    const auto consume = [&](const cuda::covariance::RollingTile& tile) {
      for (int row = tile.first_row; row < tile.first_row + tile.rows; ++row) {
        const auto found = std::ranges::lower_bound(rows, begin + static_cast<std::size_t>(row));
        if (found == rows.end() || *found != begin + static_cast<std::size_t>(row)) continue;
        double* matrix = place_of(static_cast<std::size_t>(found - rows.begin()));
        for (int i = tile.first_asset; i < tile.end_asset(); ++i) {
          std::copy_n(tile.row_of(row, i), std::max(0, tile.end_other(i) - tile.first_other),
                      matrix + static_cast<std::size_t>(i) * table.columns + tile.first_other);
        }
      }
    };
    cuda::covariance::rolling_covariance(
        resources,
        {.values = table.values.subspan(begin * table.columns, (end - begin) * table.columns),
         .rows = static_cast<int>(end - begin),
         .columns = static_cast<int>(table.columns),
         .window = static_cast<int>(rolling.window),
         .ddof = rolling.ddof},
        consume);
  };
  source.scale = [](std::size_t) { return 1.0; };
  RollingChange change(table, rolling);
  if (settings.every == 1 && table.complete()) {
    source.changes = 2;
    source.change = std::ref(change);
  }
  return solve_rows(resources, table, source, rolling.window - 1, settings);
}

Spectra ewma_spectra(const cuda::Resources& resources, const Observations& table, const EwmaSettings& ewma,
                     const SpectraSettings& settings) {
  const std::size_t columns = table.columns;
  const bool continues =
      settings.every == 1 && table.complete() && ewma.half_life_variance == ewma.half_life_correlation;
  const double decay = std::exp2(-1 / ewma.half_life_variance);
  Ewma state(columns, ewma);
  std::size_t reached = 0;  // rows that the state has seen
  // What is kept of the rows of a block: Σw and Σw² after each, and each less the mean before it.
  double weight = 0, weight_squared = 0;
  std::vector<double> mean(columns), scales(table.rows, 1.0), weights(table.rows),
      directions(table.rows * columns);
  Source source;
  source.keep = decay;
  source.fill = [&](std::span<const std::size_t> rows, const auto& place_of) {
    std::size_t r = 0;
    for (; reached <= rows.back(); ++reached) {
      const auto row = table.values.subspan(reached * columns, columns);
      state.update(row);
      if (continues) {
        const double before = decay * weight;
        weight = before + 1;
        weight_squared = decay * decay * weight_squared + 1;
        scales[reached] = ewma.ddof == 0 ? weight : weight - weight_squared / weight;
        weights[reached] = before / weight;
        for (std::size_t c = 0; c < columns; ++c) {
          const double from = row[c] - mean[c];
          directions[reached * columns + c] = from;
          mean[c] += from / weight;
        }
      }
      if (rows[r] != reached) continue;
      const Matrix now = state.covariance();
      std::ranges::transform(now.values, place_of(r++),
                             [&](double value) { return value * scales[reached]; });
    }
  };
  source.scale = [&](std::size_t row) { return scales[row]; };
  if (continues) {
    source.changes = 1;
    source.change = [&](std::size_t row, const Change& into) {
      into.weights[0] = weights[row];
      std::copy_n(directions.data() + row * columns, columns, into.directions.begin());
    };
  }
  return solve_rows(resources, table, source, 0, settings);
}

}  // namespace regent::covariance
