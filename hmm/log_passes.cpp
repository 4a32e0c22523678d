#include "hmm/log_passes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace regent::hmm {
namespace {

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

// log P(state | bars so far) of every bar, and the log-likelihood of each bar given those before it.
struct Forward {
  std::vector<double> state;  // [bars, K]; −inf from the first impossible bar on
  std::vector<double> bar;    // [bars]
};

Forward forward(const Model& model, std::span<const double> table) {
  const std::size_t states = model.states(), bars = table.size() / states;
  const std::vector<double> start = logs_of(model.flat_start()), steps = logs_of(model.flat_transition());
  Forward result{std::vector<double>(table.size(), -INFINITY), std::vector<double>(bars, -INFINITY)};
  std::vector<double> terms(states), joint(states);
  for (std::size_t t = 0; t < bars; ++t) {
    for (std::size_t k = 0; k < states; ++k) {
      for (std::size_t from = 0; from < states && t > 0; ++from) {
        terms[from] = result.state[(t - 1) * states + from] + steps[from * states + k];
      }
      joint[k] = table[t * states + k] + (t == 0 ? start[k] : log_sum(terms));
    }
    result.bar[t] = log_sum(joint);
    if (result.bar[t] == -INFINITY) break;
    for (std::size_t k = 0; k < states; ++k) result.state[t * states + k] = joint[k] - result.bar[t];
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

}  // namespace

bool has_transition_below(const Model& model, double smallest) {
  return std::ranges::min(model.flat_transition()) < smallest;
}

LogPass filter_in_logs(const Model& model, std::span<const double> table) {
  const std::size_t states = model.states();
  const Forward pass = forward(model, table);
  LogPass result{sum_of(pass.bar), std::vector<double>(table.size())};
  for (std::size_t row = 0; row < table.size(); row += states) {
    publish({&pass.state[row], states}, &result.probability[row]);
  }
  return result;
}

LogPass smooth_in_logs(const Model& model, std::span<const double> table) {
  const std::size_t states = model.states(), bars = table.size() / states;
  const Forward pass = forward(model, table);
  const std::vector<double> steps = logs_of(model.flat_transition());
  LogPass result{sum_of(pass.bar),
                 std::vector<double>(table.size(), std::numeric_limits<double>::quiet_NaN())};
  if (result.log_likelihood == -INFINITY) return result;
  // log P(bars after t | state at t), up to a constant of the bar
  std::vector<double> after(states, 0), terms(states), joint(states), before(states);
  for (std::size_t t = bars; t-- > 0;) {
    for (std::size_t k = 0; k < states; ++k) joint[k] = pass.state[t * states + k] + after[k];
    publish(joint, &result.probability[t * states]);
    if (t == 0) break;
    for (std::size_t from = 0; from < states; ++from) {
      for (std::size_t k = 0; k < states; ++k) {
        terms[k] = steps[from * states + k] + table[t * states + k] + after[k] - pass.bar[t];
      }
      before[from] = log_sum(terms);
    }
    after = before;
  }
  return result;
}

LogPath decode_in_logs(const Model& model, std::span<const double> table) {
  const std::size_t states = model.states(), bars = table.size() / states;
  const std::vector<double> steps = logs_of(model.flat_transition());
  std::vector<double> best = logs_of(model.flat_start()), reached(states);
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
