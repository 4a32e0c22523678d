#include "bench/covariance/eigen_case.hpp"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.hpp"
#include "cuda/covariance/eigen.hpp"
#include "cuda/covariance/eigen_gpu.hpp"
#include "cuda/covariance/eigen_update.hpp"

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

void refuse_failures(const cuda::covariance::EigenReport& report) {
  if (!report.failures.empty())
    throw Error("matrix " + std::to_string(report.failures[0].index) + ": " + report.failures[0].why);
}

// The largest, relative to the largest eigenvalue of its matrix.
template <class T>
double difference_of(const std::vector<T>& values, const std::vector<T>& peer_values, int size) {
  double difference = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double largest = peer_values[k / size * size + size - 1];
    difference = std::max(difference, std::abs(static_cast<double>(values[k]) - peer_values[k]) / largest);
  }
  return difference;
}

// What a GPU solved, fetched.
template <class T>
struct Fetched {
  std::vector<T> values, vectors, residual, orthogonality;
  std::vector<cuda::covariance::EigenOutcome> outcomes;
};

template <class T>
Fetched<T> fetched(cuda::covariance::EigenGpu<T>& gpu, int size, int count) {
  const auto n = static_cast<std::size_t>(size), matrices = static_cast<std::size_t>(count);
  Fetched<T> out{std::vector<T>(matrices * n), std::vector<T>(matrices * n * n), std::vector<T>(matrices),
                 std::vector<T>(matrices), std::vector<cuda::covariance::EigenOutcome>(matrices)};
  gpu.fetch({nullptr, size, count, out.values.data(), out.vectors.data(), out.residual.data(),
             out.orthogonality.data(), out.outcomes.data()});
  for (const auto outcome : out.outcomes) {
    if (outcome != cuda::covariance::EigenOutcome::solved) throw Error("a matrix was not solved on the GPU");
  }
  return out;
}

// On the device alone, without the way there and back; both sides scale and check.
template <class T>
std::string run_gpu(const EigenCase& which, int rounds) {
  using cuda::covariance::EigenGpu, cuda::covariance::EigenGpuMethod;
  const auto matrices = covariances<T>(which.size, which.count);
  const cuda::Resources resources = cuda::Resources::make("cuda");
  EigenGpu<T> ours(resources, which.size, which.count, EigenGpuMethod::by_size);
  EigenGpu<T> peer(resources, which.size, which.count, EigenGpuMethod::cusolver);
  nlohmann::json json{{"device", resources.describe()},
                      {"ours", nlohmann::json::array()},
                      {"cusolver", nlohmann::json::array()}};
  const auto solve = [](EigenGpu<T>& gpu) {
    gpu.solve();
    gpu.wait();
  };
  for (EigenGpu<T>* gpu : {&ours, &peer}) {
    gpu->send(matrices.data(), which.count);
    solve(*gpu);
  }
  for (int round = 0; round < rounds; ++round) {
    json["ours"].push_back(seconds_of([&] { solve(ours); }));
    json["cusolver"].push_back(seconds_of([&] { solve(peer); }));
  }
  json["difference"] = difference_of(fetched(ours, which.size, which.count).values,
                                     fetched(peer, which.size, which.count).values, which.size);
  return json.dump();
}

// One more row for each EWMA covariance.
constexpr double keep = 0.97;
template <class T>
void add_rows(std::vector<T>& matrices, int size, std::mt19937_64& engine, std::vector<T>& rows) {
  std::normal_distribution<float> normal;
  for (std::size_t m = 0; m < rows.size() / size; ++m) {
    T *row = rows.data() + m * size, *matrix = matrices.data() + m * size * size;
    const float common = normal(engine);
    for (int i = 0; i < size; ++i) row[i] = static_cast<T>(0.01F * (0.5F * common + normal(engine)));
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j < size; ++j)
        matrix[i * size + j] = static_cast<T>(keep * matrix[i * size + j] + (1 - keep) * row[i] * row[j]);
    }
  }
}

template <class T>
std::string run_warm(const EigenCase& which, int rounds) {
  using cuda::covariance::EigenUpdate;
  auto matrices = covariances<T>(which.size, which.count);
  const auto count = static_cast<std::size_t>(which.count), size = static_cast<std::size_t>(which.size);
  std::vector<T> values(count * size), vectors(matrices.size()), cold_values(values), cold_vectors(vectors);
  std::vector<T> peer_values(values), peer_vectors(vectors), rows(count * size);
  const std::vector<T> weights(count, static_cast<T>(1 - keep));
  const cuda::Resources resources = cuda::Resources::make("cpu");
  const auto cold = [&](std::vector<T>& to_values, std::vector<T>& to_vectors) {
    refuse_failures(cuda::covariance::eigen_batch<T>(
        resources, {matrices, which.size, which.count, to_values, to_vectors}));
  };
  cold(values, vectors);
  nlohmann::json json{{"device", resources.describe()},
                      {"ours", nlohmann::json::array()},
                      {"cold", nlohmann::json::array()},
                      {"eigen", nlohmann::json::array()}};
  cuda::covariance::EigenUpdateReport report;
  std::mt19937_64 engine(20260102);
  int restarts = 0;
  for (int round = 0; round < rounds; ++round) {
    add_rows(matrices, which.size, engine, rows);
    json["ours"].push_back(seconds_of([&] {
      report = cuda::covariance::eigen_update<T>(
          resources, {matrices, which.size, which.count, T(keep), 1, weights, rows, values, vectors});
    }));
    refuse_failures(report);
    restarts += report.restarts;
    json["cold"].push_back(seconds_of([&] { cold(cold_values, cold_vectors); }));
    json["eigen"].push_back(
        seconds_of([&] { solve_with_eigen(matrices, which.size, which.count, peer_values, peer_vectors); }));
  }
  json["difference"] = difference_of(values, peer_values, which.size);
  json["restarts"] = restarts;
  json["residual"] = report.residual_max;
  json["orthogonality"] = report.orthogonality_max;
  return json.dump();
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
  refuse_failures(report);
  json["difference"] = difference_of(values, peer_values, which.size);
  json["residual"] = report.residual_max;
  json["orthogonality"] = report.orthogonality_max;
  return json.dump();
}

}  // namespace

std::string run_eigen(const EigenCase& which, int rounds) {
  if (which.gpu) return which.in_double ? run_gpu<double>(which, rounds) : run_gpu<float>(which, rounds);
  if (which.warm) return which.in_double ? run_warm<double>(which, rounds) : run_warm<float>(which, rounds);
  return which.in_double ? run<double>(which, rounds) : run<float>(which, rounds);
}

}  // namespace regent::bench
