#include "trainer/walk_forward.hpp"

#include <algorithm>

#include "base/config/config.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace regent::trainer {
namespace {

constexpr int automatic_test_years = 10;

std::size_t first_bar_of(std::span<const TimestampMs> timestamps_ms, int year) {
  const auto found = std::lower_bound(timestamps_ms.begin(), timestamps_ms.end(), start_of_year(year));
  return static_cast<std::size_t>(found - timestamps_ms.begin());
}

std::size_t minus(std::size_t value, std::size_t less) {
  return value > less ? value - less : 0;
}

struct Windows {
  std::size_t train_end = 0, validation_first = 0, validation_end = 0;
};

// The windows before bar `test_first`, which lies in calendar year `year`.
Windows windows_before(std::span<const TimestampMs> timestamps_ms, int year, std::size_t test_first,
                       const WalkForwardSettings& settings) {
  const auto embargo = static_cast<std::size_t>(settings.embargo_bars);
  Windows w;
  w.validation_first = first_bar_of(timestamps_ms, year - settings.validation_years);
  w.validation_end = minus(test_first, embargo);
  w.train_end = minus(w.validation_first, embargo);
  return w;
}

bool long_enough(const Windows& w, const WalkForwardSettings& settings) {
  return w.train_end >= static_cast<std::size_t>(settings.min_train_bars) &&
         w.validation_end > w.validation_first + label_bars + 1;
}

[[noreturn]] void too_short(int year, const Windows& w, const WalkForwardSettings& settings) {
  throw InputError("before the test year " + std::to_string(year) + " lie " + std::to_string(w.train_end) +
                   " training bars and " + std::to_string(minus(w.validation_end, w.validation_first)) +
                   " validation bars; walk_forward.min_train_bars needs " +
                   std::to_string(settings.min_train_bars) + " and a validation window more than " +
                   std::to_string(label_bars + 1) +
                   ". Give more data, a later walk_forward.first_test_year or a smaller minimum");
}

Fold final_fold(std::span<const TimestampMs> timestamps_ms, const WalkForwardSettings& settings) {
  const int last_year = year_of(timestamps_ms.back());
  Fold fold;
  fold.name = "final";
  fold.validation_end = fold.test_first = fold.test_end = timestamps_ms.size();
  // The last validation_years calendar years, the running one included.
  fold.validation_first = first_bar_of(timestamps_ms, last_year - settings.validation_years + 1);
  fold.train_end = minus(fold.validation_first, static_cast<std::size_t>(settings.embargo_bars));
  fold.serve_from_ms = timestamps_ms.back() + 1;
  const Windows w{fold.train_end, fold.validation_first, fold.validation_end};
  if (!long_enough(w, settings)) {
    too_short(last_year + 1, w, settings);
  }
  return fold;
}

int first_test_year(std::span<const TimestampMs> timestamps_ms, const WalkForwardSettings& settings,
                    int last_year) {
  if (settings.first_test_year != 0) {
    return settings.first_test_year;
  }
  for (int year = std::max(year_of(timestamps_ms.front()), last_year - automatic_test_years + 1);
       year <= last_year; ++year) {
    const std::size_t first = first_bar_of(timestamps_ms, year);
    if (long_enough(windows_before(timestamps_ms, year, first, settings), settings)) {
      return year;
    }
  }
  return last_year;  // too short, as the caller will say
}

}  // namespace

WalkForwardSettings walk_forward_settings(const Config& config) {
  const auto integer = [&config](const char* key) { return static_cast<int>(config.integer(key)); };
  WalkForwardSettings settings;
  settings.enabled = config.boolean("walk_forward.enabled");
  settings.first_test_year = integer("walk_forward.first_test_year");
  settings.last_test_year = integer("walk_forward.last_test_year");
  settings.refit_years = integer("walk_forward.refit_years");
  settings.validation_years = integer("walk_forward.validation_years");
  settings.embargo_bars = integer("walk_forward.embargo_bars");
  settings.min_train_bars = integer("walk_forward.min_train_bars");
  settings.checkpoint_iterations = integer("walk_forward.checkpoint_iterations");
  return settings;
}

std::vector<Fold> plan_folds(std::span<const TimestampMs> timestamps_ms,
                             const WalkForwardSettings& settings) {
  if (timestamps_ms.empty()) {
    throw InputError("the data hold no bars");
  }
  if (!settings.enabled) {
    return {final_fold(timestamps_ms, settings)};
  }
  const int data_last = year_of(timestamps_ms.back());
  const int last_year = settings.last_test_year == 0 ? data_last : settings.last_test_year;
  const int first_year = first_test_year(timestamps_ms, settings, last_year);
  if (last_year > data_last || first_year > last_year || first_year < year_of(timestamps_ms.front())) {
    throw InputError("walk_forward tests the years " + std::to_string(first_year) + " to " +
                     std::to_string(last_year) + ", but the data span " +
                     std::to_string(year_of(timestamps_ms.front())) + " to " + std::to_string(data_last));
  }
  std::vector<Fold> folds;
  for (int year = first_year; year <= last_year; year += settings.refit_years) {
    const std::size_t first = first_bar_of(timestamps_ms, year);
    const std::size_t end = first_bar_of(timestamps_ms, std::min(year + settings.refit_years, last_year + 1));
    if (first == end) {
      continue;  // a year without bars
    }
    const Windows w = windows_before(timestamps_ms, year, first, settings);
    if (!long_enough(w, settings)) {
      too_short(year, w, settings);
    }
    folds.push_back({folds.size(), format_timestamp(timestamps_ms[first]).substr(0, 10), w.train_end,
                     w.validation_first, w.validation_end, first, end, timestamps_ms[first]});
  }
  if (folds.empty()) {
    throw InputError("no bars lie in the test years " + std::to_string(first_year) + " to " +
                     std::to_string(last_year));
  }
  return folds;
}

}  // namespace regent::trainer
