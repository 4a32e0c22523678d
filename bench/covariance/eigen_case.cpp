#include "bench/covariance/eigen_case.hpp"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.hpp"
#include "cuda/covariance/eigen.hpp"

namespace regent::bench {
namespace {

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Covariances of 2n rows of returns with one common factor, each of its own draw.
template <class T>
std::vector<T> covariances(int size, int count) {
  std::mt19937_64 engine(20260101);
  std::normal_distribution<float> normal;
  std::vector<T> matrices(static_cast<std::size_t>(count) * size * size);
  std::vector<float> row(static_cast<std::size_t>(size));
  for (int m = 0; m < count; ++m) {
    T* matrix = matrices.data() + static_cast<std::size_t>(m) * size * size;
    for (int r = 0; r < 2 * size; ++r) {
      const float common = normal(engine);
      for (float& x : row) x = 0.01F * (0.5F * common + normal(engine));
      for (int i = 0; i < size; ++i) {
        for (int j = 0; j < size; ++j)
          matrix[i * size + j] += static_cast<T>(row[i] * row[j]) / static_cast<T>(2 * size);
      }
    }
  }
  return matrices;
}

template <class T>
std::string run(const EigenCase& which, int rounds) {
  const auto matrices = covariances<T>(which.size, which.count);
  std::vector<T> values(static_cast<std::size_t>(which.count) * which.size), vectors(matrices.size());
  std::vector<T> peer_values(values.size()), peer_vectors(vectors.size());
  const cuda::Resources resources = cuda::Resources::make("cpu");
  cuda::covariance::EigenReport report;
  const auto ours = [&] {
    report =
        cuda::covariance::eigen_batch<T>(resources, {matrices, which.size, which.count, values, vectors});
  };
  const auto eigen = [&] { solve_with_eigen(matrices, which.size, which.count, peer_values, peer_vectors); };
  ours();
  eigen();
  nlohmann::json json{{"device", resources.describe()},
                      {"ours", nlohmann::json::array()},
                      {"eigen", nlohmann::json::array()}};
  for (int round = 0; round < rounds; ++round) {
    json["ours"].push_back(seconds_of(ours));
    json["eigen"].push_back(seconds_of(eigen));
  }
  if (!report.failures.empty())
    throw Error("matrix " + std::to_string(report.failures[0].index) + ": " + report.failures[0].why);
  double difference = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double largest = peer_values[k / which.size * which.size + which.size - 1];
    difference = std::max(difference, std::abs(static_cast<double>(values[k]) - peer_values[k]) / largest);
  }
  json["difference"] = difference;
  json["residual"] = report.residual_max;
  json["orthogonality"] = report.orthogonality_max;
  return json.dump();
}

}  // namespace

std::string run_eigen(const EigenCase& which, int rounds) {
  return which.in_double ? run<double>(which, rounds) : run<float>(which, rounds);
}

}  // namespace regent::bench
