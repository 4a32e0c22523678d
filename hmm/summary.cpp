#include "hmm/summary.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "hmm/labels.hpp"
#include "hmm/moments.hpp"

namespace regent::hmm {
namespace {

constexpr int doublings = 40;  // the mean over 2^40 bars is at rest for every practical purpose

bool is_hierarchy(const Model& model) {
  return model.macros > 1;
}
int states_in_regime(const Model& model) {
  return is_hierarchy(model) ? model.micros : 1;
}

Eigen::MatrixXd flat_matrix(const Model& model) {
  const std::vector<double> flat = model.flat_transition();
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      flat.data(), model.states(), model.states());
}

// Probability of a move from state `from` to any state outside of its regime.
double leaving(const Model& model, const Eigen::MatrixXd& transition, int from) {
  double sum = 0;
  for (int to = 0; to < model.states(); ++to) {
    if (regime_of_state(model, to) != regime_of_state(model, from)) sum += transition(from, to);
  }
  return sum;
}

// From each state of a regime, the expected visits to its states before it is left: (I − A)⁻¹·1 of the
// phase-type law (Neuts 1981). Eliminated without a subtraction (Grassmann, Taksar and Heyman 1985), so that
// rounding makes no exit where there is none; infinite where a state leads to no exit.
Eigen::VectorXd visits(Eigen::MatrixXd within, Eigen::VectorXd exits) {
  const Eigen::Index size = within.rows();
  const auto times = [](double probability, double value) {
    return probability > 0 ? probability * value : 0;
  };
  Eigen::VectorXd bars = Eigen::VectorXd::Ones(size), moving(size);
  for (Eigen::Index k = size - 1; k >= 0; --k) {
    moving(k) = exits(k) + within.row(k).head(k).sum();
    for (Eigen::Index i = 0; i < k; ++i) {
      bars(i) += times(within(i, k), bars(k) / moving(k));
      if (!(moving(k) > 0)) continue;
      const double through = within(i, k) / moving(k);
      exits(i) += through * exits(k);
      within.row(i).head(k) += through * within.row(k).head(k);
    }
  }
  for (Eigen::Index k = 0; k < size; ++k) {
    for (Eigen::Index i = 0; i < k; ++i) bars(k) += times(within(k, i), bars(i));
    bars(k) /= moving(k);
  }
  return bars;
}

double mean_duration(const Model& model, const Eigen::MatrixXd& transition, int regime) {
  const int size = states_in_regime(model), first = regime * size;
  Eigen::VectorXd exits(size);
  for (int j = 0; j < size; ++j) exits(j) = leaving(model, transition, first + j);
  const Eigen::VectorXd bars = visits(transition.block(first, first, size, size), exits);
  if (!is_hierarchy(model)) return bars(0);
  double mean = 0;
  for (int j = 0; j < size; ++j) {
    const double entry = model.micro_start[first + j];
    if (entry > 0) mean += entry * bars(j);
  }
  return mean;
}

void add_moments(const Model& model, std::span<const double> shares, int regime, RegimeSummary& summary) {
  const int size = states_in_regime(model);
  std::vector<Moments> parts;
  for (int k = 0; k < size; ++k) parts.push_back(emission_moments(model, regime * size + k));
  const Moments whole = mixed(parts, shares);
  for (int d = 0; d < model.dimension(); ++d) {
    summary.means.push_back(whole.mean(d));
    summary.deviations.push_back(std::sqrt(whole.covariance(d, d)));
  }
}

// The weights of a regime's states, summing to one; equal where it has none.
std::vector<double> shares_within(std::span<const double> weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> shares;
  for (const double weight : weights) {
    shares.push_back(total > 0 ? weight / total : 1.0 / static_cast<double>(weights.size()));
  }
  return shares;
}

}  // namespace

int regimes_of(const Model& model) {
  return is_hierarchy(model) ? model.macros : model.states();
}

int regime_of_state(const Model& model, int state) {
  return is_hierarchy(model) ? state / model.micros : state;
}

std::string label_of_regime(const Model& model, int regime) {
  if (std::ssize(model.labels) == regimes_of(model)) return model.labels[static_cast<std::size_t>(regime)];
  return "state_" + std::to_string(regime);
}

std::vector<double> long_run_shares(const Model& model) {
  Eigen::MatrixXd step = flat_matrix(model);
  const std::vector<double> start = model.flat_start();
  // mean over 2n bars = mean over n, and the same n bars later
  Eigen::RowVectorXd mean = Eigen::Map<const Eigen::RowVectorXd>(start.data(), model.states());
  for (int i = 0; i < doublings; ++i) {
    mean = 0.5 * (mean + mean * step);
    mean /= mean.sum();
    step = step * step;
    for (int row = 0; row < step.rows(); ++row) step.row(row) /= step.row(row).sum();
  }
  return {mean.data(), mean.data() + mean.size()};
}

std::vector<RegimeSummary> summarise(const Model& model, std::span<const double> state_weights) {
  REGENT_INVARIANT(std::ssize(state_weights) == model.states(), "one weight per state");
  const Eigen::MatrixXd transition = flat_matrix(model);
  const double total = std::accumulate(state_weights.begin(), state_weights.end(), 0.0);
  const int count = regimes_of(model), size = states_in_regime(model);
  std::vector<RegimeSummary> regimes(count);
  for (int i = 0; i < count; ++i) {
    RegimeSummary& regime = regimes[i];
    const auto own = state_weights.subspan(static_cast<std::size_t>(i) * size, size);
    const std::vector<double> within = shares_within(own);
    regime.label = label_of_regime(model, i);
    regime.share = std::accumulate(own.begin(), own.end(), 0.0) / total;
    regime.mean_duration_bars = mean_duration(model, transition, i);
    regime.next.assign(count, 0);
    for (int k = 0; k < size; ++k) {
      for (int to = 0; to < model.states(); ++to) {
        regime.next[regime_of_state(model, to)] += within[k] * transition(i * size + k, to);
      }
    }
    if (model.has_emission()) add_moments(model, within, i, regime);
  }
  return regimes;
}

void number_flat_states(Model& model) {
  if (model.macros > 1 || std::ssize(model.labels) == model.states()) return;
  model.labels.clear();
  for (int k = 0; k < model.states(); ++k) model.labels.push_back("state_" + std::to_string(k));
}

void name_flat_states(Model& model, std::span<const double> state_weights) {
  const int states = model.states();
  if (model.macros > 1) return;
  if (states == 2) model.labels = {"calm", "chaos"};
  if (states == 3) {
    const Moments middle = emission_moments(model, 1);
    const int d = return_feature(model);
    const double error = std::sqrt(middle.covariance(d, d) / std::max(state_weights[1], 1.0));
    model.labels = {"calm", std::abs(middle.mean(d)) > 2 * error ? "trend" : "mid", "chaos"};
  }
  if (states == 2 || states == 3) return;
  model.labels.clear();
  number_flat_states(model);
}

}  // namespace regent::hmm
