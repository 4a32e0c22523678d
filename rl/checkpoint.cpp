#include "rl/checkpoint.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "base/sha256.hpp"
#include "rl/policy_batch.hpp"

namespace regent::rl {
namespace {

constexpr const char* format_name = "regent ppo checkpoint 1";

// The number of iterations is part of it: the learning rate falls towards the last.
std::string settings_text(const PpoSettings& s) {
  return fmt::format(
      "lanes={} horizon={} iterations={} epochs={} minibatch={} learning_rate={} discount={} gae_lambda={} "
      "clip_range={} entropy_weight={} value_weight={} gradient_norm_max={} target_kl={} seed={} "
      "cost_rate={} "
      "risk_aversion={} episode_bars={}",
      s.lanes, s.horizon, s.iterations, s.epochs, s.minibatch, s.learning_rate, s.discount, s.gae_lambda,
      s.clip_range, s.entropy_weight, s.value_weight, s.gradient_norm_max, s.target_kl, s.seed,
      s.environment.cost_rate, s.environment.risk_aversion, s.environment.episode_bars);
}

std::string digest_of(std::span<const float> rows) {
  return to_hex(sha256(std::span(reinterpret_cast<const std::uint8_t*>(rows.data()), rows.size_bytes())));
}

// Only the rows that training reads.
std::string data_text(const PpoData& d) {
  const auto rows = [&](std::span<const float> table, std::size_t width, std::size_t end) {
    return digest_of(table.subspan(d.first_bar * width, (end - d.first_bar) * width));
  };
  const std::size_t symbols = d.environment.symbols;
  return fmt::format(
      "symbols={} first_bar={} end_bar={} returns={} volatilities={} features={} macro={} micro={}", symbols,
      d.first_bar, d.end_bar, rows(d.environment.execution_return, symbols, d.end_bar),
      rows(d.environment.volatility_scale, symbols, d.end_bar),
      rows(d.features, symbols * d.layout.features, d.end_bar + 1),
      rows(d.macro_posterior, d.layout.macros, d.end_bar + 1),
      rows(d.micro_posterior, d.layout.states, d.end_bar + 1));
}

NamedTensor named(const torch::Tensor& tensor) {
  const torch::Tensor host = tensor.detach().to(torch::kCPU).contiguous();
  return NamedTensor::from(floats_of(host), host.sizes().vec());
}

template <typename T>
NamedTensor named_integers(const std::vector<T>& values) {
  const std::vector<std::int64_t> wide(values.begin(), values.end());
  return NamedTensor::from(std::span<const std::int64_t>(wide), {static_cast<std::int64_t>(wide.size())});
}

torch::optim::AdamParamState* moments_of(torch::optim::Adam& optimiser, const torch::Tensor& weight) {
  const auto found = optimiser.state().find(weight.unsafeGetTensorImpl());
  return found == optimiser.state().end() ? nullptr
                                          : static_cast<torch::optim::AdamParamState*>(found->second.get());
}

void require_same(const TensorFile& file, const std::string& key, const std::string& ours,
                  const std::string& name) {
  const auto found = file.metadata.find(key);
  const std::string theirs = found == file.metadata.end() ? "absent" : found->second;
  if (theirs == ours) return;
  throw InputError(
      fmt::format("{}: the checkpoint's {} is \"{}\", this run's is \"{}\"; continue with the same, or "
                  "start anew",
                  name, key, theirs, ours));
}

// A checkpoint's content in host memory, checked before anything running is touched.
struct Loaded {
  struct Weight {
    torch::Tensor weight, first_moment, second_moment;
  };
  std::vector<Weight> weights;
  std::int64_t updates = 0, iteration = 0, step = 0;
  cuda::EnvironmentState lanes;
  std::vector<float> convictions;
};

torch::Tensor tensor_from(const TensorFile& file, const std::string& name, const torch::Tensor& like) {
  std::vector<float> values = file.f32(name, like.sizes().vec());
  return torch::from_blob(values.data(), like.sizes(), torch::kFloat32).clone();
}

std::vector<std::int32_t> lane_integers(const TensorFile& file, const std::string& name, std::int64_t lanes,
                                        std::int64_t low, std::int64_t end, const std::string& origin) {
  const std::vector<std::int64_t> wide = file.i64(name, {lanes});
  for (const std::int64_t value : wide) {
    if (value < low || value >= end) {
      throw InputError(
          fmt::format("{}: tensor {} holds {}; it must be in [{}, {})", origin, name, value, low, end));
    }
  }
  return {wide.begin(), wide.end()};
}

void require_each(const std::vector<float>& values, const std::string& tensor, float low, float high,
                  const std::string& origin) {
  for (const float value : values) {
    if (value >= low && value <= high) continue;
    throw InputError(fmt::format("{}: tensor {} holds {}; it must be between {} and {}", origin, tensor,
                                 value, low, high));
  }
}

void load_lanes(const Training& training, const TensorFile& file, const std::string& origin, Loaded& loaded) {
  const std::int64_t lanes = training.settings.lanes;
  const PpoData& data = training.data;
  loaded.lanes.bar = lane_integers(file, "lanes.bar", lanes, static_cast<std::int64_t>(data.first_bar),
                                   static_cast<std::int64_t>(data.end_bar), origin);
  loaded.lanes.symbol = lane_integers(file, "lanes.symbol", lanes, 0,
                                      static_cast<std::int64_t>(data.environment.symbols), origin);
  loaded.lanes.bars_left =
      lane_integers(file, "lanes.bars_left", lanes, 1,
                    training.settings.environment.episode_bars + std::int64_t{1}, origin);
  loaded.lanes.position = file.f32("lanes.position", {lanes});
  loaded.lanes.log_equity = file.f64("lanes.log_equity", {lanes});
  loaded.convictions = file.f32("lanes.conviction", {lanes});
  require_each(loaded.convictions, "lanes.conviction", -1, 1, origin);
}

Loaded load(const Training& training, const std::string& name) {
  const TensorFile file = TensorFile::read(name);
  require_same(file, "format", format_name, name);
  require_same(file, "settings", settings_text(training.settings), name);
  require_same(file, "data", data_text(training.data), name);
  Loaded loaded;
  const std::vector<std::int64_t> counters = file.i64("counters", {3});
  loaded.iteration = counters[0];
  loaded.step = counters[1];
  loaded.updates = counters[2];
  if (loaded.iteration < 0 || loaded.step != loaded.iteration * training.settings.horizon ||
      loaded.updates < 0) {
    throw InputError(
        fmt::format("{}: tensor counters holds iteration {}, step {}, updates {}, which no run has", name,
                    loaded.iteration, loaded.step, loaded.updates));
  }
  for (const auto& weight : training.policy->named_parameters()) {
    Loaded::Weight entry{tensor_from(file, "weights." + weight.key(), weight.value()), {}, {}};
    if (loaded.updates > 0) {
      entry.first_moment = tensor_from(file, "adam_first." + weight.key(), weight.value());
      // a negative mean of squares would make Adam take a root of it
      require_each(file.f32("adam_second." + weight.key(), weight.value().sizes().vec()),
                   "adam_second." + weight.key(), 0, std::numeric_limits<float>::max(), name);
      entry.second_moment = tensor_from(file, "adam_second." + weight.key(), weight.value());
    }
    loaded.weights.push_back(std::move(entry));
  }
  load_lanes(training, file, name, loaded);
  return loaded;
}

}  // namespace

void write_checkpoint(const Training& training, const std::string& name) {
  TensorFile file;
  file.metadata = {{"format", format_name},
                   {"settings", settings_text(training.settings)},
                   {"data", data_text(training.data)}};
  std::int64_t updates = 0;
  for (const auto& weight : training.policy->named_parameters()) {
    file.tensors["weights." + weight.key()] = named(weight.value());
    const torch::optim::AdamParamState* const moments = moments_of(training.optimiser, weight.value());
    if (moments == nullptr) continue;
    updates = moments->step();
    file.tensors["adam_first." + weight.key()] = named(moments->exp_avg());
    file.tensors["adam_second." + weight.key()] = named(moments->exp_avg_sq());
  }
  const CollectorState& collector = training.collector;
  const auto lanes = training.settings.lanes;
  file.tensors["counters"] =
      named_integers(std::vector<std::int64_t>{training.iteration, collector.step, updates});
  file.tensors["lanes.bar"] = named_integers(collector.lanes.bar);
  file.tensors["lanes.symbol"] = named_integers(collector.lanes.symbol);
  file.tensors["lanes.bars_left"] = named_integers(collector.lanes.bars_left);
  file.tensors["lanes.position"] =
      NamedTensor::from(std::span<const float>(collector.lanes.position), {lanes});
  file.tensors["lanes.log_equity"] =
      NamedTensor::from(std::span<const double>(collector.lanes.log_equity), {lanes});
  file.tensors["lanes.conviction"] =
      NamedTensor::from(std::span<const float>(collector.convictions), {lanes});
  file.write(name);
}

void read_checkpoint(const Training& training, const std::string& name) {
  Loaded loaded = load(training, name);
  const torch::NoGradGuard no_grad;
  auto& adam = training.optimiser.state();
  adam.clear();
  std::size_t index = 0;
  for (auto& weight : training.policy->named_parameters()) {
    Loaded::Weight& entry = loaded.weights[index++];
    weight.value().copy_(entry.weight);
    if (loaded.updates == 0) continue;
    auto moments = std::make_unique<torch::optim::AdamParamState>();
    moments->step(loaded.updates);
    moments->exp_avg(entry.first_moment.to(weight.value().device()));
    moments->exp_avg_sq(entry.second_moment.to(weight.value().device()));
    adam[weight.value().unsafeGetTensorImpl()] = std::move(moments);
  }
  training.collector.lanes = std::move(loaded.lanes);
  training.collector.convictions = std::move(loaded.convictions);
  training.collector.step = static_cast<std::uint32_t>(loaded.step);
  training.iteration = static_cast<int>(loaded.iteration);
}

}  // namespace regent::rl
