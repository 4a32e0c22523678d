#include "hmm/start.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/philox.hpp"
#include "hmm/emission_maximisation.hpp"
#include "hmm/partition.hpp"

namespace regent::hmm {
namespace {

constexpr int by_partition = 0, by_value = -1, by_seeds = -2;  // instead of a window
constexpr std::uint32_t component_path = 1U << 24;             // of draws: beyond those of states
constexpr double start_dof = 10;

double squared_distance(const double* a, const double* b, int dimension) {
  double sum = 0;
  for (int d = 0; d < dimension; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

double uniform(std::uint64_t seed, std::uint32_t path, std::uint32_t step) {
  const Philox4 bits = Random{seed}.bits(path, step, 0, Purpose::hmm_initialisation);
  return uniform_from_bits(bits.x, bits.y);
}

// Index into cumulative weights, the last one when rounding leaves the draw beyond the end.
std::size_t draw_index(const std::vector<double>& weights, double draw) {
  double total = std::accumulate(weights.begin(), weights.end(), 0.0), seen = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    seen += weights[i];
    if (seen >= draw * total) return i;
  }
  return weights.size() - 1;
}

std::vector<double> seed_centres(const std::vector<double>& sorted, int dimension, int clusters,
                                 std::uint64_t seed, std::uint32_t path) {
  const std::size_t rows = sorted.size() / dimension;
  std::vector<double> centres, weights(rows, 1);
  for (int c = 0; c < clusters; ++c) {
    const std::size_t chosen = draw_index(weights, uniform(seed, path, c));
    centres.insert(centres.end(), &sorted[chosen * dimension], &sorted[chosen * dimension] + dimension);
    for (std::size_t row = 0; row < rows; ++row) {
      const double distance = squared_distance(&sorted[row * dimension], &centres[c * dimension], dimension);
      weights[row] = c == 0 ? distance : std::min(weights[row], distance);
    }
  }
  return centres;
}

int nearest(const double* point, const std::vector<double>& centres, int dimension) {
  int best = 0;
  double best_distance = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < centres.size() / dimension; ++c) {
    const double distance = squared_distance(point, &centres[c * dimension], dimension);
    if (distance < best_distance) {
      best_distance = distance;
      best = static_cast<int>(c);
    }
  }
  return best;
}

// One round of Lloyd's. Returns whether a point changed its cluster. An empty cluster keeps its centre.
bool lloyd_round(const std::vector<double>& sorted, int dimension, std::vector<double>& centres,
                 std::vector<int>& labels) {
  bool changed = false;
  std::vector<double> sums(centres.size(), 0);
  std::vector<std::size_t> sizes(centres.size() / dimension, 0);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const int label = nearest(&sorted[row * dimension], centres, dimension);
    changed = changed || label != labels[row];
    labels[row] = label;
    ++sizes[label];
    for (int d = 0; d < dimension; ++d) sums[label * dimension + d] += sorted[row * dimension + d];
  }
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    for (int d = 0; d < dimension && sizes[c] > 0; ++d) {
      centres[c * dimension + d] = sums[c * dimension + d] / static_cast<double>(sizes[c]);
    }
  }
  return changed;
}

// The bars as a start takes them: no missing value, no outlier beyond 40.
struct Bars {
  std::vector<double> points;  // [bars, D]
  std::span<const std::size_t> ends;
};

// Calls body(from, to) for neighbouring bars of the same stretch.
template <class Body>
void for_each_step(std::span<const std::size_t> ends, const Body& body) {
  std::size_t first = 0;
  for (std::size_t end : ends) {
    for (std::size_t t = first + 1; t < end; ++t) body(t - 1, t);
    first = end;
  }
}

// Local level and log spread of every feature over a centred window: what tells one macro regime from
// another.
void local_state(const double* points, std::ptrdiff_t rows, int dimension, int window, double* local) {
  for (int d = 0; d < dimension; ++d) {
    std::vector<double> sums(rows + 1, 0), squares(rows + 1, 0);
    for (std::ptrdiff_t row = 0; row < rows; ++row) {
      const double value = std::clamp(points[row * dimension + d], -8.0, 8.0);
      sums[row + 1] = sums[row] + value;
      squares[row + 1] = squares[row] + value * value;
    }
    for (std::ptrdiff_t row = 0; row < rows; ++row) {
      const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, row - window / 2);
      const std::ptrdiff_t last = std::min(rows, row + window / 2 + 1);
      const auto count = static_cast<double>(last - first);
      const double mean = (sums[last] - sums[first]) / count;
      const double variance = std::max(0.0, (squares[last] - squares[first]) / count - mean * mean);
      local[(row * dimension + d) * 2] = mean;
      local[(row * dimension + d) * 2 + 1] = std::log(variance + 0.05);
    }
  }
}

// A stretch at a time: a window never reaches from one series into the next.
std::vector<double> local_states(const Bars& bars, int dimension, int window) {
  std::vector<double> local(bars.points.size() * 2);
  std::size_t first = 0;
  for (std::size_t end : bars.ends) {
    local_state(&bars.points[first * dimension], static_cast<std::ptrdiff_t>(end - first), dimension, window,
                &local[first * 2 * dimension]);
    first = end;
  }
  return local;
}

// Macro regimes of bars whose K states by k-means are given: the partition that explains best which states
// follow each other.
std::vector<int> macros_by_partition(const std::vector<int>& states, std::span<const std::size_t> ends,
                                     int macros, int micros, std::uint64_t seed) {
  const int count = macros * micros;
  std::vector<double> follows(static_cast<std::size_t>(count) * count, 0);
  for_each_step(ends,
                [&](std::size_t from, std::size_t to) { follows[states[from] * count + states[to]] += 1; });
  const std::vector<int> order = best_partition(follows, macros, micros, seed);
  std::vector<int> regime(count), macro(states.size());
  for (int place = 0; place < count; ++place) regime[order[place]] = place / micros;
  for (std::size_t t = 0; t < states.size(); ++t) macro[t] = regime[states[t]];
  return macro;
}

std::vector<int> split_into_macros(const Bars& bars, const FitSettings& settings, int dimension,
                                   int restart) {
  const std::uint32_t path = static_cast<std::uint32_t>(restart) * 64;
  const int windows[] = {11, 31, 21, by_partition, 63, 15, 5, 127};
  const int window = windows[restart % 8];
  if (window == by_partition) {
    const std::vector<int> states =
        cluster(bars.points, dimension, settings.macros * settings.micros, settings.seed, path);
    return macros_by_partition(states, bars.ends, settings.macros, settings.micros, settings.seed);
  }
  return cluster(local_states(bars, dimension, window), 2 * dimension, settings.macros, settings.seed, path);
}

// States of a flat model. k-means alone would lead most restarts to the same clusters, and to wrong ones
// where a state is wider than the distance between the others: so some restarts go by the local level and
// spread, which tell states that last apart, and some by k-means++ seeds as they were drawn.
std::vector<int> split_flat(const Bars& bars, const FitSettings& settings, int dimension, int restart) {
  const std::uint32_t path = static_cast<std::uint32_t>(restart) * 64 + 1;
  const int ways[] = {by_value, 11, by_seeds, 31, 5, by_seeds, 63, by_seeds};
  const int way = ways[restart % 8];
  if (way == by_value) return cluster(bars.points, dimension, settings.micros, settings.seed, path);
  if (way == by_seeds) return cluster(bars.points, dimension, settings.micros, settings.seed, path, 1);
  return cluster(local_states(bars, dimension, way), 2 * dimension, settings.micros, settings.seed, path);
}

// Flat state of every bar: micro states by k-means++ within each macro regime.
std::vector<int> split_into_states(const std::vector<double>& points, const std::vector<int>& macro,
                                   const FitSettings& settings, int dimension, int restart) {
  std::vector<int> states(macro.size());
  for (int i = 0; i < settings.macros; ++i) {
    std::vector<double> members;
    for (std::size_t t = 0; t < macro.size(); ++t) {
      if (macro[t] != i) continue;
      members.insert(members.end(), &points[t * dimension], &points[t * dimension] + dimension);
    }
    if (members.empty()) continue;
    const std::vector<int> labels = cluster(members, dimension, settings.micros, settings.seed,
                                            static_cast<std::uint32_t>(restart) * 64 + 1 + i);
    std::size_t next = 0;
    for (std::size_t t = 0; t < macro.size(); ++t) {
      if (macro[t] == i) states[t] = i * settings.micros + labels[next++];
    }
  }
  return states;
}

// Part of every bar: components by k-means++ within each state.
std::vector<int> split_into_parts(const std::vector<double>& points, const std::vector<int>& states,
                                  const FitSettings& settings, int dimension, int restart) {
  if (settings.components == 1) return states;
  std::vector<int> parts(states.size());
  for (int k = 0; k < settings.macros * settings.micros; ++k) {
    std::vector<double> members;
    for (std::size_t t = 0; t < states.size(); ++t) {
      if (states[t] != k) continue;
      members.insert(members.end(), &points[t * dimension], &points[t * dimension] + dimension);
    }
    if (members.empty()) continue;
    const std::vector<int> labels = cluster(members, dimension, settings.components, settings.seed,
                                            component_path + static_cast<std::uint32_t>(restart) * 64 + k);
    std::size_t next = 0;
    for (std::size_t t = 0; t < states.size(); ++t) {
      if (states[t] == k) parts[t] = k * settings.components + labels[next++];
    }
  }
  return parts;
}

// Weights of the components, one bar added to each.
void start_mixture(const std::vector<int>& parts, LaneFit& lane) {
  std::vector<double> sizes(lane.run_shape().states(), 1);
  for (int part : parts) sizes[part] += 1;
  lane.mixture_weights.resize(sizes.size());
  for (std::size_t first = 0; first < sizes.size(); first += lane.components) {
    const double total = std::accumulate(&sizes[first], &sizes[first] + lane.components, 0.0);
    for (int c = 0; c < lane.components; ++c) lane.mixture_weights[first + c] = sizes[first + c] / total;
  }
}

// A scale matrix under which the variance is the cluster's.
void start_student(LaneFit& lane) {
  lane.dof.assign(lane.shape.states(), start_dof);
  for (double& value : lane.covariances) value *= (start_dof - 2) / start_dof;
}

void start_emissions(const std::vector<double>& points, const std::vector<int>& states, int dimension,
                     LaneFit& lane) {
  const int count = lane.run_shape().states(), packed = cuda::hmm::triangle_size(dimension);
  std::vector<double> sizes(count, 0);
  for (std::size_t t = 0; t < states.size(); ++t) {
    sizes[states[t]] += 1;
    for (int d = 0; d < dimension; ++d) lane.means[states[t] * dimension + d] += points[t * dimension + d];
  }
  for (int k = 0; k < count; ++k) {
    for (int d = 0; d < dimension && sizes[k] > 0; ++d) lane.means[k * dimension + d] /= sizes[k];
  }
  for (std::size_t t = 0; t < states.size(); ++t) {
    const int k = states[t];
    for (int row = 0; row < dimension; ++row) {
      for (int column = 0; column <= row; ++column) {
        lane.covariances[k * packed + cuda::hmm::triangle(row, column)] +=
            (points[t * dimension + row] - lane.means[k * dimension + row]) *
            (points[t * dimension + column] - lane.means[k * dimension + column]);
      }
    }
  }
  // a few bars' worth of the unit covariance keeps small clusters round
  const double borrowed = 2.0 * dimension;
  for (int k = 0; k < count; ++k) {
    for (int row = 0; row < dimension; ++row) {
      for (int column = 0; column <= row; ++column) {
        double& value = lane.covariances[k * packed + cuda::hmm::triangle(row, column)];
        value = (value + (row == column ? borrowed : 0)) / (sizes[k] + borrowed);
      }
    }
  }
}

void start_transitions(const std::vector<int>& states, std::span<const std::size_t> ends, LaneFit& lane) {
  const int macros = lane.shape.macros, micros = lane.shape.micros, count = lane.shape.states();
  std::vector<double> follows(static_cast<std::size_t>(count) * micros, 1), sizes(count, 1);
  for (int state : states) sizes[state] += 1;
  for_each_step(ends, [&](std::size_t from, std::size_t to) {
    if (states[to] / micros == states[from] / micros)
      follows[states[from] * micros + states[to] % micros] += 1;
  });
  for (int i = 0; i < macros; ++i) {
    lane.macro_start[i] = 1.0 / macros;
    for (int to = 0; to < macros && macros > 1; ++to) {
      lane.macro_transition[i * macros + to] = i == to ? 0 : 1.0 / (macros - 1);
    }
    double total = 0;
    for (int j = 0; j < micros; ++j) total += sizes[i * micros + j];
    for (int j = 0; j < micros; ++j) {
      const int k = i * micros + j;
      lane.micro_start[k] = sizes[k] / total;
      lane.micro_exit[k] = macros > 1 ? 0.03 : 0;
      double row = 0;
      for (int to = 0; to < micros; ++to) row += follows[k * micros + to];
      for (int to = 0; to < micros; ++to)
        lane.micro_transition[k * micros + to] = follows[k * micros + to] / row;
    }
  }
}

// The same states, numbered by the mean time of their bars: macro regimes, and micro states within each.
void number_by_time(int macros, int micros, std::vector<int>& states) {
  const int count = macros * micros;
  std::vector<double> sums(count, 0), sizes(count, 0), macro_sums(macros, 0), macro_sizes(macros, 0);
  for (std::size_t t = 0; t < states.size(); ++t) {
    sums[states[t]] += static_cast<double>(t);
    sizes[states[t]] += 1;
  }
  const auto mean_time = [](double sum, double size) { return size > 0 ? sum / size : INFINITY; };
  for (int k = 0; k < count; ++k) {
    macro_sums[k / micros] += sums[k];
    macro_sizes[k / micros] += sizes[k];
  }
  std::vector<int> order(count), place(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    const int i = a / micros, j = b / micros;
    if (i == j) return mean_time(sums[a], sizes[a]) < mean_time(sums[b], sizes[b]);
    const double first = mean_time(macro_sums[i], macro_sizes[i]);
    const double second = mean_time(macro_sums[j], macro_sizes[j]);
    return first == second ? i < j : first < second;
  });
  for (int at = 0; at < count; ++at) place[order[at]] = at;
  for (int& state : states) state = place[state];
}

}  // namespace

std::vector<int> cluster(std::span<const double> points, int dimension, int clusters, std::uint64_t seed,
                         std::uint32_t path, int rounds_max) {
  const std::size_t rows = points.size() / dimension;
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double *x = &points[a * dimension], *y = &points[b * dimension];
    return std::lexicographical_compare(x, x + dimension, y, y + dimension);
  });
  std::vector<double> sorted;
  sorted.reserve(points.size());
  for (std::size_t row : order)
    sorted.insert(sorted.end(), &points[row * dimension], &points[row * dimension] + dimension);
  std::vector<double> centres = seed_centres(sorted, dimension, clusters, seed, path);
  std::vector<int> labels(rows, -1);
  for (int round = 0; round < rounds_max; ++round) {
    if (!lloyd_round(sorted, dimension, centres, labels)) break;
  }
  std::vector<int> result(rows);
  for (std::size_t i = 0; i < rows; ++i) result[order[i]] = labels[i];
  return result;
}

LaneFit lane_of(const Model& model, const Standardisation& standardisation) {
  const int macros = model.macros, micros = model.micros, dimension = model.dimension();
  LaneFit lane;
  lane.shape = {macros, micros, dimension};
  lane.macro_start = model.macro_start;
  lane.micro_start = model.micro_start;
  lane.macro_transition.assign(model.macro_transition.size(), 0);
  lane.micro_transition = model.micro_transition;
  lane.micro_exit = model.micro_exit;
  for (int i = 0; i < macros; ++i) {
    const double back = macros == 1 ? 1 : model.macro_transition[i * macros + i];
    for (int to = 0; to < macros && back < 1; ++to) {
      if (to != i)
        lane.macro_transition[i * macros + to] = model.macro_transition[i * macros + to] / (1 - back);
    }
    for (int k = i * micros; k < (i + 1) * micros; ++k) {
      const double exit = model.micro_exit[k];
      lane.micro_exit[k] = exit * (1 - back);
      for (int j = 0; j < micros && lane.micro_exit[k] < 1; ++j) {
        lane.micro_transition[k * micros + j] = ((1 - exit) * model.micro_transition[k * micros + j] +
                                                 exit * back * model.micro_start[i * micros + j]) /
                                                (1 - lane.micro_exit[k]);
      }
    }
  }
  lane.components = model.components;
  lane.dof = model.dof;
  for (double& dof : lane.dof) dof = std::clamp(dof, dof_min, dof_max);
  lane.mixture_weights = model.mixture_weights;
  for (int k = 0; k < lane.run_shape().states(); ++k) {
    for (int row = 0; row < dimension; ++row) {
      const double scale = standardisation.scale[row];
      lane.means.push_back((model.means[k * dimension + row] - standardisation.centre[row]) / scale);
      for (int column = 0; column <= row; ++column) {
        lane.covariances.push_back(model.covariances[(k * dimension + row) * dimension + column] /
                                   (scale * standardisation.scale[column]));
      }
    }
  }
  return lane;
}

LaneFit start_lane(const Stretches& stretches, const FitSettings& settings, int dimension, int restart) {
  LaneFit lane;
  lane.shape = {settings.macros, settings.micros, dimension};
  lane.components = settings.components;
  const int count = lane.shape.states(), parts = lane.run_shape().states();
  lane.macro_start.assign(settings.macros, 0);
  lane.macro_transition.assign(static_cast<std::size_t>(settings.macros) * settings.macros, 0);
  lane.micro_start.assign(count, 0);
  lane.micro_transition.assign(static_cast<std::size_t>(count) * settings.micros, 0);
  lane.micro_exit.assign(count, 0);
  lane.means.assign(static_cast<std::size_t>(parts) * dimension, 0);
  lane.covariances.assign(static_cast<std::size_t>(parts) * cuda::hmm::triangle_size(dimension), 0);
  Bars bars{stretches.values, stretches.ends};
  for (double& value : bars.points) value = std::isnan(value) ? 0 : std::clamp(value, -40.0, 40.0);
  std::vector<int> states =
      settings.macros == 1
          ? split_flat(bars, settings, dimension, restart)
          : split_into_states(bars.points, split_into_macros(bars, settings, dimension, restart), settings,
                              dimension, restart);
  if (settings.numbered_by_user()) number_by_time(settings.macros, settings.micros, states);
  const std::vector<int> part = split_into_parts(bars.points, states, settings, dimension, restart);
  start_emissions(bars.points, part, dimension, lane);
  if (settings.emission == EmissionKind::mixture) start_mixture(part, lane);
  if (settings.emission == EmissionKind::student_t) start_student(lane);
  start_transitions(states, bars.ends, lane);
  return lane;
}

}  // namespace regent::hmm
