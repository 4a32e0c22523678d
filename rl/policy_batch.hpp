#pragma once
// Rows of observations in host memory through the policy network and back.

#include <span>

#include "models/observation.hpp"
#include "models/policy_network.hpp"

namespace regent::rl {

// The numbers of a contiguous float tensor in host memory: a view, which lives no longer than the tensor.
std::span<const float> floats_of(const torch::Tensor& host);

torch::Device device_of(const models::PolicyNetwork& policy);

// The macro posterior inside observations [rows, inputs]: a view [rows, M].
torch::Tensor macro_of(const torch::Tensor& observations, const models::ObservationLayout& layout);

// rows: [batch, inputs], borrowed for the call. The output lies on the policy's device.
models::PolicyOutput evaluate_rows(models::PolicyNetwork& policy, std::span<const float> rows,
                                   const models::ObservationLayout& layout);

void copy_to_host(const torch::Tensor& tensor, std::span<float> values);

// Mean and log standard deviation in host memory.
struct HostOutput {
  explicit HostOutput(const models::PolicyOutput& output);
  torch::Tensor mean, log_std;  // own the memory
  std::span<const float> means, log_stds;
};

}  // namespace regent::rl
