#include "models/policy_network.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace regent::models {
namespace {

constexpr double trunk_gain = 1.4142135623730951;
constexpr double mean_gain =
    0.01;  // the first policy is close to flat, so exploration starts around no position
constexpr double value_gain = 1.0;
constexpr double log_std_start = -0.5;

// Close to normal (Irwin-Hall: twelve uniforms) from additions alone, so that no maths library can change a
// weight.
double nearly_normal(const Random& random, std::uint32_t tensor, std::uint32_t row, std::uint32_t column) {
  double sum = -6;
  for (std::uint32_t part = 0; part < 6; ++part) {
    const Philox4 bits = random.bits(tensor, row, column * 6 + part, Purpose::network_weights);
    sum += uniform_from_bits(bits.x, bits.y) + uniform_from_bits(bits.z, bits.w);
  }
  return sum;
}

double dot(const double* left, const double* right, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += left[i] * right[i];
  return sum;
}

// Makes the `count` vectors of length `length` (count <= length) orthonormal: Gram-Schmidt, twice for
// orthogonality to rounding (Giraud, Langou, Rozloznik, 2005).
void orthonormalise(std::vector<double>& vectors, std::int64_t count, std::int64_t length) {
  for (std::int64_t i = 0; i < count; ++i) {
    double* const current = vectors.data() + i * length;
    for (int pass = 0; pass < 2; ++pass) {
      for (std::int64_t j = 0; j < i; ++j) {
        const double* const earlier = vectors.data() + j * length;
        const double overlap = dot(current, earlier, length);
        for (std::int64_t k = 0; k < length; ++k) current[k] -= overlap * earlier[k];
      }
    }
    const double norm = std::sqrt(dot(current, current, length));
    REGENT_INVARIANT(norm > 1e-6, "random vectors of an orthogonal start are linearly dependent");
    for (std::int64_t k = 0; k < length; ++k) current[k] /= norm;
  }
}

// weight [rows, columns] with orthonormal rows, or columns where there are more rows than columns; bias 0.
// Source: Saxe, McClelland, Ganguli (2014), Exact solutions to the nonlinear dynamics of learning.
void start_orthogonal(torch::nn::Linear& layer, double gain, const Random& random, std::uint32_t tensor) {
  const std::int64_t rows = layer->weight.size(0);
  const std::int64_t columns = layer->weight.size(1);
  const std::int64_t count = std::min(rows, columns);
  const std::int64_t length = std::max(rows, columns);
  std::vector<double> vectors(static_cast<std::size_t>(count * length));
  for (std::int64_t i = 0; i < count * length; ++i) {
    vectors[static_cast<std::size_t>(i)] = nearly_normal(
        random, tensor, static_cast<std::uint32_t>(i / length), static_cast<std::uint32_t>(i % length));
  }
  orthonormalise(vectors, count, length);
  std::vector<float> weights(vectors.size());
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t from = rows <= columns ? row * length + column : column * length + row;
      weights[static_cast<std::size_t>(row * columns + column)] =
          static_cast<float>(gain * vectors[static_cast<std::size_t>(from)]);
    }
  }
  const torch::NoGradGuard no_grad;
  layer->weight.copy_(torch::from_blob(weights.data(), {rows, columns}, torch::kFloat32));
  layer->bias.zero_();
}

}  // namespace

PolicyNetworkImpl::PolicyNetworkImpl(const PolicyShape& shape, std::uint64_t seed) : shape_(shape) {
  REGENT_INVARIANT(shape.inputs > 0 && shape.regimes > 0 && shape.hidden > 0 && shape.layers > 0,
                   "every size of a policy network must be positive");
  REGENT_INVARIANT(shape.regimes < shape.inputs, "the macro posterior is part of the inputs");
  const Random random{seed};
  std::uint32_t tensor = 0;
  trunk_ = register_module("trunk", torch::nn::Sequential());
  std::int64_t width = shape.inputs;
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    torch::nn::Linear linear(width, shape.hidden);
    start_orthogonal(linear, trunk_gain, random, tensor++);
    trunk_->push_back(linear);
    trunk_->push_back(torch::nn::Tanh());
    width = shape.hidden;
  }
  mean_heads_ = register_module("mean_heads", torch::nn::Linear(width, shape.regimes));
  start_orthogonal(mean_heads_, mean_gain, random, tensor++);
  value_heads_ = register_module("value_heads", torch::nn::Linear(width, shape.regimes));
  start_orthogonal(value_heads_, value_gain, random, tensor++);
  log_std_ = register_parameter("log_std", torch::full({shape.regimes}, log_std_start, torch::kFloat32));
}

PolicyOutput PolicyNetworkImpl::forward(const torch::Tensor& observation,
                                        const torch::Tensor& macro_posterior) {
  const torch::Tensor hidden = trunk_->forward(observation);
  return {(mean_heads_->forward(hidden) * macro_posterior).sum(1), torch::mv(macro_posterior, log_std_),
          (value_heads_->forward(hidden) * macro_posterior).sum(1)};
}

}  // namespace regent::models
