#include "models/policy_file.hpp"

#include <charconv>

#include "base/error.hpp"

namespace regent::models {
namespace {

constexpr std::int64_t inputs_max = 1 << 20, regimes_max = 1024, hidden_max = 1 << 16, layers_max = 1024;

std::int64_t shape_value(const TensorFile& tensors, const std::string& name, std::int64_t maximum,
                         const std::string& origin) {
  const auto found = tensors.metadata.find(name);
  const std::string text = found == tensors.metadata.end() ? "nothing" : found->second;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > maximum) {
    throw InputError(origin + ": metadata '" + name + "' must be an integer from 1 to " +
                     std::to_string(maximum) + ", found " + text);
  }
  return value;
}

// Orthogonal starting weights are not worth their time when a file replaces them, and a forged shape must not
// make us allocate: every tensor is checked against the shape before a network is built.
void check_sizes(const TensorFile& tensors, const PolicyShape& shape, const std::string& origin) {
  std::size_t expected = 0;
  std::int64_t width = shape.inputs;
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    expected += static_cast<std::size_t>(width * shape.hidden + shape.hidden);
    width = shape.hidden;
  }
  expected += static_cast<std::size_t>(2 * (width * shape.regimes + shape.regimes) + shape.regimes);
  std::size_t found = 0;
  for (const auto& [name, tensor] : tensors.tensors) {
    found += tensor.count();
  }
  if (found != expected) {
    throw InputError(origin + ": holds " + std::to_string(found) + " weights, its shape needs " +
                     std::to_string(expected));
  }
}

}  // namespace

TensorFile policy_tensors(const PolicyNetwork& policy) {
  TensorFile tensors;
  const PolicyShape& shape = policy->shape();
  tensors.metadata = {{"inputs", std::to_string(shape.inputs)},
                      {"regimes", std::to_string(shape.regimes)},
                      {"hidden", std::to_string(shape.hidden)},
                      {"layers", std::to_string(shape.layers)}};
  for (const auto& parameter : policy->named_parameters()) {
    const torch::Tensor values = parameter.value().detach().to(torch::kCPU, torch::kFloat32).contiguous();
    tensors.tensors[parameter.key()] = NamedTensor::from(
        std::span<const float>(values.data_ptr<float>(), values.numel()), values.sizes().vec());
  }
  return tensors;
}

PolicyNetwork policy_from(const TensorFile& tensors, const std::string& origin) {
  PolicyShape shape;
  shape.inputs = shape_value(tensors, "inputs", inputs_max, origin);
  shape.regimes = shape_value(tensors, "regimes", regimes_max, origin);
  shape.hidden = shape_value(tensors, "hidden", hidden_max, origin);
  shape.layers = shape_value(tensors, "layers", layers_max, origin);
  if (shape.regimes >= shape.inputs) {
    throw InputError(origin + ": the macro posterior is part of the inputs, so regimes (" +
                     std::to_string(shape.regimes) + ") must be fewer than inputs (" +
                     std::to_string(shape.inputs) + ")");
  }
  check_sizes(tensors, shape, origin);
  PolicyNetwork policy(shape, 0);
  const torch::NoGradGuard no_grad;
  auto parameters = policy->named_parameters();
  for (const auto& parameter : parameters) {
    std::vector<float> values = tensors.f32(parameter.key(), parameter.value().sizes().vec());
    parameter.value().copy_(torch::from_blob(values.data(), parameter.value().sizes(), torch::kFloat32));
  }
  if (tensors.tensors.size() != parameters.size()) {
    throw InputError(origin + ": holds " + std::to_string(tensors.tensors.size()) +
                     " tensors, a policy of this shape has " + std::to_string(parameters.size()));
  }
  return policy;
}

void write_safetensors(const PolicyNetwork& policy, const std::filesystem::path& file) {
  policy_tensors(policy).write(file);
}

PolicyNetwork read_policy(const std::filesystem::path& file) {
  return policy_from(TensorFile::read(file), file.string());
}

PolicyNetwork copy_to_cpu(const PolicyNetwork& policy) {
  PolicyNetwork copy(policy->shape(), 0);
  copy_weights(policy, copy);
  return copy;
}

void copy_weights(const PolicyNetwork& from, PolicyNetwork& to) {
  const torch::NoGradGuard no_grad;
  const auto source = from->named_parameters();
  for (auto& parameter : to->named_parameters()) {
    parameter.value().copy_(source[parameter.key()]);
  }
}

}  // namespace regent::models
