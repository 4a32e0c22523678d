#include "covariance/spectra.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "cuda/covariance/eigen_update.hpp"
#include "cuda/covariance/rolling.hpp"

namespace regent::covariance {
namespace {

// Rows of a run, of which only the first spectrum is found from the start; fewer where matrices are large.
constexpr std::size_t run_rows_max = 32;
constexpr std::size_t runs_max = 64;  // side by side
// Of the matrices that are held at once, one at least.
constexpr std::size_t bytes_max = std::size_t{256} << 20;

std::size_t matrices_at_once(std::size_t columns) {
  return std::max<std::size_t>(1, bytes_max / (columns * columns * sizeof(double)));
}

// How a matrix came from that of the row before:
// new = keep · old + Σ weights[r] · directions[r] · directions[r]'.
struct Change {
  std::span<double> weights;     // [changes]
  std::span<double> directions;  // [changes, columns]
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

// Runs side by side: row r of a block is in run r / run_rows_. The matrices of one step of all runs are
// neighbours, since they are solved together.
class Block {
 public:
  // rows: of all blocks
  Block(const cuda::Resources& resources, const Source& source, std::size_t columns, std::size_t rows)
      : resources_(resources),
        source_(source),
        columns_(columns),
        run_rows_(std::min(run_rows_max, matrices_at_once(columns))),
        runs_(
            std::min({runs_max, matrices_at_once(columns) / run_rows_, (rows + run_rows_ - 1) / run_rows_})),
        matrices_(runs_ * run_rows_ * columns * columns),
        values_(runs_ * columns),
        vectors_(runs_ * columns * columns),
        weights_(runs_ * source.changes),
        directions_(runs_ * source.changes * columns) {}

  std::size_t rows_max() const { return runs_ * run_rows_; }

  // use(r, eigenvalues of row r of `rows` in ascending order, their vectors; NaN where it has none); returns
  // how many were found from those before.
  template <class Use>
  std::size_t solve(std::span<const std::size_t> rows, const Use& use) {
    const std::size_t runs = (rows.size() + run_rows_ - 1) / run_rows_, square = columns_ * columns_;
    source_.fill(rows, [&](std::size_t r) {
      return matrices_.data() + (r % run_rows_ * runs + r / run_rows_) * square;
    });
    std::size_t continued = 0;
    for (std::size_t step = 0; step < std::min(run_rows_, rows.size()); ++step) {
      // only the last run can be shorter
      const std::size_t count = (rows.size() - step + run_rows_ - 1) / run_rows_;
      continued +=
          solve_step(rows, step, count, std::span(matrices_).subspan(step * runs * square, count * square));
      for (std::size_t k = 0; k < count; ++k)
        use(k * run_rows_ + step, std::span<const double>(values_).subspan(k * columns_, columns_),
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
      const auto report =
          cuda::covariance::eigen_batch<double>(resources_, {matrices, size, many, values, vectors});
      check_failures(report, rows, step, matrices);
      return 0;
    }
    for (std::size_t k = 0; k < count; ++k) {
      source_.change(rows[k * run_rows_ + step],
                     {std::span(weights_).subspan(k * changes, changes),
                      std::span(directions_).subspan(k * changes * columns_, changes * columns_)});
    }
    const auto report = cuda::covariance::eigen_update<double>(
        resources_, {matrices, size, many, source_.keep, static_cast<int>(changes),
                     std::span(weights_).first(count * changes),
                     std::span(directions_).first(count * changes * columns_), values, vectors});
    check_failures(report, rows, step, matrices);
    return count - static_cast<std::size_t>(report.restarts);
  }
  // Pairs of too few observations have no spectrum; every other matrix must have one.
  void check_failures(const cuda::covariance::EigenReport& report, std::span<const std::size_t> rows,
                      std::size_t step, std::span<const double> matrices) const {
    for (const auto& [index, why] : report.failures) {
      const std::size_t k = static_cast<std::size_t>(index);
      const auto matrix = matrices.subspan(k * columns_ * columns_, columns_ * columns_);
      if (has_undefined_pair(matrix)) continue;
      throw InputError("the covariance at row " + std::to_string(rows[k * run_rows_ + step] + 1) +
                       " has no spectrum: " + why);
    }
  }
  bool has_undefined_pair(std::span<const double> matrix) const {
    for (std::size_t i = 0; i < columns_; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        if (std::isnan(matrix[i * columns_ + j])) return true;
      }
    }
    return false;
  }

  const cuda::Resources& resources_;
  const Source& source_;
  std::size_t columns_, run_rows_, runs_;
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
  double total = 0, positive = 0, largest = 0, entropy = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    const double value = ascending[columns - 1 - k] / scale;
    total += value;
    positive += std::max(value, 0.0);  // of pairs with different rows some may lie below zero
    if (k < fifth) largest += std::max(value, 0.0);
    if (k >= spectra.modes) continue;
    spectra.eigenvalues[at * spectra.modes + k] = value;
    spectra.participation[at * spectra.modes + k] =
        participation_of(vectors.subspan((columns - 1 - k) * columns, columns));
  }
  for (const double value : ascending) {
    const double share = std::max(value, 0.0) / scale / positive;
    if (share > 0) entropy -= share * std::log(share);
  }
  const bool moves = positive > 0;
  spectra.total_variance[at] = total;
  spectra.absorption_ratio[at] = moves ? largest / positive : nan_value;
  spectra.effective_rank[at] = moves ? std::exp(entropy) : nan_value;
}

void check_settings(const Observations& table, const SpectraSettings& settings) {
  if (table.rows == 0 || table.columns == 0)
    throw InputError("a table without rows or columns has no spectra");
  if (settings.every < 1) throw InputError("spectra of every 0th row; it must be 1 or more");
  if (settings.modes < 1 || settings.modes > table.columns) {
    throw InputError(std::to_string(settings.modes) + " modes of " + std::to_string(table.columns) +
                     " columns; at least 1 and no more than there are columns");
  }
}

Spectra solve_rows(const cuda::Resources& resources, const Observations& table, const Source& source,
                   std::size_t first, const SpectraSettings& settings) {
  Spectra spectra;
  spectra.modes = settings.modes;
  spectra.rows = every_row_back(first, table.rows, settings.every);
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

// A window of n rows that goes on by one: with x and y, the rows that enter and leave, less the mean before,
//   Σ_new = Σ_old + x x' − y y' − (x − y)(x − y)' / n
// of the sums of products about the mean, whose last three terms are two directions in the plane of x and y.
class RollingChange {
 public:
  RollingChange(const Observations& table, const RollingSettings& rolling)
      : table_(table), window_(rolling.window), mean_(table.columns) {
    const double n = static_cast<double>(rolling.window), root = std::sqrt(1 + 1 / (n * n));
    // eigenvalues −1/n ± root of [[1 − 1/n, 1/n], [1/n, −1 − 1/n]], and vectors in which nothing cancels
    put(0, root + 1, 1 / n, (root - 1 / n) / (n - rolling.ddof));
    put(1, 1 / n, -1 - root, (-root - 1 / n) / (n - rolling.ddof));
  }
  void operator()(std::size_t row, const Change& into) {
    const std::size_t columns = table_.columns, leaving = row - window_;
    std::ranges::fill(mean_, 0.0);
    for (std::size_t r = leaving; r < row; ++r) {
      for (std::size_t c = 0; c < columns; ++c) mean_[c] += table_(r, c);
    }
    for (std::size_t c = 0; c < columns; ++c) {
      const double mean = mean_[c] / static_cast<double>(window_);
      const double x = table_(row, c) - mean, y = table_(leaving, c) - mean;
      for (std::size_t d = 0; d < 2; ++d)
        into.directions[d * columns + c] = by_entering_[d] * x + by_leaving_[d] * y;
    }
    std::ranges::copy(weights_, into.weights.begin());
  }

 private:
  void put(std::size_t d, double by_entering, double by_leaving, double weight) {
    const double length = std::hypot(by_entering, by_leaving);
    by_entering_[d] = by_entering / length;
    by_leaving_[d] = by_leaving / length;
    weights_[d] = weight;
  }
  const Observations& table_;
  std::size_t window_;
  std::vector<double> mean_;
  std::array<double, 2> by_entering_{}, by_leaving_{}, weights_{};
};

// An ewma whose variances and correlations have one half-life. Of the sums of products about the mean, which
// the covariance is but for a scale:
//   Σ_new = decay · Σ_old + before / weight · δ δ'
// with δ the new row less the mean before, and Σw before and after it.
class EwmaChange {
 public:
  EwmaChange(const Observations& table, double decay, int ddof)
      : table_(table), decay_(decay), ddof_(ddof), mean_(table.columns) {
    scales_.reserve(table.rows);
  }
  void add_row() {
    const std::size_t row = scales_.size();
    const double before = decay_ * weight_;
    weight_ = before + 1;
    weight_squared_ = decay_ * decay_ * weight_squared_ + 1;
    scales_.push_back(ddof_ == 0 ? weight_ : weight_ - weight_squared_ / weight_);
    weights_.push_back(before / weight_);
    for (std::size_t c = 0; c < table_.columns; ++c) {
      const double from = table_(row, c) - mean_[c];
      directions_.push_back(from);
      mean_[c] += from / weight_;
    }
  }
  double scale(std::size_t row) const { return scales_[row]; }
  void operator()(std::size_t row, const Change& into) const {
    into.weights[0] = weights_[row];
    std::copy_n(directions_.data() + row * table_.columns, table_.columns, into.directions.begin());
  }

 private:
  const Observations& table_;
  double decay_, weight_ = 0, weight_squared_ = 0;  // Σw, Σw²
  int ddof_;
  std::vector<double> mean_;
  std::vector<double> scales_, weights_, directions_;  // of every row so far
};

}  // namespace

Spectra rolling_spectra(const cuda::Resources& resources, const Observations& table,
                        const RollingSettings& rolling, const SpectraSettings& settings) {
  check_settings(table, settings);
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
        tile.copy(row, [&](int i) { return matrix + static_cast<std::size_t>(i) * table.columns; });
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
  check_settings(table, settings);
  const std::size_t columns = table.columns;
  const double decay = std::exp2(-1 / ewma.half_life_variance);
  const bool continues = settings.every == 1 && table.complete() && decay > 0 &&
                         ewma.half_life_variance == ewma.half_life_correlation;
  Ewma state(columns, ewma);
  EwmaChange change(table, decay, ewma.ddof);
  std::size_t reached = 0;  // rows that both have seen
  Source source;
  source.scale = [&](std::size_t row) { return continues ? change.scale(row) : 1.0; };
  source.fill = [&](std::span<const std::size_t> rows, const auto& place_of) {
    std::size_t r = 0;
    for (; reached <= rows.back(); ++reached) {
      state.update(table.values.subspan(reached * columns, columns));
      if (continues) change.add_row();
      if (rows[r] != reached) continue;
      const double scale = source.scale(reached);
      std::ranges::transform(state.covariance().values, place_of(r++),
                             [&](double value) { return value * scale; });
    }
  };
  if (continues) {
    source.keep = decay;
    source.changes = 1;
    source.change = std::cref(change);
  }
  return solve_rows(resources, table, source, 0, settings);
}

}  // namespace regent::covariance
