#pragma once
// Which bars each fold learns from, is judged on and is tested on. Bars are half-open ranges [first, end).
//   train [0, train_end)   embargo   validation [validation_first, validation_end)   embargo   test
//   [test_first, …)
// A decision at bar t is paid by the execution prices of t+1 and t+2, so the last decisions of a window lie
// two bars before its end (label_bars): no label reaches into the next window, and the embargo comes on top.

#include <cstddef>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent {
class Config;
}

namespace regent::trainer {

inline constexpr std::size_t label_bars = 2;

struct WalkForwardSettings {
  bool enabled = true;
  int first_test_year = 0, last_test_year = 0;  // 0: chosen from the data
  int refit_years = 1;
  int validation_years = 2;
  int embargo_bars = 5;
  int min_train_bars = 1000;
  int checkpoint_iterations = 5;
};

WalkForwardSettings walk_forward_settings(const Config& config);

struct Fold {
  std::size_t index = 0;
  std::string name;  // first test date, "2013-01-02"; "final" without walk-forward
  std::size_t train_end = 0;
  std::size_t validation_first = 0, validation_end = 0;
  std::size_t test_first = 0, test_end = 0;  // empty without walk-forward
  TimestampMs serve_from_ms = 0;
};

// Throws InputError when the data are too short, naming the year, the bars found and the bars needed.
std::vector<Fold> plan_folds(std::span<const TimestampMs> timestamps_ms, const WalkForwardSettings& settings);

}  // namespace regent::trainer
