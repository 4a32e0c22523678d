#pragma once
// Forward and backward in logs. The compute layer keeps the weights of states beside the largest one: what
// falls out of the number format's range beside it counts as zero, and is given back by the next transition.
// A transition of (nearly) zero gives nothing back, so a path that later evidence would make the likeliest is
// lost there. Models with such transitions go this way instead, batch, fit and live filter alike.
//   log Σ_j e^(s_j)·P(j → k) = s_max + log Σ_j e^(s_j − s_max)·P(j → k),
// which takes K exponentials and logarithms a bar; where that sum itself is out of range, the K² of
// s_j + log P(j → k). Everything is in double. Sources: Rabiner (1989) for the passes, in logs; Viterbi
// (1967).

#include <span>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

// A flat chain of K states.
struct LogChain {
  std::vector<double> start, transition, log_transition;  // log [K]; [K, K] and its logs

  LogChain(std::vector<double> start_probability, std::vector<double> transition_probability);
  LogChain(const Model& model) : LogChain(model.flat_start(), model.flat_transition()) {}
  std::size_t states() const { return start.size(); }
};

// What falls out of range beside the largest weight comes back through transitions above these, with a
// relative error below 1e-13 in float and 1e-200 in double.
template <class T>
inline constexpr double transition_min = sizeof(T) == sizeof(float) ? 1e-25 : 1e-100;

// Whether one of the transitions [K, K] lies below `smallest`, so that lost weight may not come back.
bool has_transition_below(std::span<const double> transitions, double smallest);

// The forward pass, one bar at a time; no allocation after construction.
class LogForward {
 public:
  explicit LogForward(LogChain chain);
  // densities: [K] log P(bar | state), −inf allowed.
  void absorb(const double* densities);
  // log P(last bar | bars before it); −inf from the first impossible bar on
  double of_bar() const { return of_bar_; }
  // [K] log P(state | bars so far), −inf likewise
  std::span<const double> state() const { return std::span(left_).first(chain_.states()); }
  // All that the bars have left, to be copied out and back in.
  std::span<double> left() { return left_; }

 private:
  LogChain chain_;
  std::vector<double> left_;  // [K + 1]: the state, and whether there was a bar
  double of_bar_ = 0;
};

struct LogPass {
  double log_likelihood = 0;        // −inf where the data are impossible
  std::vector<double> probability;  // [bars, K], rows sum to one; NaN where impossible
};

// table: [bars, K] log P(bar | state), −inf allowed.
LogPass filter_in_logs(const LogChain& chain, std::span<const double> table);
LogPass smooth_in_logs(const LogChain& chain, std::span<const double> table);
// The same, and the expected number of moves from state to state is added to `moves` [K, K].
LogPass count_in_logs(const LogChain& chain, std::span<const double> table, std::span<double> moves);

struct LogPath {
  double log_probability = 0;  // of path and data together; −inf where every path is impossible
  std::vector<int> states;     // [bars]; −1 where every path is impossible
};

// The most probable path, ties to the lowest state. What is impossible is −inf here, and no sum of finite
// logs is taken for it, however improbable the bars are.
LogPath decode_in_logs(const LogChain& chain, std::span<const double> table);

}  // namespace regent::hmm
