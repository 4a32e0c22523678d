#pragma once
// Weights of a policy network as safetensors: one f32 tensor per named parameter, the shape in the metadata.

#include <filesystem>

#include "base/safetensors.hpp"
#include "models/policy_network.hpp"

namespace regent::models {

TensorFile policy_tensors(const PolicyNetwork& policy);
// On the CPU. Throws InputError for a missing or extra tensor, a wrong shape, or a value that is not finite.
PolicyNetwork policy_from(const TensorFile& tensors, const std::string& origin);

void write_safetensors(const PolicyNetwork& policy, const std::filesystem::path& file);
PolicyNetwork read_policy(const std::filesystem::path& file);

// The same weights on the CPU, sharing nothing with `policy`.
PolicyNetwork copy_to_cpu(const PolicyNetwork& policy);
void copy_weights(const PolicyNetwork& from, PolicyNetwork& to);  // REQUIRES equal shapes; devices may differ

}  // namespace regent::models
