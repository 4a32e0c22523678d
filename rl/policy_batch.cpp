#include "rl/policy_batch.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace regent::rl {

std::span<const float> floats_of(const torch::Tensor& host) {
  return {host.data_ptr<float>(), static_cast<std::size_t>(host.numel())};
}

torch::Device device_of(const models::PolicyNetwork& policy) {
  return policy->parameters().front().device();
}

torch::Tensor macro_of(const torch::Tensor& observations, const models::ObservationLayout& layout) {
  return observations.narrow(1, static_cast<std::int64_t>(layout.features) + 1,
                             static_cast<std::int64_t>(layout.macros));
}

models::PolicyOutput evaluate_rows(models::PolicyNetwork& policy, std::span<const float> rows,
                                   const models::ObservationLayout& layout) {
  const auto inputs = static_cast<std::int64_t>(layout.inputs());
  const auto batch = static_cast<std::int64_t>(rows.size()) / inputs;
  // from_blob wants a mutable pointer; nothing here writes through it
  const torch::Tensor observations =
      torch::from_blob(const_cast<float*>(rows.data()), {batch, inputs}, torch::kFloat32)
          .to(device_of(policy));
  return policy->forward(observations, macro_of(observations, layout));
}

void copy_to_host(const torch::Tensor& tensor, std::span<float> values) {
  const torch::Tensor host = tensor.to(torch::kCPU).contiguous();
  REGENT_INVARIANT(static_cast<std::size_t>(host.numel()) == values.size(), "the tensor is of another size");
  std::ranges::copy(floats_of(host), values.begin());
}

HostOutput::HostOutput(const models::PolicyOutput& output)
    : mean(output.mean.to(torch::kCPU).contiguous()),
      log_std(output.log_std.to(torch::kCPU).contiguous()),
      means(floats_of(mean)),
      log_stds(floats_of(log_std)) {}

}  // namespace regent::rl
