// The shape of the distribution of recent returns.

#include <cmath>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

REGENT_LANES void skewness(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::log_return, bars);
  const auto deviation = window_deviation(block, Series::log_return, bars, moments);
  Lanes cubes{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* r = block.row(Series::log_return, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const double z = (r[i] - moments.mean[i]) / (deviation[i] > 0 ? deviation[i] : 1.0);
      cubes[i] += r[i] == r[i] ? z * z * z : 0.0;
    }
  }
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double value = deviation[i] == 0 ? 0.0 : cubes[i] / moments.count[i];
    out[i] = deviation[i] == deviation[i] ? value : nan_value;
  }
}

// Pairs with a missing return are left out of the numerator; the variance takes every known return.
REGENT_LANES void autocorrelation(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::log_return, bars);
  const auto deviation = window_deviation(block, Series::log_return, bars, moments);
  Lanes products{};
  for (std::size_t age = bars - 1; age-- > 0;) {
    const double* later = block.row(Series::log_return, age);
    const double* earlier = block.row(Series::log_return, age + 1);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const double product = (later[i] - moments.mean[i]) * (earlier[i] - moments.mean[i]);
      products[i] += product == product ? product : 0.0;
    }
  }
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double squares = moments.count[i] * deviation[i] * deviation[i];
    const double value = deviation[i] == 0 ? 0.0 : products[i] / squares;
    out[i] = deviation[i] == deviation[i] ? value : nan_value;
  }
}

REGENT_LANES void largest_return(const Block& block, std::size_t bars, double* out) {
  const auto extremes = window_extremes(block, Series::log_return, Series::log_return, bars);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = extremes.highest[i];
}

}  // namespace

std::vector<Feature> distribution_features() {
  return {
      {declare("skewness_63",
               "third central moment / standard deviation³ of log_return over 63 bars; 0 when constant",
               "Boyer, Mitton & Vorkink (2010), Expected Idiosyncratic Skewness", 64, {Column::close}),
       [](const Block& block, double* out) { skewness(block, 63, out); }},
      {declare("autocorrelation_21",
               "first-order autocorrelation of log_return over 21 bars; 0 when constant",
               "Box & Jenkins (1970), Time Series Analysis, 2.1.5", 22, {Column::close}),
       [](const Block& block, double* out) { autocorrelation(block, 21, out); }},
      {declare("max_return_21", "largest log_return over 21 bars",
               "Bali, Cakici & Whitelaw (2011), Maxing Out: Stocks as Lotteries", 22, {Column::close}),
       [](const Block& block, double* out) { largest_return(block, 21, out); }},
  };
}

}  // namespace regent::market
