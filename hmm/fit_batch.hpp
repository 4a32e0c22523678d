#pragma once
// Many series at once: one model each, or one model for all of them.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "hmm/fit.hpp"
#include "hmm/fit_group.hpp"

namespace regent::hmm {

// One series' fit, or why there is none: its message names series and feature.
struct FitOutcome {
  std::optional<FitResult> result;
  std::string error;  // empty when there is a result
};

// Fits every series by itself, in the order given; lengths may differ, every (series, restart) is a lane. A
// series that cannot be fitted has an error and never touches the others, which are the same to the last bit
// with or without it. previous: empty, or for each series the fit before it or nullptr (see `fit`). On a GPU
// when the lanes are enough to fill it. Throws InputError only for settings that no series can be fitted
// with.
std::vector<FitOutcome> fit_batch(const cuda::Resources& resources, std::span<const Series> series,
                                  const std::vector<std::string>& features, const FitSettings& settings,
                                  std::span<const Model* const> previous = {});

// One model for all series together: their counts are summed before every M-step, and they share one
// standardisation. Each series begins with the start law; a series of one bar counts too. The same bits
// whatever the order of the series. Throws InputError as `fit` does.
FitResult fit_pooled(const cuda::Resources& resources, std::span<const Series> series,
                     const std::vector<std::string>& features, const FitSettings& settings,
                     const Model* previous = nullptr);

}  // namespace regent::hmm
