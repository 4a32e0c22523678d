#include "hmm/log_passes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cuda/hmm/layout.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::states_max;

constexpr double in_range = 1e-250;  // sums above it have lost nothing that counts

double log_sum(std::span<const double> terms) {
  const double largest = *std::ranges::max_element(terms);
  if (largest == -INFINITY) return largest;
  double sum = 0;
  for (const double term : terms) sum += std::exp(term - largest);
  return largest + std::log(sum);
}

std::vector<double> logs_of(std::vector<double> probabilities) {
  for (double& value : probabilities) value = std::log(value);
  return probabilities;
}

// Exponentials of logs relative to the largest, which is returned; all zero where nothing is possible.
double scaled(std::span<const double> logs, double* out) {
  const double largest = *std::ranges::max_element(logs);
  for (std::size_t k = 0; k < logs.size(); ++k)
    out[k] = largest == -INFINITY ? 0 : std::exp(logs[k] - largest);
  return largest;
}

// to_k = log Σ_j e^(from_j)·P(j → k).
void step_forward(const LogChain& chain, std::span<const double> from, double* to) {
  const std::size_t states = chain.states();
  double weights[states_max], terms[states_max];
  const double largest = scaled(from, weights);
  for (std::size_t k = 0; k < states; ++k) {
    double sum = 0;
    for (std::size_t j = 0; j < states; ++j) sum += weights[j] * chain.transition[j * states + k];
    if (sum > in_range) {
      to[k] = largest + std::log(sum);
      continue;
    }
    for (std::size_t j = 0; j < states; ++j) terms[j] = from[j] + chain.log_transition[j * states + k];
    to[k] = log_sum({terms, states});
  }
}

// from_j = log Σ_k P(j → k)·e^(to_k).
void step_backward(const LogChain& chain, std::span<const double> to, double* from) {
  const std::size_t states = chain.states();
  double weights[states_max], terms[states_max];
  const double largest = scaled(to, weights);
  for (std::size_t j = 0; j < states; ++j) {
    const double *row = &chain.transition[j * states], *logs = &chain.log_transition[j * states];
    double sum = 0;
    for (std::size_t k = 0; k < states; ++k) sum += row[k] * weights[k];
    if (sum > in_range) {
      from[j] = largest + std::log(sum);
      continue;
    }
    for (std::size_t k = 0; k < states; ++k) terms[k] = logs[k] + to[k];
    from[j] = log_sum({terms, states});
  }
}

struct Forward {
  std::vector<double> state;  // [bars, K], of LogForward
  std::vector<double> bar;    // [bars], likewise
};

Forward forward(const LogChain& chain, std::span<const double> table) {
  const std::size_t states = chain.states(), bars = table.size() / states;
  Forward result;
  result.state.reserve(table.size());
  result.bar.reserve(bars);
  LogForward pass(chain);
  for (std::size_t t = 0; t < bars; ++t) {
    pass.absorb(&table[t * states]);
    result.state.insert(result.state.end(), pass.state().begin(), pass.state().end());
    result.bar.push_back(pass.of_bar());
  }
  return result;
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// Exponentials of a row of logs, scaled to one; NaN where nothing is possible.
void publish(std::span<const double> logs, double* probability) {
  const double total = log_sum(logs);
  for (std::size_t k = 0; k < logs.size(); ++k) {
    probability[k] =
        total == -INFINITY ? std::numeric_limits<double>::quiet_NaN() : std::exp(logs[k] - total);
  }
}

// Adds P(from at this bar, to at the next | all bars), which sums to one over both. `ahead` [K]: log
// P(next bar and those after | its state), up to a constant.
void add_moves(const LogChain& chain, std::span<const double> state, std::span<const double> ahead,
               std::span<double> moves) {
  const std::size_t states = chain.states();
  double from[states_max], to[states_max], joint[states_max * states_max];
  scaled(state, from);
  scaled(ahead, to);
  double sum = 0;
  for (std::size_t j = 0; j < states; ++j) {
    for (std::size_t k = 0; k < states; ++k)
      sum += joint[j * states + k] = from[j] * chain.transition[j * states + k] * to[k];
  }
  if (!(sum > in_range)) {
    for (std::size_t j = 0; j < states; ++j) {
      for (std::size_t k = 0; k < states; ++k)
        joint[j * states + k] = state[j] + chain.log_transition[j * states + k] + ahead[k];
    }
    const double total = log_sum({joint, states * states});
    for (std::size_t e = 0; e < states * states; ++e) joint[e] = std::exp(joint[e] - total);
    sum = 1;
  }
  for (std::size_t e = 0; e < states * states; ++e) moves[e] += joint[e] / sum;
}

// moves: empty, or [K, K] to add to.
LogPass both_ways(const LogChain& chain, std::span<const double> table, std::span<double> moves) {
  const std::size_t states = chain.states(), bars = table.size() / states;
  const Forward pass = forward(chain, table);
  LogPass result{sum_of(pass.bar),
                 std::vector<double>(table.size(), std::numeric_limits<double>::quiet_NaN())};
  if (result.log_likelihood == -INFINITY) return result;
  // log P(bars after t | state at t), and log P(bar t and those after | state at t), up to a constant
  double after[states_max] = {}, ahead[states_max], joint[states_max];
  for (std::size_t t = bars; t-- > 0;) {
    const std::span<const double> state(&pass.state[t * states], states);
    if (t + 1 < bars) {
      for (std::size_t k = 0; k < states; ++k)
        ahead[k] = table[(t + 1) * states + k] + after[k] - pass.bar[t + 1];
      step_backward(chain, {ahead, states}, after);
      if (!moves.empty()) add_moves(chain, state, {ahead, states}, moves);
    }
    for (std::size_t k = 0; k < states; ++k) joint[k] = state[k] + after[k];
    publish({joint, states}, &result.probability[t * states]);
  }
  return result;
}

}  // namespace

LogChain::LogChain(std::vector<double> start_probability, std::vector<double> transition_probability)
    : start(logs_of(std::move(start_probability))),
      transition(std::move(transition_probability)),
      log_transition(logs_of(transition)) {}

bool has_transition_below(std::span<const double> transitions, double smallest) {
  return std::ranges::min(transitions) < smallest;
}

LogForward::LogForward(LogChain chain) : chain_(std::move(chain)), left_(chain_.start) {
  left_.push_back(0);
}

void LogForward::absorb(const double* densities) {
  const std::size_t states = chain_.states();
  double& begun = left_[states];
  double joint[states_max];
  if (begun != 0) {
    step_forward(chain_, state(), joint);
  } else {
    std::ranges::copy(chain_.start, joint);
  }
  for (std::size_t k = 0; k < states; ++k) joint[k] += densities[k];
  of_bar_ = log_sum({joint, states});
  for (std::size_t k = 0; k < states; ++k) left_[k] = of_bar_ == -INFINITY ? -INFINITY : joint[k] - of_bar_;
  begun = 1;
}

LogPass filter_in_logs(const LogChain& chain, std::span<const double> table) {
  const std::size_t states = chain.states();
  const Forward pass = forward(chain, table);
  LogPass result{sum_of(pass.bar), std::vector<double>(table.size())};
  for (std::size_t row = 0; row < table.size(); row += states) {
    publish({&pass.state[row], states}, &result.probability[row]);
  }
  return result;
}

LogPass smooth_in_logs(const LogChain& chain, std::span<const double> table) {
  return both_ways(chain, table, {});
}

LogPass count_in_logs(const LogChain& chain, std::span<const double> table, std::span<double> moves) {
  return both_ways(chain, table, moves);
}

LogPath decode_in_logs(const LogChain& chain, std::span<const double> table) {
  const std::size_t states = chain.states(), bars = table.size() / states;
  const std::vector<double>& steps = chain.log_transition;
  std::vector<double> best = chain.start, reached(states);
  std::vector<int> origin(table.size());
  for (std::size_t k = 0; k < states; ++k) best[k] += table[k];
  for (std::size_t t = 1; t < bars; ++t) {
    for (std::size_t k = 0; k < states; ++k) {
      std::size_t from = 0;
      for (std::size_t other = 1; other < states; ++other) {
        if (best[other] + steps[other * states + k] > best[from] + steps[from * states + k]) from = other;
      }
      origin[t * states + k] = static_cast<int>(from);
      reached[k] = best[from] + steps[from * states + k] + table[t * states + k];
    }
    best.swap(reached);
  }
  const auto last = std::ranges::max_element(best);
  LogPath path{*last, std::vector<int>(bars, -1)};
  if (path.log_probability == -INFINITY) return path;
  path.states[bars - 1] = static_cast<int>(last - best.begin());
  for (std::size_t t = bars - 1; t > 0; --t) path.states[t - 1] = origin[t * states + path.states[t]];
  return path;
}

}  // namespace regent::hmm
