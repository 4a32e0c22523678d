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
  for (std::size_t s = 0; s < decoded.input.series.size(); ++s) {
    const Model& model = decoded.model(s);
    const auto weights = state_weights(model, decoded.smoothed.probability[s]);
    sum.resize(weights.size(), 0);
    for (std::size_t k = 0; k < weights.size(); ++k) sum[k] += weights[k];
    if (together) continue;
    reports.push_back(report_of(decoded.input.series[s].symbol, model, weights, decoded.periods_per_year));
  }
  if (together) reports.push_back(report_of("", decoded.model(0), sum, decoded.periods_per_year));
  return reports;
}

}  // namespace regent::hmm
