#pragma once
// regent sweep and regent backtest as people run them, in a folder of its own for each test.

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <sstream>

#include "base/time.hpp"
#include "tests/base/command_test.hpp"

namespace regent::strategies::test {

using regent::test::Outcome;

inline bool can_draw() {
  return regent::test::can_draw(REGENT_SOURCE_FOLDER, "matplotlib, pyarrow");
}

class StrategiesCommand : public regent::test::CommandTest {
 protected:
  // Hourly bars of a random walk.
  void write_bars(const std::string& name, int bars, unsigned seed) const {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    std::ostringstream text;
    text << "timestamp,open,high,low,close,volume\n";
    double price = 100;
    for (int t = 0; t < bars; ++t) {
      const double open = price,
                   close = open * std::exp(0.01 * normal(random) + (t / 100 % 2 == 0 ? 0.002 : -0.002));
      text << 1'577'836'800'000 + t * 3'600'000LL << ',' << open << ',' << std::max(open, close) * 1.002
           << ',' << std::min(open, close) * 0.998 << ',' << close << ','
           << 100 + 50 * std::abs(normal(random)) << '\n';
      price = close;
    }
    write(name, text.str());
  }
  Outcome run(const std::string& program, const std::string& arguments) const {
    return regent::test::run_in(folder_.path(), REGENT_PROGRAMS "/regent-" + program + " " + arguments);
  }
};

}  // namespace regent::strategies::test
