#include "rl/collector.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "rl/observation_rows.hpp"
#include "rl/policy_batch.hpp"
#include "rl/squashed_normal.hpp"

namespace regent::rl {

Collector::Collector(const cuda::Resources& resources, const PpoSettings& settings, const PpoData& data)
    : resources_(resources), settings_(settings), data_(data) {
  const auto lanes = static_cast<std::size_t>(settings.lanes);
  cuda::reset(resources, settings.environment, data.environment, state_.lanes, lanes, data.first_bar,
              data.end_bar, settings.seed);
  state_.convictions.assign(lanes, 0.0F);
  actions_.resize(lanes);
  net_returns_.resize(lanes);
}

void Collector::collect(models::PolicyNetwork& policy, RolloutBuffer& buffer) {
  REGENT_INVARIANT(state_.step <= std::numeric_limits<std::uint32_t>::max() - buffer.horizon - 1,
                   "a training run is limited to 2^32 steps per lane");
  buffer.cut_off_observations.clear();
  buffer.cut_off_steps.clear();
  buffer.episode_log_return_sum = 0;
  buffer.episodes = 0;
  const torch::InferenceMode inference;
  for (std::size_t t = 0; t <= buffer.horizon; ++t) {
    const std::span<float> rows = buffer.observation_rows(t);
    fill_observations(data_, state_.lanes.bar, state_.lanes.symbol, state_.convictions, rows);
    const models::PolicyOutput output = evaluate_rows(policy, rows, data_.layout);
    copy_to_host(output.value, buffer.at(buffer.values, t));
    if (t == buffer.horizon) break;
    act(output, buffer, t);
    advance(buffer, t);
  }
  if (buffer.cut_off_steps.empty()) return;
  std::vector<float> values(buffer.cut_off_steps.size());
  copy_to_host(evaluate_rows(policy, buffer.cut_off_observations, data_.layout).value, values);
  for (std::size_t i = 0; i < values.size(); ++i) buffer.cut_off_values[buffer.cut_off_steps[i]] = values[i];
}

void Collector::act(const models::PolicyOutput& output, RolloutBuffer& buffer, std::size_t t) {
  const std::span<float> pre_squash = buffer.at(buffer.pre_squash, t);
  const std::span<float> noise = buffer.at(buffer.noise, t);
  const std::span<float> log_probabilities = buffer.at(buffer.log_probabilities, t);
  const HostOutput host(output);
  for (std::size_t lane = 0; lane < buffer.lanes; ++lane) {
    if (!std::isfinite(host.means[lane]) || !std::isfinite(host.log_stds[lane])) {
      throw Error("the policy's output is not finite; lower ppo.learning_rate");
    }
  }
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, buffer.lanes, 128), [&](const auto& range) {
    for (std::size_t lane = range.begin(); lane != range.end(); ++lane) {
      const double drawn = action_noise(settings_.seed, static_cast<std::uint32_t>(lane), state_.step);
      const double mean = host.means[lane];
      const double log_std = host.log_stds[lane];
      const auto u = static_cast<float>(mean + std::exp(log_std) * drawn);
      noise[lane] = static_cast<float>(drawn);
      pre_squash[lane] = u;
      log_probabilities[lane] = static_cast<float>(squashed_log_probability(u, mean, log_std));
      actions_[lane] = std::tanh(u);
    }
  });
}

void Collector::advance(RolloutBuffer& buffer, std::size_t t) {
  bars_before_ = state_.lanes.bar;
  symbols_before_ = state_.lanes.symbol;
  log_equity_before_ = state_.lanes.log_equity;
  const cuda::EnvironmentStep io{actions_, buffer.at(buffer.rewards, t), net_returns_,
                                 buffer.at(buffer.done, t), buffer.at(buffer.frozen, t)};
  cuda::step(resources_, settings_.environment, data_.environment, state_.lanes, io, data_.first_bar,
             data_.end_bar, settings_.seed, state_.step);
  ++state_.step;
  note_ends(buffer, t);
}

void Collector::note_ends(RolloutBuffer& buffer, std::size_t t) {
  const std::size_t inputs = buffer.inputs;
  for (std::size_t lane = 0; lane < buffer.lanes; ++lane) {
    const std::size_t index = t * buffer.lanes + lane;
    // an order that did not fill leaves the conviction as it was
    if (buffer.frozen[index] == 0) state_.convictions[lane] = actions_[lane];
    if (buffer.done[index] == cuda::episode_runs) continue;
    if (buffer.done[index] == cuda::episode_time_limit) {
      buffer.cut_off_steps.push_back(index);
      buffer.cut_off_observations.resize(buffer.cut_off_steps.size() * inputs);
      fill_observation(data_, static_cast<std::size_t>(bars_before_[lane]) + 1,
                       static_cast<std::size_t>(symbols_before_[lane]), state_.convictions[lane],
                       buffer.cut_off_observations.data() + (buffer.cut_off_steps.size() - 1) * inputs);
    }
    state_.convictions[lane] = 0.0F;
    ++buffer.episodes;
    buffer.episode_log_return_sum += log_equity_before_[lane] + std::log1p(net_returns_[lane]);
  }
}

}  // namespace regent::rl
