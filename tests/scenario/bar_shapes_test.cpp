#include "scenario/bar_shapes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.hpp"

namespace regent::scenario {
namespace {

using market::Column;
using market::column_count;
using market::Panel;

constexpr std::size_t index_of(Column column) {
  return static_cast<std::size_t>(column);
}

// A bar made of its move: what stands between its columns, to be found again in dreams.
struct MadeBar {
  double gap = 0, up = 0, down = 0, volume = 1;  // logarithms but the last
};

// Returns of a volatility that comes and goes, and bars that `made` makes of each return and that volatility.
template <class Make>
Panel made_panel(std::size_t bars, std::size_t assets, std::uint64_t seed, const Make& made) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Panel panel;
  for (std::size_t s = 0; s < assets; ++s) panel.symbols.push_back("S" + std::to_string(s));
  for (auto& column : panel.columns) column.resize(bars * assets);
  std::vector<double> close(assets, 100);
  for (std::size_t t = 0; t < bars; ++t) {
    panel.timestamps_ms.push_back(static_cast<TimestampMs>(t) * day_ms);
    const double deviation = 0.01 * std::exp(std::sin(static_cast<double>(t) / 300));
    for (std::size_t s = 0; s < assets; ++s) {
      const double move = deviation * normal(random), before = close[s];
      close[s] *= std::exp(move);
      const MadeBar bar = made(move, deviation, [&] { return normal(random); });
      const double open = before * std::exp(bar.gap);
      panel.at(Column::open, t, s) = open;
      panel.at(Column::high, t, s) = std::max(open, close[s]) * std::exp(bar.up);
      panel.at(Column::low, t, s) = std::min(open, close[s]) * std::exp(-bar.down);
      panel.at(Column::close, t, s) = close[s];
      panel.at(Column::volume, t, s) = bar.volume;
    }
  }
  return panel;
}

// A path of `steps` normal moves of one deviation; calls look(bar, before, after, move of asset 0).
template <class Look>
void walk(const BarShapes& shapes, std::size_t assets, double deviation, std::uint32_t steps,
          std::uint64_t path, const Look& look) {
  std::mt19937_64 random(path + 100);
  std::normal_distribution<double> normal;
  ShapeState state = shapes.at_end();
  BarShapes::Columns bar;
  std::vector<double> after(assets, 100);
  for (std::uint32_t step = 0; step < steps; ++step) {
    const std::vector<double> before = after;
    std::vector<float> moves(assets);
    for (std::size_t s = 0; s < assets; ++s) {
      moves[s] = static_cast<float>(deviation * normal(random));
      after[s] *= std::exp(static_cast<double>(moves[s]));
    }
    shapes.make({.seed = 3, .path = path, .step = step}, moves, before, after, state, bar);
    look(bar, before, after, static_cast<double>(moves[0]));
  }
}

// Gaps of 0.3 of the move, up to 0.2 deviations of noise; ranges of |normal| halves of the volatility; volume
// that grows with the size of the move.
MadeBar lively(double move, double deviation, const auto& normal) {
  return {.gap = 0.3 * move + 0.2 * deviation * normal(),
          .up = 0.5 * deviation * std::abs(normal()),
          .down = 0.25 * deviation * std::abs(normal()),
          .volume = 1'000 * std::exp(0.4 * std::abs(move) / deviation + 0.3 * normal())};
}

TEST(BarShapes, DreamWhatHistoryShows) {
  const Panel panel = made_panel(6'000, 2, 11, [](double move, double deviation, const auto& normal) {
    return lively(move, deviation, normal);
  });
  const BarShapes shapes(panel);
  constexpr double deviation = 0.02;
  constexpr int steps = 20'000;
  double move_square = 0, move_gap = 0, up = 0, down = 0, size = 0, size_square = 0, size_volume = 0,
         volume = 0;
  int seen = 0;
  walk(shapes, 2, deviation, steps, 7,
       [&](const auto& bar, const auto& before, const auto& after, double move) {
         const double open = bar[index_of(Column::open)][0], high = bar[index_of(Column::high)][0],
                      low = bar[index_of(Column::low)][0];
         ASSERT_GE(high, std::max(open, after[0]));
         ASSERT_LE(low, std::min(open, after[0]));
         if (++seen <= 200) return;  // until the path's own volatility is known
         move_square += move * move;
         move_gap += move * std::log(open / before[0]);
         up += std::log(high / std::max(open, after[0]));
         down += std::log(std::min(open, after[0]) / low);
         const double s = std::abs(move) / deviation, v = std::log(bar[index_of(Column::volume)][0]);
         size += s;
         size_square += s * s;
         size_volume += s * v;
         volume += v;
       });
  const double n = steps - 200;
  // normal |z| has the mean √(2/π); the volatility is known up to the EWMA's error of about a tenth
  const double half_normal = std::sqrt(2 / M_PI);
  EXPECT_NEAR(move_gap / move_square, 0.3, 0.02);
  EXPECT_NEAR(up / n / deviation, 0.5 * half_normal, 0.04);
  EXPECT_NEAR(down / n / deviation, 0.25 * half_normal, 0.02);
  const double slope = (size_volume - size * volume / n) / (size_square - size * size / n);
  EXPECT_NEAR(slope, 0.4, 0.06);
}

// A history whose volume grew does not make it grow on, nor does a path that is wilder or calmer than
// history, although large moves come with large volume.
TEST(BarShapes, KeepTheVolumeWhereItWas) {
  double trend = 0;
  const Panel panel = made_panel(4'000, 1, 5, [&](double move, double deviation, const auto& normal) {
    trend += 0.002;
    return MadeBar{.up = 0.001,
                   .down = 0.001,
                   .volume = 500 * std::exp(trend + 0.3 * std::abs(move) / deviation + 0.5 * normal())};
  });
  const BarShapes shapes(panel);
  for (const double tail : {0.5, 1.0, 2.0}) {  // |move| to this power, of a mean size of about one deviation
    double early = 0, late = 0;
    constexpr std::uint32_t paths = 100, steps = 2'000;
    for (std::uint32_t path = 0; path < paths; ++path) {
      std::mt19937_64 random(path);
      std::normal_distribution<double> normal;
      ShapeState state = shapes.at_end();
      BarShapes::Columns bar;
      for (std::uint32_t step = 0; step < steps; ++step) {
        const double z = normal(random), move = 0.01 * std::copysign(std::pow(std::abs(z), tail), z);
        shapes.make({.seed = 3, .path = path, .step = step}, std::vector<float>{static_cast<float>(move)},
                    std::vector<double>{100}, std::vector<double>{100 * std::exp(move)}, state, bar);
        (step < steps / 2 ? early : late) +=
            std::log(bar[index_of(Column::volume)][0]) / (paths * (steps / 2));
      }
    }
    EXPECT_NEAR(late, early, 0.02) << "|z|^" << tail << ": drifts";
    EXPECT_NEAR(late, std::log(500) + trend + 0.3 * std::sqrt(2 / M_PI), 0.3);
  }
}

TEST(BarShapes, RememberVolumeAsHistoryDoes) {
  double excess = 0;
  const Panel panel = made_panel(8'000, 1, 6, [&](double, double, const auto& normal) {
    excess = 0.7 * excess + 0.3 * normal();
    return MadeBar{.up = 0.001, .down = 0.001, .volume = 500 * std::exp(excess)};
  });
  const BarShapes shapes(panel);
  std::vector<double> logs;
  walk(shapes, 1, 0.01, 8'000, 1, [&](const auto& bar, const auto&, const auto&, double) {
    logs.push_back(std::log(bar[index_of(Column::volume)][0]));
  });
  double one = 0, two = 0, six = 0;  // of differences over so many bars: no level is in them
  for (std::size_t t = 6; t < logs.size(); ++t) {
    one += std::pow(logs[t] - logs[t - 1], 2);
    two += std::pow(logs[t] - logs[t - 2], 2);
    six += std::pow(logs[t] - logs[t - 6], 2);
  }
  // of an AR(1): (1 − φ^k) / (1 − φ)
  EXPECT_NEAR(two / one, 1 + 0.7, 0.05);
  EXPECT_NEAR(six / one, (1 - std::pow(0.7, 6)) / 0.3, 0.2);
}

// Where a gap is always half of the move it is half of any larger one too, also of one beyond all history.
TEST(BarShapes, GrowWithAMoveBeyondTheUsual) {
  const Panel panel = made_panel(2'000, 1, 3, [](double move, double, const auto&) {
    return MadeBar{.gap = 0.5 * move, .up = 0.25 * std::abs(move), .down = 0.125 * std::abs(move)};
  });
  const BarShapes shapes(panel);
  for (const float move : {0.09F, -0.12F, 0.5F, -1.5F}) {
    ShapeState state = shapes.at_end();
    const std::vector<double> before{100}, after{100 * std::exp(static_cast<double>(move))};
    BarShapes::Columns bar;
    shapes.make({.seed = 1}, std::vector<float>{move}, before, after, state, bar);
    const double open = bar[index_of(Column::open)][0];
    const double size = std::abs(static_cast<double>(move));
    EXPECT_NEAR(std::log(open / 100), 0.5 * static_cast<double>(move), 1e-9);
    EXPECT_NEAR(std::log(bar[index_of(Column::high)][0] / std::max(open, after[0])), 0.25 * size, 1e-9);
    EXPECT_NEAR(std::log(std::min(open, after[0]) / bar[index_of(Column::low)][0]), 0.125 * size, 1e-9);
  }
}

TEST(BarShapes, AreOfTheDrawAlone) {
  const Panel panel = made_panel(1'000, 6, 9, [](double move, double deviation, const auto& normal) {
    return lively(move, deviation, normal);
  });
  const BarShapes shapes(panel);
  const std::vector<float> moves(6, 0.001F);
  const std::vector<double> before(6, 100), after(6, 100.1);
  const auto made = [&](const ShapeDraw& draw) {
    ShapeState state = shapes.at_end();
    BarShapes::Columns bar;
    shapes.make(draw, moves, before, after, state, bar);
    return bar;
  };
  const auto bar = made({1, 5, 2});
  EXPECT_EQ(made({1, 5, 2}), bar);
  EXPECT_NE(made({2, 5, 2}), bar);
  EXPECT_NE(made({1, 6, 2}), bar);
  EXPECT_NE(made({1, 5, 3}), bar);
  EXPECT_NE(made({1, 5 + (std::uint64_t{1} << 32), 2}), bar) << "the upper half of a path's number";
}

TEST(BarShapes, MakeTheColumnsThatThereAre) {
  Panel panel = made_panel(500, 1, 2, [](double move, double deviation, const auto& normal) {
    return lively(move, deviation, normal);
  });
  panel.columns[index_of(Column::open)].clear();
  panel.columns[index_of(Column::volume)].clear();
  const BarShapes shapes(panel);
  EXPECT_TRUE(shapes.at_end().volume.empty());
  walk(shapes, 1, 0.01, 50, 1, [](const auto& bar, const auto&, const auto& after, double) {
    EXPECT_TRUE(bar[index_of(Column::open)].empty());
    EXPECT_TRUE(bar[index_of(Column::volume)].empty());
    EXPECT_TRUE(bar[index_of(Column::close)].empty()) << "the law's own";
    EXPECT_GE(bar[index_of(Column::high)][0], after[0]);
    EXPECT_LE(bar[index_of(Column::low)][0], after[0]);
  });
}

TEST(BarShapes, PassOverBarsThatLackAValueAndNameAnAssetWithTooFew) {
  Panel panel = made_panel(400, 2, 4, [](double move, double deviation, const auto& normal) {
    return lively(move, deviation, normal);
  });
  for (std::size_t bar = 0; bar < 400; bar += 3) {
    panel.at(static_cast<Column>(bar % column_count), bar, 1) = std::nan("");
    panel.at(Column::volume, bar + (bar + 1 < 400 ? 1 : 0), 0) = 0;
  }
  const BarShapes shapes(panel);
  walk(shapes, 2, 0.01, 200, 1, [](const auto& bar, const auto&, const auto&, double) {
    for (const Column column : {Column::open, Column::high, Column::low, Column::volume}) {
      for (const double value : bar[index_of(column)]) ASSERT_TRUE(std::isfinite(value) && value > 0);
    }
  });
  for (std::size_t bar = 59; bar < 400; ++bar) panel.at(Column::high, bar, 1) = std::nan("");
  try {
    const BarShapes few(panel);
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("S1 has "), std::string::npos) << error.what();
  }
}

// Of an asset that did not move for so long that its EWMA is nothing.
TEST(BarShapes, SurviveAHalt) {
  constexpr std::size_t traded = 600, halted = 13'000;
  Panel panel = made_panel(traded + halted, 1, 8, [](double move, double deviation, const auto& normal) {
    return lively(move, deviation, normal);
  });
  for (std::size_t bar = traded; bar < panel.bars(); ++bar) {
    for (const Column column : {Column::open, Column::high, Column::low, Column::close}) {
      panel.at(column, bar, 0) = panel.at(Column::close, traded - 1, 0);
    }
  }
  const BarShapes shapes(panel);
  walk(shapes, 1, 0.01, 200, 1, [](const auto& bar, const auto& before, const auto&, double) {
    ASSERT_LT(std::abs(std::log(bar[index_of(Column::high)][0] / before[0])), 0.5);
    ASSERT_LT(std::abs(std::log(bar[index_of(Column::low)][0] / before[0])), 0.5);
  });
}

}  // namespace
}  // namespace regent::scenario
