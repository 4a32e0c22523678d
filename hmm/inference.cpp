#include "hmm/inference.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "cuda/hmm/forward.hpp"
#include "cuda/hmm/long_series.hpp"
#include "cuda/hmm/long_viterbi.hpp"
#include "cuda/hmm/smooth.hpp"
#include "cuda/hmm/viterbi.hpp"
#include "cuda/runtime/aligned.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/log_density.hpp"
#include "hmm/log_passes.hpp"
#include "hmm/mixture.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::lane_index;
using Kind = SeriesBatch::Kind;

// Of posteriors and input, padding included, that one call of the compute layer holds.
constexpr std::size_t chunk_bytes = std::size_t{1} << 29;
// The compute layer's logarithm of zero is −2e30, and its densities stay above −1e30.
constexpr double impossible_below = -1.5e30;

std::string name_of(const SeriesBatch& batch, std::size_t series) {
  return batch.names.empty() ? "series " + std::to_string(series) : batch.names[series];
}

// A mixture's components are summed into a table of log densities of its states, over which the most probable
// path is taken too.
bool runs_on_table(const Model& model, Kind kind) {
  return kind == Kind::emission_table || model.emission == EmissionKind::mixture;
}

// A model whose emission is the table: what the lanes read of it is never used.
Model structure_of(const Model& model) {
  Model structure = model;
  const std::size_t states = model.states();
  structure.features = {"emission table"};
  structure.emission = EmissionKind::gaussian;
  structure.components = 1;
  structure.means.assign(states, 0);
  structure.covariances.assign(states, 1);
  structure.dof.clear();
  structure.mixture_weights.clear();
  return structure;
}

void check_models(std::span<const Model> models, const SeriesBatch& batch) {
  if (models.size() != 1 && models.size() != batch.series.size()) {
    throw InputError("regime inference: " + std::to_string(models.size()) + " models for " +
                     std::to_string(batch.series.size()) + " series; one for all, or one each");
  }
  const Model& first = models.front();
  for (const Model& model : models) {
    if (batch.kind == Kind::observations) {
      validate(model, "regime model");
    } else {
      validate_structure(model, "regime model");
    }
    const bool same = model.macros == first.macros && model.micros == first.micros &&
                      (batch.kind == Kind::emission_table ||
                       (model.dimension() == first.dimension() && model.emission == first.emission &&
                        model.components == first.components));
    if (!same) throw InputError("regime inference: the models of one call must have one shape");
  }
}

// One series on its way into a lane: standardised observations, or table rows relative to their largest
// entry.
struct LaneInput {
  std::vector<double> parameters;
  std::vector<double> values;  // [bars, columns]
  double log_likelihood = 0;   // to add to what the lane says
};

void check_observations(const Model& model, const std::string& name, std::span<const double> series) {
  const std::size_t dimension = model.features.size();
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!std::isinf(series[i])) continue;
    throw InputError("regime inference, " + name + ", bar " + std::to_string(i / dimension) + ": feature " +
                     model.features[i % dimension] + " is infinite; a missing value is NaN");
  }
}

void standardise(const Standardisation& standardisation, const Model& model, const std::string& name,
                 std::span<const double> series, LaneInput& lane) {
  const std::size_t dimension = model.features.size();
  std::vector<std::int64_t> present(dimension, 0);
  lane.values.resize(series.size());
  check_observations(model, name, series);
  for (std::size_t i = 0; i < series.size(); ++i) {
    const std::size_t d = i % dimension;
    lane.values[i] = standardisation.apply(static_cast<int>(d), series[i]);
    present[d] += std::isnan(series[i]) ? 0 : 1;
  }
  lane.log_likelihood = standardisation.log_jacobian(present);
}

void put_table_row(std::span<const double> row, const std::string& name, std::size_t bar, double* out,
                   double& shift) {
  const auto missing = std::ranges::count_if(row, [](double value) { return std::isnan(value); });
  if (missing == std::ssize(row)) {
    std::fill_n(out, row.size(), 0.0);
    return;
  }
  const double largest = *std::ranges::max_element(row);
  if (missing > 0 || largest == INFINITY) {
    throw InputError("regime inference, " + name + ", bar " + std::to_string(bar) +
                     ": emission log-likelihoods are below +inf, and all or none of a bar are missing");
  }
  const double base = largest == -INFINITY ? 0 : largest;
  shift += base;
  for (std::size_t k = 0; k < row.size(); ++k) out[k] = row[k] - base;
}

LaneInput lane_input(const Model& model, Kind kind, std::span<const double> series, const std::string& name) {
  LaneInput lane;
  const std::size_t columns = kind == Kind::observations ? model.features.size() : model.states();
  if (series.empty() || series.size() % columns != 0) {
    throw InputError("regime inference, " + name + ": " + std::to_string(series.size()) +
                     " values are not one bar or more of " + std::to_string(columns) + " each");
  }
  if (!runs_on_table(model, kind)) {
    const Standardisation standardisation = standardisation_of(model);
    lane.parameters = lane_parameters(model, standardisation);
    standardise(standardisation, model, name, series, lane);
    return lane;
  }
  const Model structure = structure_of(model);
  lane.parameters = lane_parameters(structure, standardisation_of(structure));
  std::vector<double> densities;
  std::span<const double> table = series;
  if (kind == Kind::observations) {
    check_observations(model, name, series);
    densities = mixture_log_densities(model, series);
    table = densities;
  }
  const std::size_t states = model.states();
  lane.values.resize(table.size());
  for (std::size_t bar = 0; bar < table.size() / states; ++bar) {
    put_table_row(table.subspan(bar * states, states), name, bar, &lane.values[bar * states],
                  lane.log_likelihood);
  }
  return lane;
}

// Some series packed as lanes of one call.
template <class T>
class Chunk {
 public:
  Chunk(std::span<const Model> models, const SeriesBatch& batch, std::vector<std::size_t> series)
      : series_(std::move(series)), tabled_(runs_on_table(models.front(), batch.kind)) {
    const Model& first = models.front();
    view_.shape = shape_of(tabled_ ? structure_of(first) : first);
    view_.law = tabled_ ? cuda::hmm::EmissionLaw::gaussian : law_of(first);
    columns_ = tabled_ ? view_.shape.states() : view_.shape.dimension;
    std::vector<LaneInput> inputs;
    for (const std::size_t one : series_) {
      inputs.push_back(lane_input(models[models.size() == 1 ? 0 : one], batch.kind, batch.series[one],
                                  name_of(batch, one)));
      lengths_.push_back(static_cast<std::int32_t>(inputs.back().values.size() / columns_));
      offsets_.push_back(inputs.back().log_likelihood);
    }
    view_.lanes = static_cast<int>(series_.size());
    view_.steps = *std::ranges::max_element(lengths_);
    view_.shared = inputs.size() == 1 && !tabled_;
    pack(inputs);
  }

  cuda::hmm::BatchView<T> view() const {
    cuda::hmm::BatchView<T> view = view_;
    view.lengths = lengths_.data();
    view.parameters = parameters_.data();
    (tabled_ ? view.emission_table : view.observations) = values_.data();
    return view;
  }
  const std::vector<std::size_t>& series() const { return series_; }
  std::size_t length(std::size_t lane) const { return static_cast<std::size_t>(lengths_[lane]); }
  double offset(std::size_t lane) const { return offsets_[lane]; }
  std::size_t states() const { return view_.shape.states(); }
  bool runs_in_pieces() const { return view_.shared && length(0) > whole_bars_max; }
  std::size_t padded_lanes() const { return cuda::hmm::blocks_of(series_.size()) * cuda::hmm::lane_block; }
  std::size_t padded_bars() const { return padded_lanes() * static_cast<std::size_t>(view_.steps); }

 private:
  // Lanes that fill up the last block repeat the last series; one series alone is kept once.
  void pack(const std::vector<LaneInput>& inputs) {
    const std::size_t rows = static_cast<std::size_t>(view_.steps) * columns_;
    parameters_.resize(inputs.front().parameters.size() * padded_lanes());
    values_.resize(rows * (view_.shared ? 1 : padded_lanes()));
    for (std::size_t lane = 0; lane < padded_lanes(); ++lane) {
      const std::size_t from = std::min(lane, inputs.size() - 1);
      put_lane<T>(inputs[from].parameters, static_cast<int>(lane), false, parameters_);
      if (view_.shared) continue;
      const std::vector<double>& values = inputs[from].values;
      for (std::size_t row = 0; row < values.size(); ++row) {
        values_[lane_index(lane, row, rows)] = static_cast<T>(values[row]);
      }
    }
    if (view_.shared) std::ranges::transform(inputs[0].values, values_.begin(), to_real);
  }
  static T to_real(double value) { return static_cast<T>(value); }

  std::vector<std::size_t> series_;
  bool tabled_;
  std::size_t columns_ = 0;
  cuda::hmm::BatchView<T> view_;
  std::vector<std::int32_t> lengths_;
  std::vector<double> offsets_;
  cuda::Aligned<T> parameters_, values_;
};

// Longest first, so that lanes of a block end together, cut where a chunk would hold more than chunk_bytes; a
// series that can run in pieces is alone.
std::vector<std::vector<std::size_t>> chunks_of(const SeriesBatch& batch, std::size_t columns,
                                                std::size_t bytes_per_bar, bool may_run_in_pieces) {
  std::vector<std::size_t> order(batch.series.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return batch.series[i].size(); });
  std::vector<std::vector<std::size_t>> chunks;
  for (std::size_t first = 0; first < order.size();) {
    const std::size_t bars = std::max<std::size_t>(1, batch.series[order[first]].size() / columns);
    const std::size_t blocks =
        std::max<std::size_t>(1, chunk_bytes / (bars * bytes_per_bar * cuda::hmm::lane_block));
    const bool alone = may_run_in_pieces && bars > whole_bars_max;
    const std::size_t end = std::min(order.size(), first + (alone ? 1 : blocks * cuda::hmm::lane_block));
    chunks.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(first),
                        order.begin() + static_cast<std::ptrdiff_t>(end));
    first = end;
  }
  return chunks;
}

template <class T, class Run>
void for_each_chunk(std::span<const Model> models, const SeriesBatch& batch, const Run& run) {
  if (batch.series.empty()) return;
  check_models(models, batch);
  const Model& model = models.front();
  const std::size_t columns = batch.kind == Kind::observations ? model.features.size() : model.states();
  const std::size_t bytes_per_bar = (columns + static_cast<std::size_t>(model.states())) * sizeof(T);
  const bool may_run_in_pieces = !runs_on_table(model, batch.kind);
  for (std::vector<std::size_t>& series : chunks_of(batch, columns, bytes_per_bar, may_run_in_pieces)) {
    const std::size_t longest = batch.series[series.front()].size() / columns;
    if (sizeof(T) == 4 && longest > static_cast<std::size_t>(float_bars_max)) {
      throw InputError("regime inference, " + name_of(batch, series.front()) + ": " +
                       std::to_string(longest) + " bars; in float at most " + std::to_string(float_bars_max) +
                       " are possible, use double");
    }
    run(Chunk<T>(models, batch, std::move(series)));
  }
}

template <class T>
std::vector<double> rows_of_lane(const Chunk<T>& chunk, std::size_t lane, const cuda::Aligned<T>& values,
                                 std::size_t rows) {
  std::vector<double> series(chunk.length(lane) * chunk.states());
  for (std::size_t row = 0; row < series.size(); ++row) series[row] = values[lane_index(lane, row, rows)];
  return series;
}

// One long series, its pieces of time as lanes. pass(view, posteriors, log-likelihoods, β of the last bars)
// is forward or smooth.
template <class T, class Pass>
double run_in_pieces(const cuda::Resources& resources, const cuda::hmm::BatchView<T>& whole, const Pass& pass,
                     std::vector<double>* probability) {
  cuda::hmm::LongSeries<T> pieces(resources, whole);
  pieces.exchange(1, whole.parameters);
  const cuda::hmm::BatchView<T> view = pieces.view(1);
  const std::size_t padded = cuda::hmm::blocks_of(view.lanes) * cuda::hmm::lane_block;
  const std::size_t states = view.shape.states(), rows = static_cast<std::size_t>(view.steps) * states;
  std::vector<double> lanes(padded);
  cuda::Aligned<T> values(probability == nullptr ? 0 : padded * rows);
  pass(view, std::span<T>(values), std::span<double>(lanes), pieces.terminal());
  if (probability != nullptr) probability->reserve(static_cast<std::size_t>(whole.steps) * states);
  double log_likelihood = 0;
  for (int piece = 0; piece < pieces.chunks(); ++piece) {
    log_likelihood += lanes[piece];
    const std::size_t size =
        probability == nullptr ? 0 : static_cast<std::size_t>(pieces.length_of(piece)) * states;
    for (std::size_t row = 0; row < size; ++row)
      probability->push_back(values[lane_index(static_cast<std::size_t>(piece), row, rows)]);
  }
  return log_likelihood;
}

// One series alone, in double: what float could not carry.
template <class Function>
auto alone(const Function& function, const cuda::Resources& resources, std::span<const Model> models,
           const SeriesBatch& batch, std::size_t series) {
  SeriesBatch one;
  one.kind = batch.kind;
  one.series = {batch.series[series]};
  one.names = {name_of(batch, series)};
  return function(resources, models.size() == 1 ? models : models.subspan(series, 1), one,
                  Precision::double_);
}

// Whether float may have lost what double can carry.
template <class T>
bool lost(double log_likelihood) {
  return sizeof(T) == 4 && !(log_likelihood > -INFINITY);
}

template <class T>
std::vector<double> score(const cuda::Resources& resources, std::span<const Model> models,
                          const SeriesBatch& batch) {
  std::vector<double> result(batch.series.size());
  const auto pass = [&](const auto& view, std::span<T> out, std::span<double> lanes, const T*) {
    cuda::hmm::forward<T>(resources, view, out, lanes);
  };
  for_each_chunk<T>(models, batch, [&](const Chunk<T>& chunk) {
    if (chunk.runs_in_pieces()) {
      result[chunk.series()[0]] = run_in_pieces<T>(resources, chunk.view(), pass, nullptr) + chunk.offset(0);
      return;
    }
    std::vector<double> lanes(chunk.padded_lanes());
    pass(chunk.view(), std::span<T>{}, lanes, nullptr);
    for (std::size_t lane = 0; lane < chunk.series().size(); ++lane) {
      result[chunk.series()[lane]] = lanes[lane] + chunk.offset(lane);
    }
  });
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (lost<T>(result[i])) result[i] = alone(log_likelihoods, resources, models, batch, i)[0];
  }
  return result;
}

// `pass` is forward or smooth in T, `again` the same in double for one series.
template <class T, class Pass, class Again>
Posteriors posteriors(const cuda::Resources& resources, std::span<const Model> models,
                      const SeriesBatch& batch, const Pass& pass, const Again& again) {
  Posteriors result{std::vector<double>(batch.series.size()),
                    std::vector<std::vector<double>>(batch.series.size())};
  for_each_chunk<T>(models, batch, [&](const Chunk<T>& chunk) {
    if (chunk.runs_in_pieces()) {
      const std::size_t series = chunk.series()[0];
      result.log_likelihood[series] =
          run_in_pieces<T>(resources, chunk.view(), pass, &result.probability[series]) + chunk.offset(0);
      return;
    }
    std::vector<double> lanes(chunk.padded_lanes());
    cuda::Aligned<T> values(chunk.padded_bars() * chunk.states());
    pass(chunk.view(), std::span<T>(values), std::span<double>(lanes), nullptr);
    const std::size_t rows = values.size() / chunk.padded_lanes();
    for (std::size_t lane = 0; lane < chunk.series().size(); ++lane) {
      const std::size_t series = chunk.series()[lane];
      result.log_likelihood[series] = lanes[lane] + chunk.offset(lane);
      result.probability[series] = rows_of_lane(chunk, lane, values, rows);
    }
  });
  for (std::size_t i = 0; i < batch.series.size(); ++i) {
    if (!lost<T>(result.log_likelihood[i])) continue;
    Posteriors one = again(i);
    result.log_likelihood[i] = one.log_likelihood[0];
    result.probability[i] = std::move(one.probability[0]);
  }
  return result;
}

// The first bar that no state can be in; only a table can hold what is impossible.
std::size_t first_impossible_bar(const Model& model, std::span<const double> table) {
  const std::size_t states = model.states();
  const std::vector<double> start = model.flat_start(), transition = model.flat_transition();
  std::vector<bool> reachable(states, true);
  for (std::size_t bar = 0; bar < table.size() / states; ++bar) {
    std::vector<bool> next(states, false);
    for (std::size_t k = 0; k < states; ++k) {
      if (table[bar * states + k] == -INFINITY) continue;
      for (std::size_t from = 0; from < states && !next[k]; ++from) {
        next[k] = bar == 0 ? start[k] > 0 : reachable[from] && transition[from * states + k] > 0;
      }
    }
    if (std::ranges::find(next, true) == next.end()) return bar;
    reachable = std::move(next);
  }
  return table.size() / states;
}

template <class T>
Posteriors filter(const cuda::Resources& resources, std::span<const Model> models, const SeriesBatch& batch) {
  Posteriors result = posteriors<T>(
      resources, models, batch,
      [&](const auto& view, std::span<T> out, std::span<double> lanes, const T*) {
        cuda::hmm::forward<T>(resources, view, out, lanes);
      },
      [&](std::size_t i) { return alone(filtered_posteriors, resources, models, batch, i); });
  for (std::size_t i = 0; i < batch.series.size(); ++i) {
    if (result.log_likelihood[i] != -INFINITY || batch.kind == Kind::observations) continue;
    const Model& model = models[models.size() == 1 ? 0 : i];
    const std::size_t first = first_impossible_bar(model, batch.series[i]) * model.states();
    std::fill(result.probability[i].begin() + static_cast<std::ptrdiff_t>(first), result.probability[i].end(),
              nan_value);
  }
  return result;
}

template <class T>
Posteriors smooth(const cuda::Resources& resources, std::span<const Model> models, const SeriesBatch& batch) {
  Posteriors result = posteriors<T>(
      resources, models, batch,
      [&](const auto& view, std::span<T> out, std::span<double> lanes, const T* terminal) {
        cuda::hmm::smooth<T>(resources, view, out, lanes, terminal);
      },
      [&](std::size_t i) { return alone(smoothed_posteriors, resources, models, batch, i); });
  for (std::size_t i = 0; i < batch.series.size(); ++i) {
    if (result.log_likelihood[i] == -INFINITY) std::ranges::fill(result.probability[i], nan_value);
  }
  return result;
}

// log P(bar | state) of one series.
std::vector<double> table_of(const Model& model, const SeriesBatch& batch, std::size_t series) {
  if (batch.kind == Kind::observations) return log_densities(model, batch.series[series]);
  std::vector<double> table(batch.series[series].begin(), batch.series[series].end());
  for (double& value : table) value = std::isnan(value) ? 0 : value;  // a row of NaN is a missing bar
  return table;
}

template <class T>
Paths decode(const cuda::Resources& resources, std::span<const Model> models, const SeriesBatch& batch) {
  Paths result{std::vector<double>(batch.series.size()), std::vector<std::vector<int>>(batch.series.size())};
  for_each_chunk<T>(models, batch, [&](const Chunk<T>& chunk) {
    if (chunk.runs_in_pieces()) {
      const std::size_t series = chunk.series()[0];
      std::vector<std::uint8_t> path(chunk.length(0));
      const double log_probability = cuda::hmm::long_viterbi<T>(resources, chunk.view(), path);
      const bool possible = log_probability > impossible_below;
      result.log_probability[series] = possible ? log_probability + chunk.offset(0) : -INFINITY;
      if (possible) result.states[series].assign(path.begin(), path.end());
      return;
    }
    std::vector<double> lanes(chunk.padded_lanes());
    std::vector<std::uint8_t> path(chunk.padded_bars());
    cuda::hmm::viterbi<T>(resources, chunk.view(), path, lanes);
    const std::size_t rows = path.size() / chunk.padded_lanes();
    for (std::size_t lane = 0; lane < chunk.series().size(); ++lane) {
      const std::size_t series = chunk.series()[lane];
      const bool possible = lanes[lane] > impossible_below;
      result.log_probability[series] = possible ? lanes[lane] + chunk.offset(lane) : -INFINITY;
      for (std::size_t bar = 0; bar < chunk.length(lane); ++bar) {
        result.states[series].push_back(possible ? path[lane_index(lane, bar, rows)] : -1);
      }
    }
  });
  // What costs as much as an impossible move may still be possible, and the path may then hold such a move.
  for (std::size_t i = 0; i < batch.series.size(); ++i) {
    if (result.log_probability[i] != -INFINITY) continue;
    const Model& model = models[models.size() == 1 ? 0 : i];
    LogPath one = decode_in_logs(model, table_of(model, batch, i));
    result.log_probability[i] = one.log_probability;
    result.states[i] = std::move(one.states);
  }
  return result;
}

// Calls visit(series, its model, its table of log densities) for the series whose model the compute layer's
// scaling does not fit.
template <class Visit>
void for_each_in_logs(std::span<const Model> models, const SeriesBatch& batch, Precision precision,
                      const Visit& visit) {
  const double smallest = precision == Precision::single ? transition_min<float> : transition_min<double>;
  std::vector<char> wanted;
  for (const Model& model : models)
    wanted.push_back(has_transition_below(model.flat_transition(), smallest) ? 1 : 0);
  tbb::parallel_for(std::size_t{0}, batch.series.size(), [&](std::size_t series) {
    const std::size_t which = models.size() == 1 ? 0 : series;
    if (wanted[which] != 0) visit(series, models[which], table_of(models[which], batch, series));
  });
}

// `pass` is filter_in_logs or smooth_in_logs.
template <class Pass>
Posteriors with_logs(Posteriors result, std::span<const Model> models, const SeriesBatch& batch,
                     Precision precision, const Pass& pass) {
  for_each_in_logs(models, batch, precision,
                   [&](std::size_t series, const Model& model, const std::vector<double>& table) {
                     LogPass one = pass(model, table);
                     result.log_likelihood[series] = one.log_likelihood;
                     result.probability[series] = std::move(one.probability);
                   });
  return result;
}

}  // namespace

std::vector<double> log_likelihoods(const cuda::Resources& resources, std::span<const Model> models,
                                    const SeriesBatch& batch, Precision precision) {
  std::vector<double> result = precision == Precision::single ? score<float>(resources, models, batch)
                                                              : score<double>(resources, models, batch);
  for_each_in_logs(models, batch, precision,
                   [&](std::size_t series, const Model& model, const std::vector<double>& table) {
                     result[series] = filter_in_logs(model, table).log_likelihood;
                   });
  return result;
}

Posteriors filtered_posteriors(const cuda::Resources& resources, std::span<const Model> models,
                               const SeriesBatch& batch, Precision precision) {
  return with_logs(precision == Precision::single ? filter<float>(resources, models, batch)
                                                  : filter<double>(resources, models, batch),
                   models, batch, precision, filter_in_logs);
}

Posteriors smoothed_posteriors(const cuda::Resources& resources, std::span<const Model> models,
                               const SeriesBatch& batch, Precision precision) {
  return with_logs(precision == Precision::single ? smooth<float>(resources, models, batch)
                                                  : smooth<double>(resources, models, batch),
                   models, batch, precision, smooth_in_logs);
}

Paths most_probable_paths(const cuda::Resources& resources, std::span<const Model> models,
                          const SeriesBatch& batch, Precision precision) {
  return precision == Precision::single ? decode<float>(resources, models, batch)
                                        : decode<double>(resources, models, batch);
}

std::vector<double> macro_probability(const Model& model, std::span<const double> probability) {
  const std::size_t macros = model.macros, states = model.states(), bars = probability.size() / states;
  std::vector<double> result(bars * macros, 0);
  for (std::size_t bar = 0; bar < bars; ++bar) {
    for (std::size_t k = 0; k < states; ++k) {
      result[bar * macros + k / model.micros] += probability[bar * states + k];
    }
  }
  return result;
}

}  // namespace regent::hmm
