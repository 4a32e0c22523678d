#include "hmm/selection.hpp"

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/fit_batch.hpp"
#include "hmm/parameter_count.hpp"

namespace regent::hmm {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::int64_t observed_bars(std::span<const double> observations, std::size_t dimension) {
  std::int64_t bars = 0;
  for (std::size_t first = 0; first < observations.size(); first += dimension) {
    bool any = false;
    for (std::size_t d = 0; d < dimension; ++d) any = any || !std::isnan(observations[first + d]);
    bars += any ? 1 : 0;
  }
  return bars;
}

double log_likelihood_of(const Model& model, std::span<const double> observations) {
  double result = 0;
  filter_series(model, observations, &result);
  return result;
}

SelectionRow row_of(const FitSettings& settings, const FitOutcome& whole, std::size_t dimension,
                    std::int64_t bars) {
  SelectionRow row;
  row.settings = settings;
  row.parameters = parameter_count(settings, static_cast<int>(dimension));
  row.bars = bars;
  row.held_out_log_likelihood = none;
  row.error = whole.error;
  row.log_likelihood = whole.result ? whole.result->log_likelihood : none;
  row.converged = whole.result && whole.result->converged;
  row.criteria = criteria(row.log_likelihood, row.parameters, bars);
  return row;
}

}  // namespace

InformationCriteria criteria(double log_likelihood, int parameters, std::int64_t bars) {
  const double p = parameters, n = static_cast<double>(bars);
  InformationCriteria result;
  result.aic = 2 * p - 2 * log_likelihood;
  result.aicc = n > p + 1 ? result.aic + 2 * p * (p + 1) / (n - p - 1) : INFINITY;
  if (std::isnan(log_likelihood)) result.aicc = none;
  result.bic = p * std::log(n) - 2 * log_likelihood;
  result.hqic = 2 * p * std::log(std::log(n)) - 2 * log_likelihood;
  return result;
}

std::vector<SelectionRow> select(const cuda::Resources& resources, std::span<const double> observations,
                                 const std::vector<std::string>& features,
                                 std::span<const FitSettings> candidates, double held_out) {
  if (!(held_out >= 0 && held_out <= 0.9)) {
    throw InputError("regime selection: a held-out share of " + std::to_string(held_out) +
                     "; it must be in [0, 0.9]");
  }
  const std::size_t dimension = features.size();
  if (dimension == 0 || observations.empty() || observations.size() % dimension != 0) {
    throw InputError("regime selection: " + std::to_string(observations.size()) +
                     " values are not one bar or more of " + std::to_string(dimension) + " features");
  }
  const std::size_t bars = observations.size() / dimension;
  const auto held = static_cast<std::size_t>(std::llround(held_out * static_cast<double>(bars)));
  const std::span<const double> seen = observations.first((bars - held) * dimension);
  std::vector<Series> series{{"", observations}};
  if (held > 0) series.push_back({"without the held-out bars", seen});
  const std::int64_t observed = observed_bars(observations, dimension);
  const std::int64_t unseen = observed - observed_bars(seen, dimension);
  std::vector<SelectionRow> rows;
  for (const FitSettings& settings : candidates) {
    const std::vector<FitOutcome> outcomes = fit_batch(resources, series, features, settings);
    rows.push_back(row_of(settings, outcomes.front(), dimension, observed));
    if (held == 0 || unseen == 0) continue;
    if (!outcomes[1].result) {
      rows.back().error = outcomes[1].error;
      continue;
    }
    const Model& model = outcomes[1].result->model;
    rows.back().held_out_log_likelihood =
        (log_likelihood_of(model, observations) - log_likelihood_of(model, seen)) /
        static_cast<double>(unseen);
  }
  return rows;
}

}  // namespace regent::hmm
