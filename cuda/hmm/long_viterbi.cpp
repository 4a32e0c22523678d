#include "cuda/hmm/long_viterbi.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "cuda/hmm/long_series.hpp"
#include "cuda/hmm/viterbi.hpp"
#include "cuda/runtime/aligned.hpp"

namespace regent::cuda::hmm {
namespace {

// Some bars of the series as a lane.
struct Lane {
  std::int64_t first = 0, bars = 0;
  const double* start = nullptr;  // [K] law of the state of its first bar
  std::int32_t last = 0;          // the state to end in, where one is told
};

template <class T>
struct Decoded {
  std::size_t states = 0, steps = 0;
  std::vector<double> scores;      // [blocks, states, 32]
  std::vector<std::uint8_t> path;  // [blocks, steps, 32]

  std::vector<double> scores_of(std::size_t lane) const {
    std::vector<double> own(states);
    for (std::size_t k = 0; k < states; ++k) own[k] = scores[lane_index(lane, k, states)];
    return own;
  }
  std::vector<std::uint8_t> path_of(std::size_t lane, std::int64_t bars) const {
    std::vector<std::uint8_t> own(static_cast<std::size_t>(bars));
    for (std::size_t t = 0; t < own.size(); ++t) own[t] = path[lane_index(lane, t, steps)];
    return own;
  }
};

enum class Wanted { scores, scores_and_path, path_to_last };

// Runs parts of one series side by side.
template <class T>
class SeriesLanes {
 public:
  SeriesLanes(const Resources& resources, const BatchView<T>& series)
      : resources_(resources),
        series_(series),
        rows_(ParameterLayout<AnyShape>{AnyShape(series.shape)}.size()) {}

  Decoded<T> run(const std::vector<Lane>& lanes, Wanted wanted) const {
    const std::size_t padded = blocks_of(lanes.size()) * lane_block;
    BatchView<T> view;
    view.shape = series_.shape;
    view.law = series_.law;
    view.lanes = static_cast<int>(lanes.size());
    std::vector<std::int32_t> lengths, last;
    for (std::size_t i = 0; i < padded; ++i) {
      const Lane& lane = lanes[std::min(i, lanes.size() - 1)];
      view.steps = std::max(view.steps, lane.bars);
      lengths.push_back(static_cast<std::int32_t>(lane.bars));
      last.push_back(lane.last);
    }
    const Aligned<T> parameters = parameters_of(lanes, padded), observations = bars_of(lanes, view.steps);
    view.lengths = lengths.data();
    view.parameters = parameters.data();
    view.observations = observations.data();
    Decoded<T> result{
        static_cast<std::size_t>(series_.shape.states()), static_cast<std::size_t>(view.steps), {}, {}};
    std::vector<double> log_probability(padded);
    result.scores.resize(padded * result.states);
    if (wanted != Wanted::scores) result.path.resize(padded * result.steps);
    viterbi<T>(resources_, view, result.path, log_probability,
               {.last = wanted == Wanted::path_to_last ? std::span<const std::int32_t>(last)
                                                       : std::span<const std::int32_t>(),
                .scores = result.scores});
    return result;
  }

  // Lanes by the thousand cost a GPU what one costs.
  bool has_many() const { return resources_.backend() == Backend::gpu; }

 private:
  // Those of the series but for the start.
  Aligned<T> parameters_of(const std::vector<Lane>& lanes, std::size_t padded) const {
    Aligned<T> parameters(padded * rows_);
    const auto states = static_cast<std::size_t>(series_.shape.states());
    for (std::size_t i = 0; i < padded; ++i) {
      const double* start = lanes[std::min(i, lanes.size() - 1)].start;
      for (std::size_t row = 0; row < rows_; ++row) {
        parameters[lane_index(i, row, rows_)] =
            row < states ? static_cast<T>(start[row]) : series_.parameters[lane_index(0, row, rows_)];
      }
    }
    return parameters;
  }
  Aligned<T> bars_of(const std::vector<Lane>& lanes, std::int64_t steps) const {
    const auto dimension = static_cast<std::size_t>(series_.shape.dimension);
    const std::size_t rows = static_cast<std::size_t>(steps) * dimension, blocks = blocks_of(lanes.size());
    Aligned<T> bars(blocks * lane_block * rows);
    tbb::parallel_for(std::size_t{0}, blocks * lane_block, [&](std::size_t i) {
      const Lane& lane = lanes[std::min(i, lanes.size() - 1)];
      const T* from = series_.observations + lane.first * static_cast<std::int64_t>(dimension);
      const std::size_t own = static_cast<std::size_t>(lane.bars) * dimension;
      for (std::size_t row = 0; row < own; ++row) bars[lane_index(i, row, rows)] = from[row];
    });
    return bars;
  }

  const Resources& resources_;
  BatchView<T> series_;
  std::size_t rows_;
};

// The lowest state of the largest score.
std::size_t best_of(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

// Scores of one bar from two beginnings, whether the same up to a constant: to the rounding of T's scores,
// and to that of the sums in double that they came out with.
template <class T>
bool same_but_for_a_constant(const std::vector<double>& a, const std::vector<double>& b) {
  constexpr double of_scores = 64 * static_cast<double>(std::numeric_limits<T>::epsilon()),
                   of_sums = 4 * std::numeric_limits<double>::epsilon();
  const double a_best = *std::ranges::max_element(a), b_best = *std::ranges::max_element(b);
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double below = a[k] - a_best, other = b[k] - b_best;
    const double sums = std::abs(a[k]) + std::abs(a_best) + std::abs(b[k]) + std::abs(b_best);
    if (!(std::abs(below - other) <= of_scores * std::max(1.0, std::abs(below)) + of_sums * sums))
      return false;
  }
  return true;
}

template <class T>
class Pieces {
 public:
  Pieces(const Resources& resources, const BatchView<T>& series, int count)
      : lanes_(resources, series),
        states_(static_cast<std::size_t>(series.shape.states())),
        steps_(series.steps),
        count_(count),
        overlap_(std::max<std::int64_t>(overlap_min, series.steps / count / 16)),
        anything_(states_, 1.0 / static_cast<double>(states_)) {
    const std::size_t rows = ParameterLayout<AnyShape>{AnyShape(series.shape)}.size();
    for (std::size_t k = 0; k < states_; ++k) {
      start_.push_back(static_cast<double>(series.parameters[lane_index(0, k, rows)]));
      certain_.emplace_back(states_, 0.0)[k] = 1;
    }
  }

  // Nothing where so many pieces would have to be run from every state that the pass in order is shorter.
  std::optional<double> decode(std::span<std::uint8_t> path) {
    run_all();
    const std::vector<int> differing = differing_at_their_seams();
    if (!lanes_.has_many() && std::ssize(differing) * std::ssize(start_) > again_max * count_)
      return std::nullopt;
    find_transfers(differing);
    carry_scores_forward();
    trace_back();
    for (int piece = 0; piece < count_; ++piece) {
      const auto& own = pieces_[piece].path;
      const std::int64_t from = piece == 0 ? 0 : seam(piece) + 1, bars = end(piece) - from;
      std::copy(own.end() - bars, own.end(), path.begin() + from);
    }
    const auto& ends = pieces_.back().ends;
    return ends[best_of(ends)];
  }

 private:
  static constexpr std::int64_t overlap_min = 128;
  static constexpr std::int64_t again_max =
      6;  // times all bars, which few cores' lanes run in the time of one

  // `ends` are scores of the whole series from carry_scores_forward on.
  struct Piece {
    std::vector<double> warm;                   // scores at its seam, of its own beginning
    std::vector<double> ends;                   // scores at its last bar
    std::vector<std::vector<double>> transfer;  // [k] M(k, ·) from its seam on; empty: never asked for
    bool apart = false;                         // its own beginning does not do
    std::size_t before = 0;                     // state at its seam that `path` of a piece apart comes from
    std::vector<std::uint8_t> path;             // its last bars, all after its seam among them
  };

  // A piece is bars [first, end), of which those after `seam` are its own: the bar that the one before it
  // ends with.
  std::int64_t first(int piece) const { return steps_ * piece / count_; }
  std::int64_t seam(int piece) const { return first(piece) + overlap_ - 1; }
  std::int64_t end(int piece) const { return piece + 1 == count_ ? steps_ : seam(piece + 1) + 1; }

  void run_all() {
    std::vector<Lane> whole, warm_up;
    for (int piece = 0; piece < count_; ++piece) {
      whole.push_back(
          {first(piece), end(piece) - first(piece), piece == 0 ? start_.data() : anything_.data()});
      if (piece > 0) warm_up.push_back({first(piece), overlap_, anything_.data()});
    }
    pieces_.resize(static_cast<std::size_t>(count_));
    const Decoded<T> decoded = lanes_.run(whole, Wanted::scores_and_path),
                     warm = lanes_.run(warm_up, Wanted::scores);
    for (int piece = 0; piece < count_; ++piece) {
      const auto lane = static_cast<std::size_t>(piece);
      pieces_[lane].ends = decoded.scores_of(lane);
      pieces_[lane].path = decoded.path_of(lane, whole[lane].bars);
      if (piece > 0) pieces_[lane].warm = warm.scores_of(lane - 1);
    }
  }

  // From every state at the seam, whose density the scores before hold already.
  void find_transfers(const std::vector<int>& which) {
    if (which.empty()) return;
    std::vector<Lane> lanes, seams;
    for (const int piece : which) {
      seams.push_back({seam(piece), 1, anything_.data()});
      for (const auto& state : certain_)
        lanes.push_back({seam(piece), end(piece) - seam(piece), state.data()});
    }
    const Decoded<T> decoded = lanes_.run(lanes, Wanted::scores), bar = lanes_.run(seams, Wanted::scores);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const std::size_t k = i % states_;
      const double density = bar.scores_of(i / states_)[k] - std::log(anything_[k]);
      auto& row = pieces_[which[i / states_]].transfer.emplace_back(decoded.scores_of(i));
      for (double& score : row) score -= density;
    }
  }

  std::vector<int> differing_at_their_seams() const {
    std::vector<int> differing;
    for (int piece = 1; piece < count_; ++piece) {
      if (!same_but_for_a_constant<T>(pieces_[piece - 1].ends, pieces_[piece].warm))
        differing.push_back(piece);
    }
    return differing;
  }

  void carry_scores_forward() {
    for (int piece = 1; piece < count_; ++piece) {
      Piece& own = pieces_[piece];
      const std::vector<double>& before = pieces_[piece - 1].ends;
      own.apart = !same_but_for_a_constant<T>(before, own.warm);
      if (!own.apart) {
        const double constant = before[best_of(before)] - own.warm[best_of(own.warm)];
        for (double& score : own.ends) score += constant;
        continue;
      }
      if (own.transfer.empty()) find_transfers({piece});  // the one before was apart, and agreed by chance
      own.path.clear();
      for (std::size_t j = 0; j < states_; ++j) own.ends[j] = before_to(piece, j).score;
    }
  }

  // The best state at a piece's seam of the paths that end in `last`.
  struct Before {
    std::size_t state;
    double score;
  };
  Before before_to(int piece, std::size_t last) const {
    Before best{0, 0};
    for (std::size_t k = 0; k < states_; ++k) {
      const double score = pieces_[piece - 1].ends[k] + pieces_[piece].transfer[k][last];
      if (k == 0 || score > best.score) best = {k, score};
    }
    return best;
  }

  // Pieces that do not end where the next one comes from, told where to end.
  void trace_back() {
    while (true) {
      std::vector<int> which;
      std::vector<Lane> lanes;
      std::size_t last = best_of(pieces_.back().ends);
      for (int piece = count_ - 1; piece >= 0; --piece) {
        Piece& own = pieces_[piece];
        const std::size_t before = own.apart ? before_to(piece, last).state : 0;
        if (own.path.empty() || own.path.back() != last || own.before != before) {
          which.push_back(piece);
          lanes.push_back(lane_to(piece, before, last));
        }
        own.before = before;
        if (piece > 0) last = own.apart ? before : own.path[static_cast<std::size_t>(overlap_ - 1)];
      }
      if (which.empty()) return;
      const Decoded<T> decoded = lanes_.run(lanes, Wanted::path_to_last);
      for (std::size_t i = 0; i < which.size(); ++i)
        pieces_[which[i]].path = decoded.path_of(i, lanes[i].bars);
    }
  }
  Lane lane_to(int piece, std::size_t before, std::size_t last) const {
    const auto told = static_cast<std::int32_t>(last);
    if (pieces_[piece].apart) return {seam(piece), end(piece) - seam(piece), certain_[before].data(), told};
    const double* start = piece == 0 ? start_.data() : anything_.data();
    return {first(piece), end(piece) - first(piece), start, told};
  }

  SeriesLanes<T> lanes_;
  std::size_t states_;
  std::int64_t steps_;
  int count_;
  std::int64_t overlap_;
  std::vector<double> anything_, start_;      // [K] laws: uniform, and that of the series
  std::vector<std::vector<double>> certain_;  // [k] the law of state k
  std::vector<Piece> pieces_;
};

template <class T>
double in_order(const Resources& resources, const BatchView<T>& series, std::span<std::uint8_t> path) {
  std::vector<std::uint8_t> states(static_cast<std::size_t>(series.steps) * lane_block);
  std::vector<double> log_probability(lane_block);
  viterbi<T>(resources, series, states, log_probability);
  for (std::size_t t = 0; t < path.size(); ++t) path[t] = states[t * lane_block];
  return log_probability[0];
}

}  // namespace

template <class T>
double long_viterbi(const Resources& resources, const BatchView<T>& batch, std::span<std::uint8_t> path) {
  REGENT_INVARIANT(batch.lanes == 1 && batch.shared, "one series");
  REGENT_INVARIANT(std::ssize(path) == batch.steps, "a state for every bar");
  const int count = chunks_of(batch);
  if (count == 1) return in_order(resources, batch, path);
  if (const auto log_probability = Pieces<T>(resources, batch, count).decode(path)) return *log_probability;
  return in_order(resources, batch, path);
}

template double long_viterbi(const Resources&, const BatchView<float>&, std::span<std::uint8_t>);
template double long_viterbi(const Resources&, const BatchView<double>&, std::span<std::uint8_t>);

}  // namespace regent::cuda::hmm
