#include "hmm/filter.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.hpp"
#include "cuda/hmm/forward_body.hpp"
#include "cuda/hmm/student_body.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/log_passes.hpp"
#include "hmm/mixture.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;

void check_observation(const Model& model, std::span<const double> observation, std::int64_t bar) {
  if (observation.size() != model.features.size()) {
    throw InputError("regime filter, bar " + std::to_string(bar) + ": " + std::to_string(observation.size()) +
                     " features, and the regime model needs " + std::to_string(model.features.size()));
  }
  for (std::size_t d = 0; d < observation.size(); ++d) {
    if (std::isinf(observation[d])) {
      throw InputError("regime filter, bar " + std::to_string(bar) + ": feature " + model.features[d] +
                       " is infinite; a missing value is NaN");
    }
  }
}

// The parameters as the first lane of a block; of a mixture, whose densities come by themselves, those of its
// structure.
std::vector<double> one_lane(const Model& model, const Standardisation& standardisation) {
  const bool mixture = model.emission == EmissionKind::mixture;
  const std::vector<double> lane = lane_parameters(mixture ? moment_matched(model) : model, standardisation);
  std::vector<double> block(lane.size() * cuda::hmm::lane_block);
  put_lane<double>(lane, 0, true, block);
  return block;
}

}  // namespace

struct Filter::State {
  explicit State(const Model& source)
      : model(source),
        shape(shape_of(source)),
        standardisation(standardisation_of(source)),
        parameters(one_lane(source, standardisation)),
        bar(source.dimension()),
        present(source.dimension(), 0),
        posterior(source.flat_start()),
        macro_posterior(source.macro_start) {
    cuda::hmm::start_forward(shape, forward);
    if (source.emission == EmissionKind::mixture) mixture.emplace(source);
    const LogChain chain(source);
    if (has_transition_below(chain.transition, transition_min<double>)) in_logs.emplace(chain);
  }

  void update(std::span<const double> observation) {
    if (in_logs) {
      step_in_logs(observation);
    } else if (mixture) {
      double logs[AnyShape::states_bound] = {}, density[AnyShape::states_bound];
      (*mixture)(observation, {logs, posterior.size()});
      for (double& value : logs) value = cuda::hmm::maximum(value, cuda::hmm::impossible<double>);
      const double shift_of_bar = cuda::hmm::relative_densities(shape, logs, density);
      step(shift_of_bar, density, [&](double* out) { std::copy_n(logs, posterior.size(), out); });
    } else if (model.emission == EmissionKind::student_t) {
      update<cuda::hmm::StudentLaw>();
    } else {
      update<cuda::hmm::GaussianLaw>();
    }
  }

  void step_in_logs(std::span<const double> observation) {
    double logs[AnyShape::states_bound] = {};
    if (mixture) {
      (*mixture)(observation, {logs, posterior.size()});
    } else if (model.emission == EmissionKind::student_t) {
      log_densities<cuda::hmm::StudentLaw<double, AnyShape>>(logs);
    } else {
      log_densities<cuda::hmm::GaussianLaw<double, AnyShape>>(logs);
    }
    in_logs->absorb(logs);
    shift += in_logs->of_bar();
    ++bars;
    for (std::size_t k = 0; k < posterior.size(); ++k) posterior[k] = std::exp(in_logs->state()[k]);
    sum_macros();
  }

  template <class Law>
  void log_densities(double* logs) const {
    const cuda::hmm::Rows<double> rows{parameters.data()};
    for (int k = 0; k < shape.states; ++k)
      logs[k] = cuda::hmm::log_density_of_bar<Law>(shape, rows, k, bar.data());
  }

  template <template <class, class> class Law>
  void update() {
    const cuda::hmm::Rows<double> rows{parameters.data()};
    double density[AnyShape::states_bound];
    const double shift_of_bar = cuda::hmm::densities_of_bar<Law>(shape, rows, nullptr, bar.data(), density);
    step(shift_of_bar, density, [&](double* logs) { log_densities<Law<double, AnyShape>>(logs); });
  }

  template <class Logs>
  void step(double shift_of_bar, double* density, const Logs& logs) {
    const cuda::hmm::Rows<double> rows{parameters.data()};
    double predicted[AnyShape::states_bound];
    if (bars == 0) {
      cuda::hmm::predict_first(shape, rows, predicted);
    } else {
      cuda::hmm::predict_next(shape, rows, forward, predicted);
    }
    cuda::hmm::absorb_densities(shape, predicted, shift_of_bar, density, forward, logs);
    if (++bars % cuda::hmm::flush_every == 0) cuda::hmm::flush<double>(forward, &shift, &exponent);
    publish();
  }

  void publish() {
    const double inverse = 1 / cuda::hmm::sum_of(shape, forward.weight);
    for (int k = 0; k < shape.states; ++k) posterior[k] = forward.weight[k] * inverse;
    sum_macros();
  }

  void sum_macros() {
    for (int i = 0; i < shape.macros; ++i) macro_posterior[i] = 0;
    for (int k = 0; k < shape.states; ++k) macro_posterior[k / shape.micros] += posterior[k];
  }

  // Sum of what log-likelihood the bars have left, before the standardisation's part.
  double own_log_likelihood() const {
    if (in_logs) return shift;
    return cuda::hmm::finish_log_likelihood(shift + forward.shift, exponent + forward.exponent,
                                            cuda::hmm::sum_of(shape, forward.weight) * forward.scale);
  }

  Model model;
  AnyShape shape;
  Standardisation standardisation;
  std::vector<double> parameters;
  cuda::hmm::ForwardState<double, AnyShape> forward{};
  double shift = 0, exponent = 0;
  std::int64_t bars = 0;
  std::vector<double> bar;            // [D], standardised
  std::vector<std::int64_t> present;  // [D], bars that had the feature
  std::vector<double> posterior, macro_posterior;
  std::optional<MixtureDensity> mixture;
  std::optional<LogForward> in_logs;  // instead of `forward`, see log_passes.hpp
};

Filter::Filter(const Model& model) {
  validate(model, "regime model");
  state_ = std::make_unique<State>(model);
}
Filter::~Filter() = default;
Filter::Filter(const Filter& other) : state_(std::make_unique<State>(*other.state_)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;

void Filter::update(std::span<const double> observation) {
  check_observation(state_->model, observation, state_->bars);
  for (std::size_t d = 0; d < observation.size(); ++d) {
    state_->bar[d] = state_->standardisation.apply(static_cast<int>(d), observation[d]);
    state_->present[d] += std::isnan(observation[d]) ? 0 : 1;
  }
  state_->update(observation);
}

std::span<const double> Filter::posterior() const {
  return state_->posterior;
}
std::span<const double> Filter::macro_posterior() const {
  return state_->macro_posterior;
}

double Filter::log_likelihood() const {
  const State& s = *state_;
  if (s.bars == 0) return 0;
  const double own = s.own_log_likelihood();
  return s.mixture ? own : own + s.standardisation.log_jacobian(s.present);
}

std::vector<double> filter_series(const Model& model, std::span<const double> observations,
                                  double* log_likelihood) {
  validate(model, "regime model");
  const std::size_t dimension = model.features.size(), states = model.states();
  if (observations.size() % dimension != 0) {
    throw InputError("regime filter: " + std::to_string(observations.size()) +
                     " values are not whole bars of " + std::to_string(dimension) + " features");
  }
  const std::size_t bars = observations.size() / dimension;
  Filter filter(model);
  std::vector<double> posteriors(bars * states);
  for (std::size_t bar = 0; bar < bars; ++bar) {
    filter.update(observations.subspan(bar * dimension, dimension));
    std::copy(filter.posterior().begin(), filter.posterior().end(), posteriors.begin() + bar * states);
  }
  if (log_likelihood != nullptr) *log_likelihood = filter.log_likelihood();
  return posteriors;
}

}  // namespace regent::hmm
