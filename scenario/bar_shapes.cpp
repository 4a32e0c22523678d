#include "scenario/bar_shapes.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "base/philox.hpp"

namespace regent::scenario {
namespace {

using market::Column;

// RiskMetrics' (1996) decay for daily variances, here of sizes, which outliers mislead less; a quarter of
// daily bars for the usual volume.
constexpr double size_keep = 0.94, volume_keep = 1 - 1.0 / 63;
// Bars among which one is drawn.
constexpr std::size_t neighbours = 16;

double ewma(double keep, double before, double value) {
  return keep * before + (1 - keep) * value;
}

// Log returns to the bar before, NaN where either close is missing.
std::vector<double> moves_of(const market::Panel& panel, std::size_t asset) {
  std::vector<double> moves(panel.bars(), nan_value);
  for (std::size_t bar = 1; bar < panel.bars(); ++bar) {
    moves[bar] = std::log(panel.at(Column::close, bar, asset) / panel.at(Column::close, bar - 1, asset));
  }
  return moves;
}

double mean_absolute(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += std::abs(value);
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

void centre(auto& shapes) {
  double sum = 0;
  for (const auto& shape : shapes) sum += shape.volume;
  for (auto& shape : shapes) shape.volume -= sum / static_cast<double>(shapes.size());
}

// Least squares of each excess on the one before.
double kept_share(const std::vector<double>& excesses) {
  double both = 0, square = 0;
  for (std::size_t bar = 1; bar < excesses.size(); ++bar) {
    const double before = excesses[bar - 1], now = excesses[bar];
    if (std::isnan(before + now)) continue;
    both += before * now;
    square += before * before;
  }
  return square > 0 ? std::clamp(both / square, 0.0, 0.98) : 0;
}

// Beyond the usual, a bar's shape grows with its move; a small move says nothing of the range.
double size_of(double move) {
  return std::max(std::abs(move), 1.0);
}

std::uint32_t word_of(const ShapeDraw& draw, std::size_t asset) {
  const auto purpose =
      static_cast<std::uint32_t>(Purpose::scenario_shape) | static_cast<std::uint32_t>(draw.path >> 32) << 8;
  const Philox4 words =
      Random{draw.seed}.bits(static_cast<std::uint32_t>(draw.path), draw.step,
                             static_cast<std::uint32_t>(asset / 4), static_cast<Purpose>(purpose));
  const std::array four{words.x, words.y, words.z, words.w};
  return four[asset % 4];
}

}  // namespace

// [bars], what no bar before let expect; NaN where a volume is missing or zero.
std::vector<double> BarShapes::volume_shocks(const market::Panel& panel, std::size_t asset) {
  std::vector<double> excesses(panel.bars(), nan_value), shocks(panel.bars(), nan_value);
  double usual = nan_value;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    const double value = std::log(panel.at(Column::volume, bar, asset));
    if (!std::isfinite(value)) continue;
    if (std::isnan(usual)) usual = value;
    excesses[bar] = at_end_.volume[asset] = value - usual;
    usual = ewma(volume_keep, usual, value);
  }
  volume_usual_[asset] = usual;
  volume_kept_[asset] = kept_share(excesses);
  for (std::size_t bar = 1; bar < panel.bars(); ++bar) {
    shocks[bar] = excesses[bar] - volume_kept_[asset] * excesses[bar - 1];
  }
  return shocks;
}

std::vector<BarShapes::Shape> BarShapes::shapes_of(const market::Panel& panel, std::size_t asset) {
  const std::vector<double> moves = moves_of(panel, asset);
  const auto value = [&](Column column, std::size_t bar) {
    return panel.has(column) ? panel.at(column, bar, asset) : panel.at(Column::close, bar, asset);
  };
  const std::vector<double> volumes =
      panel.has(Column::volume) ? volume_shocks(panel, asset) : std::vector<double>(panel.bars());
  double usual = mean_absolute(moves);
  std::vector<Shape> shapes;
  for (std::size_t bar = 1; bar < panel.bars(); ++bar) {
    const double close = value(Column::close, bar), before = panel.at(Column::close, bar - 1, asset);
    const double open = value(Column::open, bar);
    const Shape shape{.move = moves[bar] / usual,
                      .open = std::log(open / before) / usual,
                      .up = std::log(value(Column::high, bar) / std::max(open, close)) / usual,
                      .down = std::log(std::min(open, close) / value(Column::low, bar)) / usual,
                      .volume = volumes[bar]};
    const double sum = shape.move + shape.open + shape.up + shape.down + shape.volume;
    if (std::isfinite(sum)) {
      shapes.push_back(shape);
      shapes.back().up = std::max(shape.up, 0.0);  // adjusted prices may be rounded
      shapes.back().down = std::max(shape.down, 0.0);
    }
    if (!std::isnan(moves[bar])) usual = ewma(size_keep, usual, std::abs(moves[bar]));
  }
  at_end_.move_size[asset] = usual;
  return shapes;
}

BarShapes::BarShapes(const market::Panel& panel)
    : columns_(panel.column_set()),
      volume_usual_(panel.symbol_count()),
      volume_kept_(panel.symbol_count()),
      at_end_{std::vector<double>(panel.symbol_count()),
              std::vector<double>(panel.has(Column::volume) ? panel.symbol_count() : 0)} {
  for (std::size_t asset = 0; asset < panel.symbol_count(); ++asset) {
    std::vector<Shape> shapes = shapes_of(panel, asset);
    if (shapes.size() < shapes_min) {
      throw InputError(panel.symbols[asset] + " has " + std::to_string(shapes.size()) +
                       " bars with every value that the bundle looks at; " + std::to_string(shapes_min) +
                       " are needed to dream of such bars");
    }
    centre(shapes);
    std::ranges::stable_sort(shapes, {}, &Shape::move);
    shapes_.push_back(std::move(shapes));
  }
}

const BarShapes::Shape& BarShapes::pick(std::size_t asset, double move, std::uint32_t word) const {
  const std::vector<Shape>& shapes = shapes_[asset];
  const auto above = std::ranges::lower_bound(shapes, move, {}, &Shape::move);
  const auto at = static_cast<std::size_t>(above - shapes.begin());
  const std::size_t first = std::min(at - std::min(at, neighbours / 2), shapes.size() - neighbours);
  return shapes[first + word % neighbours];
}

void BarShapes::make(const ShapeDraw& draw, std::span<const float> log_returns,
                     std::span<const double> before, std::span<const double> after, ShapeState& state,
                     Columns& bar) const {
  for (std::size_t c = 0; c < market::column_count; ++c) {
    const auto column = static_cast<Column>(c);
    if (columns_.has(column) && column != Column::close) bar[c].resize(after.size());
  }
  const auto set = [&](Column column, std::size_t asset, double value) {
    if (columns_.has(column)) bar[static_cast<std::size_t>(column)][asset] = value;
  };
  for (std::size_t asset = 0; asset < after.size(); ++asset) {
    double& usual = state.move_size[asset];
    const double move = static_cast<double>(log_returns[asset]);
    const Shape& shape = pick(asset, move / usual, word_of(draw, asset));
    // of a move beyond the usual one its own size; of an asset that long stood still, any move is beyond it
    const double scale = std::max(std::abs(move), usual) / size_of(shape.move);
    const double close = after[asset];
    const double open = columns_.has(Column::open) ? before[asset] * std::exp(shape.open * scale) : close;
    set(Column::open, asset, open);
    set(Column::high, asset, std::max(open, close) * std::exp(shape.up * scale));
    set(Column::low, asset, std::min(open, close) * std::exp(-shape.down * scale));
    usual = ewma(size_keep, usual, std::abs(move));
    if (!columns_.has(Column::volume)) continue;
    double& excess = state.volume[asset];
    excess = volume_kept_[asset] * excess + shape.volume;
    set(Column::volume, asset, std::exp(volume_usual_[asset] + excess));
  }
}

}  // namespace regent::scenario
