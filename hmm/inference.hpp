#pragma once
// What a model says of series: log-likelihoods, filtered and smoothed posteriors, the most probable path.
// Every series is a lane of the compute layer, so thousands run side by side.

#include <span>
#include <string>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "hmm/model.hpp"

namespace regent::hmm {

enum class Precision { single, double_ };  // of states and densities; sums over time are in fp64 either way

struct SeriesBatch {
  // observations: each series is [bars, D], NaN marks a missing value (marginalised, whole bars too).
  // emission_table: each series is [bars, K] of log P(bar | state), for discrete models and emission models
  // of one's own; −inf is allowed, a row of NaN is a missing bar. The model's emission, if any, is not used.
  enum class Kind { observations, emission_table };
  Kind kind = Kind::observations;
  std::vector<std::span<const double>> series;  // one bar or more each
  std::vector<std::string> names;               // [series] for messages; empty: numbers
};

struct Posteriors {
  std::vector<double> log_likelihood;            // [series], −inf where the data are impossible
  std::vector<std::vector<double>> probability;  // [series][bars, K], rows sum to one; NaN where impossible
};

struct Paths {
  std::vector<double>
      log_probability;  // [series], of path and data together; −inf where every path is impossible
  std::vector<std::vector<int>> states;  // [series][bars]; −1 where every path is impossible
};

// Series of observations longer than this are filtered, smoothed, scored and decoded in pieces of time that
// run as lanes of their own (cuda/hmm/long_series.hpp, long_viterbi.hpp; not mixtures): equal to the pass in
// order to 1e-12 in double and 5e-6 in float, relative, paths but for ties within rounding, and with a 32nd
// of the memory. Up to it the filter is equal to the live filter's last bit.
inline constexpr std::size_t whole_bars_max = 131072;

// `models` is one model for all series, or one per series, all of one shape (M, m, D, emission, components).
// A series' result does not depend on its neighbours. Where float loses the only possible path, the series is
// run again in double; a model with transitions of (nearly) zero goes through log_passes.hpp. Throws
// InputError naming series and bar for an infinite observation, an emission log-likelihood that is +inf or
// missing beside others, a length that is no whole number of bars, or a float series of more than 2^24 bars.
// Sources: Rabiner (1989) for the passes, Viterbi (1967) for the path.
std::vector<double> log_likelihoods(const cuda::Resources& resources, std::span<const Model> models,
                                    const SeriesBatch& batch, Precision precision = Precision::double_);
// P(state of bar t | bars up to t)
Posteriors filtered_posteriors(const cuda::Resources& resources, std::span<const Model> models,
                               const SeriesBatch& batch, Precision precision = Precision::double_);
// P(state of bar t | all bars)
Posteriors smoothed_posteriors(const cuda::Resources& resources, std::span<const Model> models,
                               const SeriesBatch& batch, Precision precision = Precision::double_);
Paths most_probable_paths(const cuda::Resources& resources, std::span<const Model> models,
                          const SeriesBatch& batch, Precision precision = Precision::double_);

// Sums the micro states of each macro regime: [bars, K] → [bars, M].
std::vector<double> macro_probability(const Model& model, std::span<const double> probability);

}  // namespace regent::hmm
