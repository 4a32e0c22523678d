#include "hmm/fit_batch.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "hmm/emission_maximisation.hpp"
#include "hmm/expectation_maximisation.hpp"
#include "hmm/fit_checks.hpp"
#include "hmm/labels.hpp"
#include "hmm/start.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;

// The start of a fit looks at no more bars than this.
constexpr std::int64_t start_bars_max = 100'000;
// Values of all lanes that are taken up at once, so that the memory for models does not grow with the series.
constexpr std::size_t wave_lane_values = 256'000'000;

Model to_model(const LaneFit& lane, const Standardisation& standardisation,
               const std::vector<std::string>& features) {
  Model model;
  model.features = features;
  model.macros = lane.shape.macros;
  model.micros = lane.shape.micros;
  model.macro_start = lane.macro_start;
  model.macro_transition = lane.macro_transition;
  model.micro_start = lane.micro_start;
  model.micro_transition = lane.micro_transition;
  model.micro_exit = lane.micro_exit;
  model.emission = !lane.dof.empty()               ? EmissionKind::student_t
                   : !lane.mixture_weights.empty() ? EmissionKind::mixture
                                                   : EmissionKind::gaussian;
  model.components = lane.components;
  model.dof = lane.dof;
  model.mixture_weights = lane.mixture_weights;
  const int dimension = lane.shape.dimension;
  for (int k = 0; k < lane.run_shape().states(); ++k) {
    for (int d = 0; d < dimension; ++d) {
      model.means.push_back(standardisation.centre[d] +
                            standardisation.scale[d] * lane.means[k * dimension + d]);
    }
    for (int d = 0; d < dimension; ++d) {
      for (int e = 0; e < dimension; ++e) {
        const int packed = d >= e ? cuda::hmm::triangle(d, e) : cuda::hmm::triangle(e, d);
        model.covariances.push_back(standardisation.scale[d] * standardisation.scale[e] *
                                    lane.covariances[k * cuda::hmm::triangle_size(dimension) + packed]);
      }
    }
  }
  return model;
}

int parts_of(const FitSettings& settings) {
  return settings.macros * settings.micros * settings.components;
}

// A group on its way through a fit.
struct Job {
  const FitGroup* group;
  const Model* previous;
};

bool begins_at_previous(const Job& job, const FitSettings& settings) {
  return job.previous != nullptr && settings.free.all();
}

std::size_t ascents_of(const Job& job, const FitSettings& settings) {
  return settings.restarts + (settings.start ? 1 : 0) + (begins_at_previous(job, settings) ? 1 : 0);
}

// With masks or fixed parameters a state is what its number says.
Model labelled(Model model, const Job& job, const FitSettings& settings, std::vector<double>& weights) {
  if (!settings.numbered_by_user()) {
    return job.previous == nullptr ? order_by_volatility(model, weights)
                                   : match_to_previous(model, *job.previous, weights);
  }
  for (int i = 0; i < model.macros; ++i) model.labels.push_back("regime_" + std::to_string(i));
  if (settings.start) model.labels = settings.start->labels;
  return model;
}

FitResult result_of(const Job& job, const std::vector<std::string>& features,
                    std::span<const Ascent> restarts, const Ascent& best, const FitSettings& settings) {
  const FitGroup& group = *job.group;
  const double jacobian = group.standardisation.log_jacobian(group.present);
  const AnyShape shape(best.now.shape);
  const CountLayout<AnyShape> layout{shape};
  const std::vector<double> counts = best.now.state_counts(best.counts);
  std::vector<double> weights(shape.states);
  for (int k = 0; k < shape.states; ++k) weights[k] = counts[layout.weight(k)];
  FitResult result;
  result.model = labelled(to_model(best.now, group.standardisation, features), job, settings, weights);
  result.model.covariance = settings.covariance;
  validate(result.model, "regime fit");
  result.log_likelihood = best.log_likelihood + jacobian;
  result.penalised_log_likelihood = result.log_likelihood + best.now.log_prior(settings);
  result.iterations = best.iterations;
  result.converged = best.converged;
  for (const Ascent& restart : restarts) {
    result.failed_restarts += restart.failed ? 1 : 0;
    result.restart_log_likelihoods.push_back(restart.failed ? std::numeric_limits<double>::quiet_NaN()
                                                            : restart.penalised + jacobian);
  }
  return result;
}

const Ascent* best_of(std::span<const Ascent> restarts) {
  const Ascent* best = nullptr;
  for (const Ascent& restart : restarts) {
    if (!restart.failed && (best == nullptr || restart.penalised > best->penalised)) best = &restart;
  }
  return best;
}

void start_job(const Job& job, const FitSettings& settings, std::span<Ascent> ascents) {
  std::size_t next = 0;
  if (settings.start) ascents[next++].now = lane_of(*settings.start, job.group->standardisation);
  if (begins_at_previous(job, settings))
    ascents[next++].now = lane_of(*job.previous, job.group->standardisation);
  if (settings.restarts > 0) {
    const Stretches bars = stretches_of(*job.group, start_bars_max);
    tbb::parallel_for(0, settings.restarts, [&](int restart) {
      ascents[next + restart].now = start_lane(bars, settings, job.group->dimension, restart);
    });
  }
  for (Ascent& ascent : ascents) {
    ascent.group = job.group;
    constrain_covariances(settings.covariance, ascent.now);
    ascent.now.apply_masks(settings);
  }
}

// The fits of some groups of series, in their order.
std::vector<FitOutcome> fit_jobs(const cuda::Resources& resources, std::span<const Job> jobs,
                                 const std::vector<std::string>& features, const FitSettings& settings) {
  std::vector<std::size_t> firsts{0};
  for (const Job& job : jobs) firsts.push_back(firsts.back() + ascents_of(job, settings));
  std::vector<Ascent> all(firsts.back());
  const auto restarts_of = [&](std::size_t which) {
    return std::span<Ascent>(all).subspan(firsts[which], firsts[which + 1] - firsts[which]);
  };
  tbb::parallel_for(std::size_t{0}, jobs.size(),
                    [&](std::size_t which) { start_job(jobs[which], settings, restarts_of(which)); });
  ascend(resources, all, settings);
  std::vector<FitOutcome> outcomes(jobs.size());
  std::vector<std::size_t> fitted;
  std::vector<Ascent> winners;
  for (std::size_t which = 0; which < jobs.size(); ++which) {
    if (const Ascent* best = best_of(restarts_of(which))) {
      fitted.push_back(which);
      winners.push_back(*best);
    } else {
      outcomes[which].error = place_of(*jobs[which].group) + "all " +
                              std::to_string(restarts_of(which).size()) +
                              " restarts failed (the penalised log-likelihood fell or was not a number)";
    }
  }
  expect_in_double(resources, winners);
  for (std::size_t i = 0; i < fitted.size(); ++i) {
    try {
      outcomes[fitted[i]].result =
          result_of(jobs[fitted[i]], features, restarts_of(fitted[i]), winners[i], settings);
    } catch (const InputError& error) {
      outcomes[fitted[i]].error = error.what();
    }
  }
  return outcomes;
}

bool before(const Series& a, const Series& b) {
  const auto &x = a.observations, &y = b.observations;
  if (x.size() != y.size()) return x.size() > y.size();
  return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), [](double p, double q) {
    return std::strong_order(p, q) == std::strong_ordering::less;
  });
}

}  // namespace

std::vector<FitOutcome> fit_batch(const cuda::Resources& resources, std::span<const Series> series,
                                  const std::vector<std::string>& features, const FitSettings& settings,
                                  std::span<const Model* const> previous) {
  check_settings(settings);
  check_features(features, "regime fit");
  if (settings.start) check_start(*settings.start, "start model", features, settings);
  REGENT_INVARIANT(previous.empty() || previous.size() == series.size(), "one previous fit per series");
  std::vector<FitOutcome> outcomes(series.size());
  for (std::size_t first = 0; first < series.size();) {
    std::size_t end = first;
    for (std::size_t lane_values = 0; end < series.size() && lane_values < wave_lane_values; ++end)
      lane_values += series[end].observations.size() * (settings.restarts + 1);
    std::vector<std::optional<FitGroup>> groups(end - first);
    tbb::parallel_for(first, end, [&](std::size_t which) {
      try {
        if (!previous.empty() && previous[which] != nullptr)
          check_start(*previous[which], "previous fit", features, settings);
        groups[which - first] = prepare({series[which]}, features, parts_of(settings));
      } catch (const InputError& error) {
        outcomes[which].error = error.what();
      }
    });
    std::vector<Job> jobs;
    std::vector<std::size_t> places;
    for (std::size_t which = first; which < end; ++which) {
      if (!groups[which - first]) continue;
      jobs.push_back({&*groups[which - first], previous.empty() ? nullptr : previous[which]});
      places.push_back(which);
    }
    std::vector<FitOutcome> wave = fit_jobs(resources, jobs, features, settings);
    for (std::size_t i = 0; i < wave.size(); ++i) outcomes[places[i]] = std::move(wave[i]);
    first = end;
  }
  return outcomes;
}

FitResult fit_pooled(const cuda::Resources& resources, std::span<const Series> series,
                     const std::vector<std::string>& features, const FitSettings& settings,
                     const Model* previous) {
  check_settings(settings);
  check_features(features, "regime fit");
  if (settings.start) check_start(*settings.start, "start model", features, settings);
  if (previous != nullptr) check_start(*previous, "previous fit", features, settings);
  std::vector<Series> ordered(series.begin(), series.end());
  std::stable_sort(ordered.begin(), ordered.end(), before);
  const FitGroup group = prepare(std::move(ordered), features, parts_of(settings));
  const Job jobs[] = {{&group, previous}};
  FitOutcome outcome = fit_jobs(resources, jobs, features, settings).front();
  if (!outcome.result) throw InputError(outcome.error);
  return std::move(*outcome.result);
}

}  // namespace regent::hmm
