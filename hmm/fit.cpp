#include "hmm/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.hpp"
#include "cuda/hmm/expectation.hpp"
#include "hmm/labels.hpp"
#include "hmm/lane_fit.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/start.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;
using cuda::hmm::ParameterLayout;

struct Series {
  std::size_t bars = 0;
  Standardisation standardisation;
  std::vector<std::int64_t> present;  // [D]
  std::vector<double> values;         // [bars, D] standardised
  double observed_bars = 0;           // with at least one feature
};

void check_settings(const FitSettings& settings) {
  const auto refuse = [](const std::string& what) { throw InputError("regime fit: " + what); };
  if (settings.macros < 1 || settings.micros < 1 ||
      settings.macros * settings.micros > cuda::hmm::states_max) {
    refuse(std::to_string(settings.macros) + " macro regimes of " + std::to_string(settings.micros) +
           " micro states each; between 1 and 32 states in all are possible");
  }
  if (settings.restarts < 1 || settings.restarts > 4096) refuse("restarts must be in 1..4096");
  if (settings.iterations_max < 1) refuse("iterations_max must be at least 1");
  if (!(settings.tolerance >= 0)) refuse("tolerance must be at least 0");
  if (!(settings.covariance_floor > 0 && settings.covariance_floor < 1))
    refuse("covariance_floor must be in (0, 1)");
  if (!(settings.dirichlet >= 1)) refuse("dirichlet must be at least 1");
  if (!(settings.sticky >= 0)) refuse("sticky must be at least 0");
  if (!(settings.inverse_wishart_strength >= 0)) refuse("inverse_wishart_strength must be at least 0");
}

Series standardised(std::span<const double> observations, const std::vector<std::string>& features,
                    const FitSettings& settings) {
  const std::size_t dimension = features.size();
  if (dimension < 1 || dimension > static_cast<std::size_t>(cuda::hmm::dimension_max)) {
    throw InputError("regime fit: " + std::to_string(dimension) + " features; between 1 and 16 are possible");
  }
  if (observations.size() % dimension != 0) {
    throw InputError("regime fit: " + std::to_string(observations.size()) + " values are not whole bars of " +
                     std::to_string(dimension) + " features");
  }
  Series series;
  series.bars = observations.size() / dimension;
  series.standardisation = {std::vector<double>(dimension, 0), std::vector<double>(dimension, 0)};
  series.present.assign(dimension, 0);
  for (std::size_t d = 0; d < dimension; ++d) {
    double sum = 0, low = INFINITY, high = -INFINITY;
    for (std::size_t bar = 0; bar < series.bars; ++bar) {
      const double value = observations[bar * dimension + d];
      if (std::isinf(value)) {
        throw InputError("regime fit: feature " + features[d] + " is infinite at bar " + std::to_string(bar) +
                         "; a missing value is NaN");
      }
      if (std::isnan(value)) continue;
      ++series.present[d];
      low = std::min(low, value);
      high = std::max(high, value);
    }
    if (series.present[d] == 0)
      throw InputError("regime fit: feature " + features[d] + " has no value at any bar");
    // about the first value in sight, so that a level of 1e8 costs no digits
    for (std::size_t bar = 0; bar < series.bars; ++bar) {
      const double value = observations[bar * dimension + d];
      if (!std::isnan(value)) sum += value - low;
    }
    const auto count = static_cast<double>(series.present[d]);
    const double mean = low + sum / count;
    double squares = 0;
    for (std::size_t bar = 0; bar < series.bars; ++bar) {
      const double value = observations[bar * dimension + d];
      if (!std::isnan(value)) squares += (value - mean) * (value - mean);
    }
    const double deviation = std::sqrt(squares / count);
    if (!std::isfinite(deviation)) {
      throw InputError("regime fit: feature " + features[d] + " has values too large to square, up to " +
                       std::to_string(std::max(std::abs(low), std::abs(high))));
    }
    if (!(deviation > 1e-13 * std::max(std::abs(low), std::abs(high)))) {
      throw InputError("regime fit: feature " + features[d] + " is constant (" + std::to_string(low) +
                       " at all " + std::to_string(series.present[d]) + " bars that have it); leave it out");
    }
    series.standardisation.centre[d] = mean;
    series.standardisation.scale[d] = deviation;
  }
  series.values.resize(observations.size());
  for (std::size_t bar = 0; bar < series.bars; ++bar) {
    bool any = false;
    for (std::size_t d = 0; d < dimension; ++d) {
      const double value = observations[bar * dimension + d];
      series.values[bar * dimension + d] = series.standardisation.apply(static_cast<int>(d), value);
      any = any || !std::isnan(value);
    }
    series.observed_bars += any ? 1 : 0;
  }
  const int states = settings.macros * settings.micros;
  const double needed = 5.0 * states;
  if (series.observed_bars < needed) {
    throw InputError("regime fit: " + std::to_string(static_cast<std::int64_t>(series.observed_bars)) +
                     " bars with values, and " + std::to_string(static_cast<std::int64_t>(needed)) +
                     " are needed for " + std::to_string(states) + " states");
  }
  return series;
}

// How far the penalised log-likelihood may fall in one iteration before the lane counts as failed, per bar:
// what the float pass can be wrong by.
constexpr double fall_allowed_per_bar = 2e-6;

// A GPU thread carries one lane through all bars one after the other: with fewer lanes than this the CPU is
// done first.
constexpr int gpu_lanes_min = 2048;

struct Lane {
  LaneFit now;
  std::vector<double> parameters, counts;
  double log_likelihood = -INFINITY, penalised = -INFINITY;
  int iterations = 0;
  bool converged = false, failed = false;
  bool running() const { return !converged && !failed; }
};

template <class T>
cuda::hmm::BatchView<T> shared_view(const cuda::hmm::ShapeNumbers& shape, const std::vector<T>& values,
                                    std::size_t bars, int lanes) {
  cuda::hmm::BatchView<T> view;
  view.shape = shape;
  view.lanes = lanes;
  view.steps = static_cast<std::int64_t>(bars);
  view.observations = values.data();
  view.shared = true;
  return view;
}

// The E-step of some lanes of one series, packed together so that finished lanes cost nothing.
template <class T>
class SharedExpectation {
 public:
  SharedExpectation(const cuda::Resources& resources, const Series& series,
                    const cuda::hmm::ShapeNumbers& shape, int lanes)
      : values_(series.values.begin(), series.values.end()),
        expectation_(resources, shared_view<T>(shape, values_, series.bars, lanes)) {}

  void run(std::span<Lane* const> lanes) {
    const int count = static_cast<int>(lanes.size());
    const std::size_t padded = cuda::hmm::blocks_of(count) * cuda::hmm::lane_block;
    const std::size_t rows = lanes.front()->parameters.size(), counts = lanes.front()->counts.size();
    parameters_.resize(rows * padded);
    counts_.resize(counts * padded);
    likelihoods_.resize(padded);
    active_.assign(count, 1);
    for (int i = 0; i < count; ++i) put_lane<T>(lanes[i]->parameters, i, i + 1 == count, parameters_);
    expectation_.run(count, parameters_, active_, counts_, likelihoods_);
    for (int i = 0; i < count; ++i) {
      lanes[i]->log_likelihood = likelihoods_[i];
      for (std::size_t row = 0; row < counts; ++row) {
        lanes[i]->counts[row] = counts_[cuda::hmm::lane_index(i, row, counts)];
      }
    }
  }

 private:
  std::vector<T> values_, parameters_;
  std::vector<double> counts_, likelihoods_;
  std::vector<std::uint8_t> active_;
  cuda::hmm::Expectation<T> expectation_;
};

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

class Fitter {
 public:
  Fitter(const cuda::Resources& resources, const Series& series, const FitSettings& settings, int dimension)
      : resources_(resources),
        series_(series),
        settings_(settings),
        shape_{settings.macros, settings.micros, dimension},
        single_(resources, series, shape_, settings.restarts) {
    const AnyShape shape(shape_);
    for (int restart = 0; restart < settings.restarts; ++restart) {
      Lane lane;
      lane.now = start_lane(series.values, settings, dimension, restart);
      lane.counts.assign(CountLayout<AnyShape>{shape}.size(), 0);
      lanes_.push_back(std::move(lane));
    }
  }

  void run() {
    for (int iteration = 0; iteration < settings_.iterations_max; ++iteration) {
      std::vector<Lane*> running;
      for (Lane& lane : lanes_) {
        if (lane.running() && iteration > 0) lane.now.maximise(lane.counts, settings_);
        if (lane.running() && !lane.now.to_parameters(lane.parameters)) lane.failed = true;
        if (lane.running()) running.push_back(&lane);
      }
      if (running.empty()) return;
      expect(running);
      for (Lane* lane : running) judge(*lane);
    }
  }

  Lane& best() {
    Lane* best = nullptr;
    for (Lane& lane : lanes_) {
      if (!lane.failed && (best == nullptr || lane.penalised > best->penalised)) best = &lane;
    }
    if (best == nullptr) {
      throw InputError("regime fit: all " + std::to_string(settings_.restarts) +
                       " restarts failed (the penalised log-likelihood fell or was not a number)");
    }
    return *best;
  }

  // In double, so that the reported likelihood is what the filter says of the same data.
  void refine(Lane& lane) {
    Lane* one[] = {&lane};
    double_expectation().run(one);
  }

  const std::vector<Lane>& lanes() const { return lanes_; }

 private:
  SharedExpectation<double>& double_expectation() {
    if (!double_) double_.emplace(resources_, series_, shape_, 1);
    return *double_;
  }

  // Lanes that float cannot carry are run again in double, one by one.
  void expect(std::vector<Lane*>& running) {
    single_.run(running);
    for (Lane* lane : running) {
      if (std::isfinite(lane->log_likelihood) && all_finite(lane->counts)) continue;
      Lane* one[] = {lane};
      double_expectation().run(one);
    }
  }

  void judge(Lane& lane) const {
    ++lane.iterations;
    const auto bars = static_cast<double>(series_.bars);
    const double penalised = lane.log_likelihood + lane.now.log_prior(settings_);
    if (!std::isfinite(penalised) || !all_finite(lane.counts) ||
        penalised < lane.penalised - fall_allowed_per_bar * bars) {
      lane.failed = true;
      return;
    }
    lane.converged = penalised - lane.penalised < settings_.tolerance * bars;
    lane.penalised = penalised;
  }

  const cuda::Resources& resources_;
  const Series& series_;
  const FitSettings& settings_;
  cuda::hmm::ShapeNumbers shape_;
  SharedExpectation<float> single_;
  std::optional<SharedExpectation<double>> double_;
  std::vector<Lane> lanes_;
};

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
  const int dimension = lane.shape.dimension;
  for (int k = 0; k < lane.shape.states(); ++k) {
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

}  // namespace

FitResult fit(const cuda::Resources& given, std::span<const double> observations,
              const std::vector<std::string>& features, const FitSettings& settings, const Model* previous) {
  check_settings(settings);
  const cuda::Resources cpu = cuda::Resources::make("cpu");
  const bool worth_the_gpu = settings.restarts >= gpu_lanes_min;
  const cuda::Resources& resources = given.gpu() != nullptr && !worth_the_gpu ? cpu : given;
  const Series series = standardised(observations, features, settings);
  Fitter fitter(resources, series, settings, static_cast<int>(features.size()));
  fitter.run();
  Lane& best = fitter.best();
  fitter.refine(best);

  FitResult result;
  const double jacobian = series.standardisation.log_jacobian(series.present);
  const AnyShape shape(best.now.shape);
  const CountLayout<AnyShape> layout{shape};
  std::vector<double> weights(shape.states);
  for (int k = 0; k < shape.states; ++k) weights[k] = best.counts[layout.weight(k)];
  const Model model = to_model(best.now, series.standardisation, features);
  result.model = previous == nullptr ? order_by_volatility(model, weights)
                                     : match_to_previous(model, *previous, weights);
  validate(result.model, "regime fit");
  result.log_likelihood = best.log_likelihood + jacobian;
  result.penalised_log_likelihood = result.log_likelihood + best.now.log_prior(settings);
  result.iterations = best.iterations;
  result.converged = best.converged;
  for (const Lane& lane : fitter.lanes()) {
    result.failed_restarts += lane.failed ? 1 : 0;
    result.restart_log_likelihoods.push_back(lane.failed ? std::numeric_limits<double>::quiet_NaN()
                                                         : lane.penalised + jacobian);
  }
  return result;
}

}  // namespace regent::hmm
