#pragma once
// How long the bars are that a model was fitted on, beside those that it is used on.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hmm/commands/series_input.hpp"
#include "hmm/model.hpp"

namespace regent::hmm {

// [series] the median step between its bars. Nothing where that would say little: without times, of fewer
// than 9 bars (a week of days and its weekend), and where half of the steps or more are no such length (bars
// of so many trades, say).
std::vector<std::optional<double>> bar_seconds_of_series(const SeriesInput& input);
// The same of all series, whose steps count together.
std::optional<double> bar_seconds_of_all(const SeriesInput& input);

// Throws InputError where a series has bars that are clearly longer or shorter than those of its model; what
// one of the two does not know is not compared. models: one, or one per series of `input`, read from
// `model_file`.
void check_bar_length(std::span<const Model> models, const SeriesInput& input, const std::string& model_file);

}  // namespace regent::hmm
