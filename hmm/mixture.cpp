#include "hmm/mixture.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "cuda/hmm/emission_body.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/moments.hpp"

namespace regent::hmm {

using cuda::hmm::AnyShape;

Model expanded(const Model& model) {
  if (model.emission != EmissionKind::mixture) return model;
  const int components = model.components, micros = model.micros, parts = model.states() * components;
  Model result = model;
  if (model.labels.size() != static_cast<std::size_t>(model.macros)) result.labels.clear();
  result.emission = EmissionKind::gaussian;
  result.components = 1;
  result.mixture_weights.clear();
  result.micros = micros * components;
  result.micro_start.clear();
  result.micro_exit.clear();
  result.micro_transition.clear();
  for (int part = 0; part < parts; ++part) {
    const int k = part / components, i = k / micros;
    result.micro_start.push_back(model.micro_start[k] * model.mixture_weights[part]);
    result.micro_exit.push_back(model.micro_exit[k]);
    for (int to = 0; to < micros * components; ++to) {
      result.micro_transition.push_back(model.micro_transition[k * micros + to / components] *
                                        model.mixture_weights[i * micros * components + to]);
    }
  }
  return result;
}

Model moment_matched(const Model& model) {
  Model result = model;
  result.emission = EmissionKind::gaussian;
  result.components = 1;
  result.dof.clear();
  result.mixture_weights.clear();
  result.means.clear();
  result.covariances.clear();
  for (int k = 0; k < model.states(); ++k) {
    const Moments moments = emission_moments(model, k);
    result.means.insert(result.means.end(), moments.mean.begin(), moments.mean.end());
    for (int d = 0; d < model.dimension(); ++d) {
      for (int e = 0; e < model.dimension(); ++e) result.covariances.push_back(moments.covariance(d, e));
    }
  }
  return result;
}

struct MixtureDensity::State {
  explicit State(const Model& model)
      : parts(expanded(model)),
        shape(shape_of(parts)),
        standardisation(standardisation_of(parts)),
        states(model.states()),
        components(model.components) {
    const std::vector<double> lane = lane_parameters(parts, standardisation);
    parameters.resize(lane.size() * cuda::hmm::lane_block);
    put_lane<double>(lane, 0, true, parameters);
    for (double weight : model.mixture_weights) log_weights.push_back(std::log(weight));
  }

  Model parts;
  AnyShape shape;
  Standardisation standardisation;
  int states, components;
  std::vector<double> parameters;   // of `parts`, as the first lane of a block
  std::vector<double> log_weights;  // [K, C], −inf where a component is never taken
};

MixtureDensity::MixtureDensity(const Model& model) {
  REGENT_INVARIANT(model.emission == EmissionKind::mixture, "a mixture");
  state_ = std::make_unique<State>(model);
}
MixtureDensity::~MixtureDensity() = default;
MixtureDensity::MixtureDensity(const MixtureDensity& other)
    : state_(std::make_unique<State>(*other.state_)) {}
MixtureDensity::MixtureDensity(MixtureDensity&&) noexcept = default;
MixtureDensity& MixtureDensity::operator=(MixtureDensity&&) noexcept = default;

void MixtureDensity::operator()(std::span<const double> observation, std::span<double> log_density) const {
  const State& s = *state_;
  double bar[cuda::hmm::dimension_max], log_jacobian = 0;
  bool any = false;
  for (int d = 0; d < s.shape.dimension; ++d) {
    bar[d] = s.standardisation.apply(d, observation[d]);
    if (std::isnan(bar[d])) continue;
    log_jacobian -= std::log(s.standardisation.scale[d]);
    any = true;
  }
  if (!any) {
    std::fill_n(log_density.begin(), s.states, 0.0);
    return;
  }
  using Law = cuda::hmm::GaussianLaw<double, AnyShape>;
  const cuda::hmm::Rows<double> rows{s.parameters.data()};
  double joint[cuda::hmm::states_max];
  for (int k = 0; k < s.states; ++k) {
    double largest = -HUGE_VAL, sum = 0;
    for (int c = 0; c < s.components; ++c) {
      const int part = k * s.components + c;
      joint[c] = cuda::hmm::log_density_of_bar<Law>(s.shape, rows, part, bar) + s.log_weights[part];
      largest = std::max(largest, joint[c]);
    }
    for (int c = 0; c < s.components; ++c) sum += cuda::hmm::exponential(joint[c] - largest);
    log_density[k] = largest + cuda::hmm::logarithm(sum) + log_jacobian;
  }
}

std::vector<double> mixture_log_densities(const Model& model, std::span<const double> observations) {
  const MixtureDensity density(model);
  const std::size_t dimension = model.features.size(), states = model.states();
  const std::size_t bars = observations.size() / dimension;
  std::vector<double> table(bars * states);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, bars, 1024),
                    [&](const tbb::blocked_range<std::size_t>& range) {
                      for (std::size_t bar = range.begin(); bar < range.end(); ++bar) {
                        density(observations.subspan(bar * dimension, dimension),
                                std::span(table).subspan(bar * states, states));
                      }
                    });
  return table;
}

}  // namespace regent::hmm
