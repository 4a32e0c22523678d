#include "hmm/log_expectation.hpp"

#include <algorithm>
#include <cmath>

#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/student_body.hpp"
#include "hmm/lane_parameters.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;
using cuda::hmm::BlockRows;
using cuda::hmm::CountLayout;
using cuda::hmm::EmissionLaw;
using cuda::hmm::flush_every;
using cuda::hmm::lane_block;
using cuda::hmm::ParameterLayout;
using cuda::hmm::Table;

// P(k → to) by way of an exit.
double by_exit(const AnyShape& s, std::span<const double> p, int k, int to) {
  const ParameterLayout<AnyShape> layout{s};
  if (s.macros == 1) return 0;
  return p[layout.exit(k)] * p[layout.macro(k / s.micros, to / s.micros)] * p[layout.entry(to)];
}
double by_staying(const AnyShape& s, std::span<const double> p, int k, int to) {
  if (k / s.micros != to / s.micros) return 0;
  return p[ParameterLayout<AnyShape>{s}.stay(k / s.micros, k % s.micros, to % s.micros)];
}

// Moves of the flat chain [K, K] in the structured form: each is shared between the ways it can be made.
void put_moves(const AnyShape& s, std::span<const double> p, std::span<const double> moves,
               std::span<double> counts) {
  const CountLayout<AnyShape> layout{s};
  for (int k = 0; k < s.states; ++k) {
    for (int to = 0; to < s.states; ++to) {
      const double stay = by_staying(s, p, k, to), exit = by_exit(s, p, k, to), both = stay + exit;
      if (!(both > 0)) continue;
      const double count = moves[k * s.states + to], exits = count * (exit / both);
      const int i = k / s.micros;
      if (i == to / s.micros) counts[layout.stay(i, k % s.micros, to % s.micros)] += count * (stay / both);
      counts[layout.macro(i, to / s.micros)] += exits;
      counts[layout.exit(k)] += exits;
      counts[layout.entry(to)] += exits;
    }
  }
}

// The parameters as the first lane of a block, with what the emissions' bodies ask of it.
template <class Emission>
struct OneLane {
  std::vector<double> block;
  AnyShape s;
  Emission emission;
  OneLane(const cuda::hmm::ShapeNumbers& shape, std::span<const double> parameters,
          std::span<const double> bars)
      : block(parameters.size() * lane_block), s(shape), emission{s, {block.data()}, bars.data(), true} {
    put_lane<double>(parameters, 0, true, block);
  }

  std::vector<double> table(std::size_t bars) const {
    std::vector<double> logs(bars * s.states);
    for (std::size_t t = 0; t < bars; ++t)
      emission.logs_of_bar(static_cast<std::int64_t>(t), &logs[t * s.states]);
    return logs;
  }

  void add_moments(std::span<const double> posteriors, std::span<double> counts) const {
    const CountLayout<AnyShape> layout{s};
    const std::int64_t bars = static_cast<std::int64_t>(posteriors.size()) / s.states;
    const int rows = layout.rows(Emission::law);
    std::vector<double> some(std::size_t{flush_every} * s.states * lane_block), sums(rows * lane_block, 0);
    const BlockRows<double> part{{some.data()}, s.states};
    const Table<double> table{sums.data()};
    for (std::int64_t first = 0; first < bars; first += flush_every) {
      const std::int64_t end = std::min(bars, first + flush_every);
      for (std::int64_t t = first; t < end; ++t) {
        for (int k = 0; k < s.states; ++k) part.store(t - first, k, posteriors[t * s.states + k]);
      }
      emission.add_moments(first, end, part, table);
    }
    cuda::hmm::finish_moments(s, emission.p, sums.data());
    for (int row = layout.transitions_end(); row < rows; ++row) counts[row] += table.load(row);
  }
};

template <class Emission>
double expect(const cuda::hmm::ShapeNumbers& shape, std::span<const double> parameters,
              std::span<const double> bars, std::span<double> counts) {
  const OneLane<Emission> lane(shape, parameters, bars);
  const AnyShape& s = lane.s;
  const CountLayout<AnyShape> layout{s};
  std::ranges::fill(counts, 0.0);
  std::vector<double> moves(static_cast<std::size_t>(s.states) * s.states, 0);
  std::vector<double> start(s.states);
  for (int k = 0; k < s.states; ++k) start[k] = parameters[ParameterLayout<AnyShape>{s}.start(k)];
  const LogChain chain(std::move(start), flat_transitions(shape, parameters));
  const LogPass pass = count_in_logs(chain, lane.table(bars.size() / s.dimension), moves);
  if (!std::isfinite(pass.log_likelihood)) return pass.log_likelihood;
  put_moves(s, parameters, moves, counts);
  for (int k = 0; k < s.states; ++k) counts[layout.start(k)] = pass.probability[k];
  lane.add_moments(pass.probability, counts);
  return pass.log_likelihood;
}

}  // namespace

std::vector<double> flat_transitions(const cuda::hmm::ShapeNumbers& shape,
                                     std::span<const double> parameters) {
  const AnyShape s(shape);
  std::vector<double> transitions;
  for (int k = 0; k < s.states; ++k) {
    for (int to = 0; to < s.states; ++to)
      transitions.push_back(by_staying(s, parameters, k, to) + by_exit(s, parameters, k, to));
  }
  return transitions;
}

double expect_in_logs(const cuda::hmm::ShapeNumbers& shape, EmissionLaw law,
                      std::span<const double> parameters, std::span<const double> bars,
                      std::span<double> counts) {
  return law == EmissionLaw::student_t
             ? expect<cuda::hmm::StudentEmission<double, AnyShape>>(shape, parameters, bars, counts)
             : expect<cuda::hmm::GaussianEmission<double, AnyShape>>(shape, parameters, bars, counts);
}

}  // namespace regent::hmm
