#include "hmm/live_filter.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "cuda/hmm/forward_body.hpp"
#include "cuda/hmm/live.hpp"
#include "cuda/hmm/student_body.hpp"
#include "cuda/runtime/aligned.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/log_passes.hpp"
#include "hmm/mixture.hpp"

namespace regent::hmm {
namespace {

using cuda::Aligned;
using cuda::hmm::lane_block;
using cuda::hmm::lane_index;

void check_models(std::span<const Model> models) {
  if (models.empty()) throw InputError("live regime filter: no model");
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::string where = "live regime filter, symbol " + std::to_string(i);
    validate(models[i], where);
    if (!(shape_of(models[i]) == shape_of(models[0])) || models[i].emission != models[0].emission ||
        models[i].components != models[0].components) {
      throw InputError(where + ": its model has another shape or emission than that of symbol 0");
    }
  }
}

// The first infinite value; the end where there is none. Stretches of one length, so that the compiler makes
// vectors of their loop: this is a good part of a tick. It looks at halves of numbers, of which all that
// belong to an infinite or missing value have every bit of the exponent set, and few others by chance.
std::size_t first_infinity(std::span<const double> values) {
  constexpr std::size_t stretch = 64;
  constexpr std::uint32_t exponent = 0x7ff00000;
  for (std::size_t first = 0; first < values.size(); first += stretch) {
    const std::size_t end = std::min(first + stretch, values.size());
    if (end == first + stretch) {
      std::uint32_t halves[2 * stretch], suspect = 0;
      std::memcpy(halves, &values[first], sizeof halves);
      for (const std::uint32_t half : halves) suspect |= (half & exponent) == exponent ? 1U : 0U;
      if (suspect == 0) continue;
    }
    for (std::size_t i = first; i < end; ++i) {
      if (std::isinf(values[i])) return i;
    }
  }
  return values.size();
}

// What begins every snapshot.
struct Heading {
  char format[8] = {'r', 'g', 'n', 't', 'l', 'f', '2', 0};
  std::int32_t macros = 0, micros = 0, dimension = 0, bytes_of_number = 0, law = 0, in_logs = 0;
  std::uint64_t model = 0;  // mark_of
};

// Of one model's own numbers, which no compiler rounds, so that a snapshot goes on under no other model.
std::uint64_t mark_of(const Model& model) {
  std::string bytes;
  for (const auto* values :
       {&model.macro_start, &model.macro_transition, &model.micro_start, &model.micro_transition,
        &model.micro_exit, &model.means, &model.covariances, &model.dof, &model.mixture_weights})
    bytes.append(reinterpret_cast<const char*>(values->data()), values->size() * sizeof(double));
  const Sha256Digest digest = sha256(std::string_view(bytes));
  std::uint64_t mark = 0;
  std::memcpy(&mark, digest.data(), sizeof mark);
  return mark;
}

// A symbol whose model has transitions of (nearly) zero: in logs and in double (log_passes.hpp).
struct LogLane {
  int lane;
  LogForward forward;
  std::vector<double> parameters;  // the first lane of a block
  Standardisation standardisation;
  double log_likelihood = 0;  // of all bars, of standardised features

  LogLane(int number, LogChain chain, const std::vector<double>& own, Standardisation standard)
      : lane(number),
        forward(std::move(chain)),
        parameters(own.size() * lane_block),
        standardisation(std::move(standard)) {
    put_lane<double>(own, 0, true, parameters);
  }

  template <class Law>
  void log_densities(const cuda::hmm::AnyShape& shape, const double* x, double* logs) const {
    const cuda::hmm::Rows<double> rows{parameters.data()};
    for (int k = 0; k < shape.states; ++k) logs[k] = cuda::hmm::log_density_of_bar<Law>(shape, rows, k, x);
  }
  void update(const cuda::hmm::AnyShape& shape, cuda::hmm::EmissionLaw law, const double* bar) {
    using cuda::hmm::AnyShape;
    double x[AnyShape::dimension_bound] = {}, logs[AnyShape::states_bound];
    for (int d = 0; d < shape.dimension; ++d) x[d] = standardisation.apply(d, bar[d]);
    law == cuda::hmm::EmissionLaw::student_t
        ? log_densities<cuda::hmm::StudentLaw<double, AnyShape>>(shape, x, logs)
        : log_densities<cuda::hmm::GaussianLaw<double, AnyShape>>(shape, x, logs);
    forward.absorb(logs);
    log_likelihood += forward.of_bar();
  }
};

}  // namespace

template <class T>
struct LiveFilter<T>::State {
  State(const cuda::Resources& given, std::span<const Model> models)
      : resources(given),
        shape(shape_of(expanded(models[0]))),
        law(law_of(expanded(models[0]))),
        lanes(static_cast<int>(models.size())),
        components(models[0].components),
        features(models[0].features) {
    const std::size_t padded = cuda::hmm::blocks_of(lanes) * lane_block;
    centre.resize(padded * shape.dimension);
    scale.resize(padded * shape.dimension);
    present.assign(padded * shape.dimension, 0);
    weights.assign(padded * cuda::hmm::live_state_rows(shape.states()), T{0});
    totals.assign(padded * 2, 0);
    for (int lane = 0; lane < lanes; ++lane) put_model(models[lane], lane);
    posteriors = own_posteriors;
    macro_posteriors = own_macro_posteriors;
    parts.resize(components == 1 ? 0 : static_cast<std::size_t>(lanes) * shape.states());
    if (given.backend() != cuda::Backend::gpu) {
      prepared.resize(padded * static_cast<std::size_t>(cuda::hmm::prepared_rows(shape)));
      cuda::hmm::prepare_live_cpu(given, job(), prepared.data());
      return;
    }
    device = cuda::hmm::live_gpu<T>(given, job());
    if (components == 1) posteriors = {device->posteriors(), posteriors.size()};
    macro_posteriors = {device->macro_posteriors(), macro_posteriors.size()};
  }

  // A mixture's lane is that of its sub-states, whose posteriors are summed.
  void put_model(const Model& model, int lane) {
    const bool last = lane + 1 == lanes;
    const Model of_parts = expanded(model);
    const Standardisation standardisation = standardisation_of(of_parts);
    const std::vector<double> own = lane_parameters(of_parts, standardisation);
    parameters.resize(cuda::hmm::blocks_of(lanes) * lane_block * own.size());
    put_lane<T>(own, lane, last, parameters);
    marks.push_back(mark_of(model));
    LogChain chain(of_parts);
    which_in_logs.push_back(-1);
    if (has_transition_below(chain.transition, transition_min<T>)) {
      which_in_logs.back() = static_cast<int>(in_logs.size());
      in_logs.emplace_back(lane, std::move(chain), own, standardisation);
    }
    put_lane<double>(standardisation.centre, lane, last, centre);
    put_lane<double>(standardisation.scale, lane, last, scale);
    for (double value : model.flat_start()) own_posteriors.push_back(static_cast<T>(value));
    for (double value : model.macro_start) own_macro_posteriors.push_back(static_cast<T>(value));
  }

  cuda::hmm::LiveJob<T> job() {
    cuda::hmm::LiveJob<T> result;
    result.shape = shape;
    result.law = law;
    result.lanes = lanes;
    result.parameters = parameters.data();
    result.prepared = prepared.data();
    result.centre = centre.data();
    result.scale = scale.data();
    result.limit = Standardisation::limit;
    result.state = weights.data();
    result.totals = totals.data();
    result.present = present.data();
    result.posteriors = components == 1 ? posteriors.data() : parts.data();
    result.macro_posteriors = macro_posteriors.data();
    return result;
  }

  void update(std::span<const double> bars) {
    if (device) {
      device->update(bars.data());
    } else {
      cuda::hmm::LiveJob<T> now = job();
      now.bars = bars.data();
      cuda::hmm::live_cpu(resources, now);
    }
    if (components > 1) sum_parts(device ? device->posteriors() : parts.data());
    if (in_logs.empty()) return;
    tbb::parallel_for(std::size_t{0}, in_logs.size(), [&](std::size_t i) {
      in_logs[i].update(cuda::hmm::AnyShape(shape), law,
                        &bars[static_cast<std::size_t>(in_logs[i].lane) * shape.dimension]);
      publish(in_logs[i]);
    });
  }
  // [symbols, K·C] into the posteriors.
  void sum_parts(const T* of_parts) {
    constexpr std::size_t task = 4096;  // states
    const auto work = [&](std::size_t first, std::size_t end) {
      const auto count = static_cast<std::size_t>(components);
      collapse(std::span(of_parts + first * count, (end - first) * count), components,
               posteriors.subspan(first, end - first));
    };
    if (posteriors.size() <= task) return work(0, posteriors.size());
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, posteriors.size(), task),
        [&](const tbb::blocked_range<std::size_t>& range) { work(range.begin(), range.end()); });
  }
  // In place of what the compute layer said of the symbol.
  void publish(const LogLane& one) {
    T* states = &posteriors[static_cast<std::size_t>(one.lane) * states_of_model()];
    T* macros = &macro_posteriors[static_cast<std::size_t>(one.lane) * shape.macros];
    std::fill_n(states, states_of_model(), T{0});
    std::fill_n(macros, shape.macros, T{0});
    for (int part = 0; part < shape.states(); ++part) {
      const auto probability = static_cast<T>(std::exp(one.forward.state()[part]));
      states[part / components] += probability;
      macros[part / shape.micros] += probability;
    }
  }
  std::size_t states_of_model() const { return static_cast<std::size_t>(shape.states() / components); }
  void fetch() {
    if (device) device->fetch(weights.data(), totals.data(), present.data());
  }

  Heading heading(int lane) const {
    Heading result;
    result.in_logs = which_in_logs[lane] < 0 ? 0 : 1;
    result.macros = shape.macros;
    result.micros = shape.micros;
    result.dimension = shape.dimension;
    result.bytes_of_number = sizeof(T);
    result.law = static_cast<std::int32_t>(law);
    result.model = marks[lane];
    return result;
  }

  // visit(pointer, bytes) for everything that belongs to one symbol.
  template <class Visit>
  void each_part(int lane, const Visit& visit) {
    const int rows = cuda::hmm::live_state_rows(shape.states());
    if (which_in_logs[lane] >= 0) {
      LogLane& own = in_logs[which_in_logs[lane]];
      visit(own.forward.left().data(), own.forward.left().size_bytes());
      visit(&own.log_likelihood, sizeof(double));
    } else {
      for (int row = 0; row < rows; ++row) visit(&weights[lane_index(lane, row, rows)], sizeof(T));
      for (int row = 0; row < 2; ++row) visit(&totals[lane_index(lane, row, 2)], sizeof(double));
    }
    for (int d = 0; d < shape.dimension; ++d)
      visit(&present[lane_index(lane, d, shape.dimension)], sizeof(std::int64_t));
    const std::size_t states = states_of_model(), macros = shape.macros;
    visit(&posteriors[lane * states], states * sizeof(T));
    visit(&macro_posteriors[lane * macros], macros * sizeof(T));
  }

  T weight_row(int lane, int row) const {
    return weights[lane_index(lane, row, cuda::hmm::live_state_rows(shape.states()))];
  }
  double log_likelihood(int lane) {
    fetch();
    double jacobian = 0;
    for (int d = 0; d < shape.dimension; ++d) {
      const std::size_t at = lane_index(lane, d, shape.dimension);
      jacobian -= static_cast<double>(present[at]) * std::log(scale[at]);
    }
    return jacobian +
           (which_in_logs[lane] < 0 ? own_log_likelihood(lane) : in_logs[which_in_logs[lane]].log_likelihood);
  }
  double own_log_likelihood(int lane) const {
    const int states = shape.states();
    if (weight_row(lane, states + 4) == 0) return 0;
    T values[cuda::hmm::states_max];
    for (int k = 0; k < states; ++k) values[k] = weight_row(lane, k);
    const T sum = cuda::hmm::sum_of(cuda::hmm::AnyShape(shape), values);
    return cuda::hmm::finish_log_likelihood(
        totals[lane_index(lane, 0, 2)] + weight_row(lane, states + 1),
        totals[lane_index(lane, 1, 2)] + weight_row(lane, states + 2),
        static_cast<double>(static_cast<T>(sum * weight_row(lane, states))));
  }

  const cuda::Resources& resources;
  cuda::hmm::ShapeNumbers shape;  // of the lanes: of a mixture that of its sub-states
  cuda::hmm::EmissionLaw law;
  int lanes, components;
  std::vector<std::string> features;
  Aligned<T> parameters, prepared, weights, own_posteriors, own_macro_posteriors;
  Aligned<T> parts;                           // [symbols, K·C] posteriors of a mixture's sub-states
  std::span<T> posteriors, macro_posteriors;  // our own, or the device's
  Aligned<double> centre, scale, totals;
  Aligned<std::int64_t> present;
  std::vector<LogLane> in_logs;
  std::vector<int> which_in_logs;    // [symbols], -1: none
  std::vector<std::uint64_t> marks;  // [symbols], of their models
  std::unique_ptr<cuda::hmm::LiveDevice<T>> device;
};

template <class T>
LiveFilter<T>::LiveFilter(const cuda::Resources& resources, std::span<const Model> models) {
  check_models(models);
  state_ = std::make_unique<State>(resources, models);
}
template <class T>
LiveFilter<T>::~LiveFilter() = default;
template <class T>
LiveFilter<T>::LiveFilter(LiveFilter&&) noexcept = default;
template <class T>
LiveFilter<T>& LiveFilter<T>::operator=(LiveFilter&&) noexcept = default;

template <class T>
std::size_t LiveFilter<T>::symbols() const {
  return static_cast<std::size_t>(state_->lanes);
}

template <class T>
void LiveFilter<T>::update(std::span<const double> bars) {
  const std::size_t dimension = state_->features.size();
  if (bars.size() != symbols() * dimension) {
    throw InputError("live regime filter: " + std::to_string(bars.size()) + " values, and " +
                     std::to_string(symbols()) + " symbols of " + std::to_string(dimension) +
                     " features need " + std::to_string(symbols() * dimension));
  }
  if (const std::size_t i = first_infinity(bars); i < bars.size()) {
    throw InputError("live regime filter, symbol " + std::to_string(i / dimension) + ": feature " +
                     state_->features[i % dimension] + " is infinite; a missing value is NaN");
  }
  state_->update(bars);
}

template <class T>
std::span<const T> LiveFilter<T>::posteriors() const {
  return state_->posteriors;
}
template <class T>
std::span<const T> LiveFilter<T>::macro_posteriors() const {
  return state_->macro_posteriors;
}
template <class T>
double LiveFilter<T>::log_likelihood(std::size_t symbol) const {
  REGENT_INVARIANT(symbol < symbols(), "a symbol of the filter");
  return state_->log_likelihood(static_cast<int>(symbol));
}

template <class T>
std::vector<std::byte> LiveFilter<T>::snapshot(std::size_t symbol) const {
  REGENT_INVARIANT(symbol < symbols(), "a symbol of the filter");
  state_->fetch();
  std::vector<std::byte> bytes;
  const auto append = [&](const void* from, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(from);
    bytes.insert(bytes.end(), first, first + size);
  };
  const Heading heading = state_->heading(static_cast<int>(symbol));
  append(&heading, sizeof heading);
  state_->each_part(static_cast<int>(symbol), append);
  return bytes;
}

template <class T>
void LiveFilter<T>::restore(std::size_t symbol, std::span<const std::byte> bytes) {
  REGENT_INVARIANT(symbol < symbols(), "a symbol of the filter");
  const Heading heading = state_->heading(static_cast<int>(symbol));
  std::size_t size = sizeof heading;
  state_->each_part(static_cast<int>(symbol), [&](const void*, std::size_t part) { size += part; });
  if (bytes.size() != size || std::memcmp(bytes.data(), &heading, sizeof heading) != 0) {
    throw InputError("live regime filter, symbol " + std::to_string(symbol) + ": a snapshot of " +
                     std::to_string(bytes.size()) +
                     " bytes is not one of a filter with this model and precision (" + std::to_string(size) +
                     " bytes)");
  }
  state_->fetch();
  std::size_t at = sizeof heading;
  state_->each_part(static_cast<int>(symbol), [&](void* to, std::size_t part) {
    std::memcpy(to, &bytes[at], part);
    at += part;
  });
  if (state_->device)
    state_->device->put(state_->weights.data(), state_->totals.data(), state_->present.data());
}

template class LiveFilter<float>;
template class LiveFilter<double>;

}  // namespace regent::hmm
