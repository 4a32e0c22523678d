// Volume against its own past. A bar without volume has no value: the logarithm of zero is not a number.

#include <cmath>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

REGENT_LANES void volume_z_score(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::log_volume, bars);
  const auto deviation = window_deviation(block, Series::log_volume, bars, moments);
  const double* volume = block.row(Series::log_volume, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double distance = volume[i] - moments.mean[i];
    // constant volume is 0, but a missing one stays missing
    out[i] = deviation[i] == 0 ? 0.0 * distance : distance / deviation[i];
  }
}

REGENT_LANES void log_volume_ratio(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::volume, bars);
  const double* volume = block.row(Series::volume, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = std::log(volume[i] / moments.mean[i]);
}

Feature z_score(std::size_t bars) {
  const std::string n = std::to_string(bars);
  return {declare("volume_z_score_" + n,
                  "(ln volume - mean) / standard deviation of ln volume over " + n + " bars; 0 when constant",
                  "Gervais, Kaniel & Mingelgrin (2001), The High-Volume Return Premium",
                  static_cast<int>(bars), {Column::volume}),
          [bars](const Block& block, double* out) { volume_z_score(block, bars, out); }};
}

}  // namespace

std::vector<Feature> volume_features() {
  return {
      z_score(20),
      z_score(63),
      z_score(252),
      {declare("log_volume_ratio_21", "ln(volume / mean volume over 21 bars)",
               "Campbell, Grossman & Wang (1993), Trading Volume and Serial Correlation in Stock Returns", 21,
               {Column::volume}),
       [](const Block& block, double* out) { log_volume_ratio(block, 21, out); }},
  };
}

}  // namespace regent::market
