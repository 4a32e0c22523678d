#pragma once
// Open, high, low and volume of dreamed bars. The law makes closes only; a bar takes the shape of a bar of
// the same asset's history that moved about as far, measured in the moves of its time. What opens and
// ranges say of a move, and volume of both, is thereby that of history, for every asset by itself.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "market/panel.hpp"

namespace regent::scenario {

// What a path carries from bar to bar.
struct ShapeState {
  std::vector<double> move_size;  // [assets], the usual one: EWMA of the log return's size
  std::vector<double> volume;     // [assets], logarithm beyond the usual one; empty without volumes
};

// Which bar of which path is made, under which seed.
struct ShapeDraw {
  std::uint64_t seed = 0, path = 0;
  std::uint32_t step = 0;
};

class BarShapes {
 public:
  // Shapes of the bars that have all of the panel's columns, a positive volume and the close before. Throws
  // InputError for an asset with fewer than shapes_min of them.
  static constexpr std::size_t shapes_min = 60;
  explicit BarShapes(const market::Panel& panel);

  // As the panel's last bar leaves it.
  const ShapeState& at_end() const { return at_end_; }

  // The values of one bar but its closes: [assets] of each column that the panel has beside them. before,
  // after: closes of the bar before and of this one, whose log_returns are known. Moves the state on. The
  // same numbers for the same draw, whatever else is made.
  using Columns = std::array<std::vector<double>, market::column_count>;
  void make(const ShapeDraw& draw, std::span<const float> log_returns, std::span<const double> before,
            std::span<const double> after, ShapeState& state, Columns& bar) const;

 private:
  // In units of the usual move before the bar; volume as its logarithm beside what the bars before let
  // expect, mean 0.
  struct Shape {
    double move = 0;          // log return
    double open = 0;          // log of open to the close before
    double up = 0, down = 0;  // log of high to the higher of open and close, of the lower of both to low
    double volume = 0;
  };
  std::vector<Shape> shapes_of(const market::Panel& panel, std::size_t asset);
  std::vector<double> volume_shocks(const market::Panel& panel, std::size_t asset);
  const Shape& pick(std::size_t asset, double move, std::uint32_t word) const;

  market::ColumnSet columns_;
  std::vector<std::vector<Shape>> shapes_;  // [assets], by rising move
  std::vector<double> volume_usual_,
      volume_kept_;  // [assets], logarithm, and what a bar keeps of the one before
  ShapeState at_end_;
};

}  // namespace regent::scenario
