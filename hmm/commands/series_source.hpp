#pragma once
// Where a verb's series come from: bars of which the features are made, a table of features, or a table of
// emission log-likelihoods.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "hmm/commands/series_input.hpp"
#include "market/io/data_input.hpp"

namespace regent::hmm {

struct SourceFlags {
  market::DataFlags bars;  // with --json, --config, --set, --log-level
  std::string data, emissions;
  bool any() const { return !data.empty() || !emissions.empty() || !bars.files.empty(); }
};

void add_source_flags(CLI::App& command, SourceFlags& flags, bool with_emissions);

// The series of `features`: the columns of --data, or made of the bars; names of the market state (all of
// them) give one series of the whole panel, names of the catalogue one per symbol. Bars before a symbol's
// features are warm and after its last close are left out; the carried columns are timestamp, symbol and
// close, or timestamp and index (equal weights, start = 1) for the panel. Throws InputError.
SeriesInput read_feature_series(const SourceFlags& flags, const std::vector<std::string>& features);
// What `model` reads: read_feature_series, or --emissions.
SeriesInput read_model_series(const SourceFlags& flags, const Model& model, const std::string& model_file);

// Bars per year from the carried time column; NaN where there is none, or one bar.
double periods_per_year_of(const SeriesInput& input);

}  // namespace regent::hmm
