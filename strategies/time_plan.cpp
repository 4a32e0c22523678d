#include "strategies/time_plan.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace regent::strategies {
namespace {

// `parts` spans of bars [1, bars) whose lengths differ by at most one.
std::vector<Span> equal_parts(std::int64_t bars, int parts) {
  std::vector<Span> spans;
  for (int i = 0; i < parts; ++i) {
    spans.push_back({static_cast<std::int32_t>(1 + (bars - 1) * i / parts),
                     static_cast<std::int32_t>(1 + (bars - 1) * (i + 1) / parts)});
  }
  return spans;
}

void check_length(std::size_t bars, int parts, const char* what) {
  if (bars >= static_cast<std::size_t>(parts) * min_part_bars + 1) return;
  throw InputError(std::to_string(bars) + " bars are too few for " + std::to_string(parts) + " " + what +
                   " of at least " + std::to_string(min_part_bars) + " bars");
}

std::vector<Fold> folds_of(std::size_t bars, const PlanSettings& settings) {
  std::vector<Fold> folds;
  if (settings.folds == 0) return folds;
  check_length(bars, settings.folds + 1, "walk-forward parts");
  const auto parts = equal_parts(static_cast<std::int64_t>(bars), settings.folds + 1);
  for (int k = 1; k <= settings.folds; ++k) {
    const Span test = parts[static_cast<std::size_t>(k)];
    const Fold fold{{1, test.first - settings.purge_bars}, test};
    if (fold.train.bars() < min_part_bars) {
      throw InputError("purging " + std::to_string(settings.purge_bars) + " bars leaves fewer than " +
                       std::to_string(min_part_bars) + " bars to train the first fold");
    }
    folds.push_back(fold);
  }
  return folds;
}

std::vector<Span> intervals_of(const TimePlan& plan, std::int32_t bars) {
  std::vector<std::int32_t> cuts{0, bars};
  const auto cut = [&](const Span& span) {
    cuts.push_back(span.first);
    cuts.push_back(span.end);
  };
  std::ranges::for_each(plan.blocks, cut);
  for (const Fold& fold : plan.folds) {
    cut(fold.train);
    cut(fold.test);
  }
  std::ranges::sort(cuts);
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::vector<Span> intervals;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) intervals.push_back({cuts[i], cuts[i + 1]});
  return intervals;
}

void put_buckets(std::size_t bars, std::span<const std::int32_t> regime, std::vector<std::string> labels,
                 TimePlan& plan) {
  REGENT_INVARIANT(labels.empty() ? regime.empty() : regime.size() == bars, "regimes of another series");
  plan.regimes = std::move(labels);
  plan.intervals = intervals_of(plan, static_cast<std::int32_t>(bars));
  plan.bucket_bars.resize(static_cast<std::size_t>(plan.buckets()));
  for (std::size_t i = 0; i < plan.intervals.size(); ++i) {
    for (std::int32_t t = plan.intervals[i].first; t < plan.intervals[i].end; ++t) {
      const std::int32_t of_regime = regime.empty() ? 0 : regime[static_cast<std::size_t>(t)];
      REGENT_INVARIANT(of_regime >= 0 && of_regime < plan.regime_count(), "a bar without a regime");
      plan.bucket.push_back(static_cast<std::int32_t>(i) * plan.regime_count() + of_regime);
      plan.bucket_bars[static_cast<std::size_t>(plan.bucket.back())] += t > 0 ? 1 : 0;
    }
  }
}

}  // namespace

void validate(const PlanSettings& settings) {
  if (settings.blocks < 2 || settings.blocks > 16 || settings.blocks % 2 != 0) {
    throw InputError(std::to_string(settings.blocks) + " blocks: an even number from 2 to 16 is needed");
  }
  if (settings.folds < 0 || settings.folds > 100 || settings.purge_bars < 0) {
    throw InputError("folds must be from 0 to 100, and purged bars not negative");
  }
}

TimePlan time_plan(std::size_t bars, const PlanSettings& settings) {
  validate(settings);
  check_length(bars, settings.blocks, "blocks");
  TimePlan plan;
  plan.blocks = equal_parts(static_cast<std::int64_t>(bars), settings.blocks);
  plan.folds = folds_of(bars, settings);
  put_buckets(bars, {}, {}, plan);
  return plan;
}

TimePlan whole_plan(std::size_t bars, std::span<const std::int32_t> regime, std::vector<std::string> labels) {
  TimePlan plan;
  put_buckets(bars, regime, std::move(labels), plan);
  return plan;
}

}  // namespace regent::strategies
