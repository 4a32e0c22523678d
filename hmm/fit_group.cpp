#include "hmm/fit_group.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "hmm/short_text.hpp"

namespace regent::hmm {
namespace {

constexpr double observed_bars_per_state = 5;
constexpr std::int64_t stretch_bars = 2048;
constexpr double least_relative_deviation = 1e-13;  // of a feature, beside its largest value

std::string place_of(const Series& series) {
  return series.name.empty() ? "regime fit: " : "regime fit, series " + series.name + ": ";
}

void check_shape(const Series& series, std::size_t dimension) {
  if (series.observations.size() % dimension != 0) {
    throw InputError(place_of(series) + std::to_string(series.observations.size()) +
                     " values are not whole bars of " + std::to_string(dimension) + " features");
  }
  if (series.observations.empty()) throw InputError(place_of(series) + "it has no bar");
  if (series.observations.size() / dimension > std::numeric_limits<std::int32_t>::max()) {
    throw InputError(place_of(series) + "a series has at most 2147483647 bars");
  }
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  std::int64_t present = 0;
};

Range range_of(const FitGroup& group, int feature, const std::string& name) {
  Range range;
  for (std::size_t which = 0; which < group.series.size(); ++which) {
    const Series& series = group.series[which];
    for (std::int64_t bar = 0; bar < group.bars_of(which); ++bar) {
      const double value = series.observations[bar * group.dimension + feature];
      if (std::isinf(value)) {
        throw InputError(place_of(series) + "feature " + name + " is infinite at bar " + std::to_string(bar) +
                         "; a missing value is NaN");
      }
      if (std::isnan(value)) continue;
      ++range.present;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  return range;
}

// Σ (value − about)^power over the bars that have the feature.
double moment(const FitGroup& group, int feature, double about, int power) {
  double sum = 0;
  for (std::size_t which = 0; which < group.series.size(); ++which) {
    for (std::int64_t bar = 0; bar < group.bars_of(which); ++bar) {
      const double value = group.series[which].observations[bar * group.dimension + feature];
      if (std::isnan(value)) continue;
      sum += power == 1 ? value - about : (value - about) * (value - about);
    }
  }
  return sum;
}

// A spread that a double holds, and whose square it holds.
void check_spread(const Range& range, double deviation, const std::string& feature) {
  const double size = std::max(std::abs(range.low), std::abs(range.high));
  if (!std::isfinite(deviation)) {
    throw InputError(feature + " has values too large to square, up to " + short_text(size) +
                     "; give it in a larger unit");
  }
  if (deviation > least_relative_deviation * size) return;
  const std::string bars = std::to_string(range.present) + " bars that have it";
  if (range.low == range.high) {
    throw InputError(feature + " is constant (" + short_text(range.low) + " at all " + bars +
                     "); leave it out");
  }
  const std::string spread = feature + " varies by no more than " + short_text(range.high - range.low) +
                             " about " + short_text(range.low) + " at the " + bars;
  if (deviation == 0) throw InputError(spread + ", which is too small to square; give it in a smaller unit");
  throw InputError(spread +
                   "; a double has too few digits for that beside such values, so subtract their level");
}

void standardise(FitGroup& group, int feature, const std::string& name) {
  const Range range = range_of(group, feature, name);
  if (range.present == 0) throw InputError(place_of(group) + "feature " + name + " has no value at any bar");
  // about a value in sight, so that a level of 1e8 costs no digits
  const auto count = static_cast<double>(range.present);
  const double mean = range.low + moment(group, feature, range.low, 1) / count;
  const double deviation = std::sqrt(moment(group, feature, mean, 2) / count);
  check_spread(range, deviation, place_of(group) + "feature " + name);
  group.standardisation.centre[feature] = mean;
  group.standardisation.scale[feature] = deviation;
  group.present[feature] = range.present;
}

std::int64_t observed_bars_of(const FitGroup& group) {
  std::int64_t observed = 0;
  for (std::size_t which = 0; which < group.series.size(); ++which) {
    const double* bar = group.series[which].observations.data();
    for (std::int64_t t = 0; t < group.bars_of(which); ++t, bar += group.dimension) {
      observed += std::any_of(bar, bar + group.dimension, [](double x) { return !std::isnan(x); }) ? 1 : 0;
    }
  }
  return observed;
}

void append(const FitGroup& group, std::size_t which, std::int64_t first, std::int64_t end, Stretches& out) {
  for (std::int64_t bar = first; bar < end; ++bar) {
    for (int d = 0; d < group.dimension; ++d) out.values.push_back(group.standardised(which, bar, d));
  }
  out.ends.push_back(out.values.size() / group.dimension);
}

}  // namespace

std::string place_of(const FitGroup& group) {
  if (group.series.size() == 1) return place_of(group.series.front());
  return "regime fit, " + std::to_string(group.series.size()) + " series pooled: ";
}

FitGroup prepare(std::vector<Series> series, const std::vector<std::string>& features, int states) {
  if (series.empty()) throw InputError("regime fit: there is no series to fit");
  FitGroup group;
  for (const Series& one : series) check_shape(one, features.size());
  group.series = std::move(series);
  group.dimension = static_cast<int>(features.size());
  for (std::size_t which = 0; which < group.series.size(); ++which) group.bars += group.bars_of(which);
  group.standardisation = {std::vector<double>(features.size(), 0), std::vector<double>(features.size(), 0)};
  group.present.assign(features.size(), 0);
  for (int d = 0; d < group.dimension; ++d) standardise(group, d, features[d]);
  group.observed_bars = observed_bars_of(group);
  const auto needed = static_cast<std::int64_t>(observed_bars_per_state * states);
  if (group.observed_bars < needed) {
    throw InputError(place_of(group) + std::to_string(group.observed_bars) + " bars with values, and " +
                     std::to_string(needed) + " are needed for " + std::to_string(states) + " states");
  }
  return group;
}

Stretches stretches_of(const FitGroup& group, std::int64_t bars_max) {
  Stretches result;
  result.values.reserve(std::min(group.bars, bars_max) * group.dimension);
  const std::int64_t every = (group.bars + bars_max - 1) / bars_max;
  std::int64_t number = 0;  // of stretches so far
  for (std::size_t which = 0; which < group.series.size(); ++which) {
    const std::int64_t bars = group.bars_of(which), length = every == 1 ? bars : stretch_bars;
    for (std::int64_t first = 0; first < bars; first += length) {
      if (number++ % every == 0) append(group, which, first, std::min(bars, first + length), result);
    }
  }
  return result;
}

}  // namespace regent::hmm
