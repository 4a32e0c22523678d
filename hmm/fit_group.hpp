#pragma once
// The series that one model is fitted to, checked and ready to be standardised: one, or several for a pooled
// fit.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hmm/lane_parameters.hpp"

namespace regent::hmm {

// observations: [bars, features], NaN marks a missing value; they must outlive what is made of them. `name`
// stands in errors, and may be empty.
struct Series {
  std::string name;
  std::span<const double> observations;
};

struct FitGroup {
  std::vector<Series> series;
  int dimension = 0;
  Standardisation standardisation;    // of all bars of all series, by their own mean and deviation
  std::vector<std::int64_t> present;  // [D]
  std::int64_t bars = 0;
  std::int64_t observed_bars = 0;  // with at least one feature

  std::int64_t bars_of(std::size_t which) const {
    return static_cast<std::int64_t>(series[which].observations.size()) / dimension;
  }
  double standardised(std::size_t which, std::int64_t bar, int feature) const {
    return standardisation.apply(feature, series[which].observations[bar * dimension + feature]);
  }
};

// Throws InputError that names series, feature and bar: a series without whole bars, an infinite value, a
// feature that is constant or absent, fewer than five observed bars per state.
FitGroup prepare(std::vector<Series> series, const std::vector<std::string>& features, int states);

// How an error about it begins: "regime fit, series BTC: ".
std::string place_of(const FitGroup& group);

// Bars for the start of a fit: standardised, [bars, D], in stretches that each come from one series.
struct Stretches {
  std::vector<double> values;
  std::vector<std::size_t> ends;  // in bars, ascending; the last is the number of bars
};

// At most `bars_max` bars: all of them, or evenly spaced stretches.
Stretches stretches_of(const FitGroup& group, std::int64_t bars_max);

}  // namespace regent::hmm
