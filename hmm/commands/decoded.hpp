#pragma once
// Everything that describe and plot need of a model on data.

#include <string>
#include <vector>

#include "hmm/commands/model_choice.hpp"
#include "hmm/commands/regime_report.hpp"
#include "hmm/commands/series_source.hpp"

namespace regent::hmm {

struct Decoded {
  SeriesInput input;
  std::vector<Model> models;  // one, or one per series
  Posteriors filtered, smoothed;
  Paths paths;
  double periods_per_year = 0;
  const Model& model(std::size_t series) const { return models[models.size() == 1 ? 0 : series]; }
};

Decoded decode_series(const SourceFlags& source, const ModelChoice& choice, const std::string& model_file,
                      const std::string& device);

// Expected bars per state of one series, [K].
std::vector<double> state_weights(const Model& model, std::span<const double> smoothed);
// One report per series (its model with its own shares), or one of all series of a shared model.
std::vector<RegimeReport> reports_of(const Decoded& decoded, bool together);

}  // namespace regent::hmm
