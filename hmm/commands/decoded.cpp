#include "hmm/commands/decoded.hpp"

namespace regent::hmm {

Decoded decode_series(const SourceFlags& source, const ModelChoice& choice, const std::string& model_file,
                      const std::string& device) {
  Decoded decoded;
  decoded.input = read_model_series(source, choice.any(), model_file);
  decoded.models = choice.for_series(decoded.input, model_file);
  const auto resources = cuda::Resources::make(device);
  const SeriesBatch batch = decoded.input.batch();
  decoded.filtered = filtered_posteriors(resources, decoded.models, batch);
  decoded.smoothed = smoothed_posteriors(resources, decoded.models, batch);
  decoded.paths = most_probable_paths(resources, decoded.models, batch);
  decoded.periods_per_year = periods_per_year_of(decoded.input);
  return decoded;
}

std::vector<double> state_weights(const Model& model, std::span<const double> smoothed) {
  std::vector<double> weights(static_cast<std::size_t>(model.states()), 0);
  for (std::size_t i = 0; i < smoothed.size(); ++i) weights[i % weights.size()] += smoothed[i];
  return weights;
}

std::vector<RegimeReport> reports_of(const Decoded& decoded, bool together) {
  std::vector<RegimeReport> reports;
  std::vector<double> sum;
  Measured all(decoded.model(0));
  const bool has_features = decoded.input.kind == SeriesBatch::Kind::observations;
  for (std::size_t s = 0; s < decoded.input.series.size(); ++s) {
    const Model& model = decoded.model(s);
    const std::vector<double>& smoothed = decoded.smoothed.probability[s];
    const auto weights = state_weights(model, smoothed);
    sum.resize(weights.size(), 0);
    for (std::size_t k = 0; k < weights.size(); ++k) sum[k] += weights[k];
    Measured own(model);
    if (has_features) (together ? all : own).add(model, decoded.input.series[s].values, smoothed);
    if (together) continue;
    reports.push_back(report_of(decoded.input.series[s].symbol, model, weights, decoded.periods_per_year));
    if (has_features) own.put(reports.back());
  }
  if (!together) return reports;
  reports.push_back(report_of("", decoded.model(0), sum, decoded.periods_per_year));
  if (has_features) all.put(reports.back());
  return reports;
}

}  // namespace regent::hmm
