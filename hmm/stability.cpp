#include "hmm/stability.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "hmm/filter.hpp"

namespace regent::hmm {
namespace {

int likeliest(std::span<const double> law) {
  return static_cast<int>(std::max_element(law.begin(), law.end()) - law.begin());
}

void check(const Model& before, const Model& after, std::span<const double> observations) {
  if (before.macros != after.macros || before.micros != after.micros || before.features != after.features) {
    throw InputError("regime stability: models of " + std::to_string(before.macros) + " x " +
                     std::to_string(before.micros) + " and " + std::to_string(after.macros) + " x " +
                     std::to_string(after.micros) +
                     " states or of other features; only models of one shape can be compared");
  }
  if (observations.empty() || observations.size() % before.features.size() != 0) {
    throw InputError("regime stability: " + std::to_string(observations.size()) +
                     " values are not one bar or more of " + std::to_string(before.features.size()) +
                     " features");
  }
}

}  // namespace

Stability stability(const Model& before, const Model& after, std::span<const double> observations) {
  check(before, after, observations);
  const std::size_t dimension = before.features.size(), macros = before.macros;
  const std::size_t count = observations.size() / dimension;
  Filter earlier(before), later(after);
  Stability result;
  result.labels = after.labels;
  result.bars.assign(macros * macros, 0);
  std::int64_t states = 0, regimes = 0;
  for (std::size_t bar = 0; bar < count; ++bar) {
    earlier.update(observations.subspan(bar * dimension, dimension));
    later.update(observations.subspan(bar * dimension, dimension));
    const int from = likeliest(earlier.macro_posterior()), to = likeliest(later.macro_posterior());
    ++result.bars[from * macros + to];
    regimes += from != to ? 1 : 0;
    states += likeliest(earlier.posterior()) != likeliest(later.posterior()) ? 1 : 0;
  }
  for (std::size_t i = 0; i < macros; ++i) {
    std::int64_t all = 0;
    for (std::size_t to = 0; to < macros; ++to) all += result.bars[i * macros + to];
    const auto moved = static_cast<double>(all - result.bars[i * macros + i]);
    result.changed.push_back(all > 0 ? moved / static_cast<double>(all)
                                     : std::numeric_limits<double>::quiet_NaN());
  }
  result.changed_in_all = static_cast<double>(regimes) / static_cast<double>(count);
  result.states_changed_in_all = static_cast<double>(states) / static_cast<double>(count);
  return result;
}

}  // namespace regent::hmm
