// What one bar alone shows.

#include <cmath>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

REGENT_LANES void gap(const Block& block, double* out) {
  const double* open = block.row(Series::open, 0);
  const double* previous = block.row(Series::carried_close, 1);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = std::log(open[i] / previous[i]);
}

REGENT_LANES void intraday_return(const Block& block, double* out) {
  const double* body = block.row(Series::log_body, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = body[i];
}

REGENT_LANES void close_location(const Block& block, double* out) {
  const double* high = block.row(Series::high, 0);
  const double* low = block.row(Series::low, 0);
  const double* close = block.row(Series::close, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double range = high[i] - low[i];
    out[i] = range == 0 ? 0.0 : (2 * close[i] - high[i] - low[i]) / range;
  }
}

}  // namespace

std::vector<Feature> bar_shape_features() {
  const std::string textbook = "Campbell, Lo & MacKinlay (1997), The Econometrics of Financial Markets, 1.4";
  return {
      {declare("gap", "ln(open[t] / close[t-1])", textbook, 2, {Column::open, Column::close}), gap},
      {declare("intraday_return", "ln(close / open)", textbook, 1, {Column::open, Column::close}),
       intraday_return},
      {declare("close_location", "(2 close - high - low) / (high - low), in [-1, 1]; 0 when high = low",
               "Chaikin, in Achelis (2000), Technical Analysis from A to Z, Accumulation/Distribution", 1,
               {Column::high, Column::low, Column::close}),
       close_location},
  };
}

}  // namespace regent::market
