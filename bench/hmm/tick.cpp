#include "bench/hmm/tick.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "bench/hmm/reference.hpp"
#include "hmm/live_filter.hpp"

namespace regent::bench {
namespace {

std::vector<hmm::Model> models_around(const hmm::Model& model, int symbols) {
  std::mt19937_64 engine(20261128);
  std::normal_distribution<double> normal;
  std::vector<hmm::Model> models(symbols, model);
  for (hmm::Model& one : models) {
    for (double& mean : one.means) mean += 0.1 * normal(engine);
  }
  return models;
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

// Against the whole series of symbol 0 and of the last.
template <class T>
double tick_error(const hmm::LiveFilter<T>& filter, const std::vector<hmm::Model>& models,
                  const std::vector<std::vector<double>>& ticks) {
  double largest = 0;
  const std::size_t dimension = models[0].dimension(), states = models[0].states();
  for (std::size_t symbol : {std::size_t{0}, models.size() - 1}) {
    std::vector<double> series;
    for (const auto& tick : ticks) {
      series.insert(series.end(), tick.begin() + static_cast<std::ptrdiff_t>(symbol * dimension),
                    tick.begin() + static_cast<std::ptrdiff_t>((symbol + 1) * dimension));
    }
    const Reference truth =
        reference_of(models[symbol], series.data(), static_cast<std::int64_t>(ticks.size()));
    for (std::size_t k = 0; k < states; ++k) {
      const double ours = filter.posteriors()[symbol * states + k];
      const double error = std::abs(ours - truth.filtered[(ticks.size() - 1) * states + k]);
      if (!(error <= largest)) largest = error;
    }
    const double error = std::abs(filter.log_likelihood(symbol) / truth.log_likelihood - 1);
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

}  // namespace

template <class T>
nlohmann::json run_tick(const cuda::Resources& resources, const hmm::Model& model, bool quick) {
  const int symbols = quick ? 200 : 5000, measured = quick ? 100 : 2000;
  const std::vector<hmm::Model> models = models_around(model, symbols);
  hmm::LiveFilter<T> filter(resources, models);
  std::mt19937_64 engine(20261129);
  std::normal_distribution<double> normal(0.5, 1.5);
  std::vector<std::vector<double>> some(64);
  for (auto& tick : some) {
    tick.resize(static_cast<std::size_t>(symbols) * model.dimension());
    for (double& value : tick) value = normal(engine);
  }
  std::vector<std::vector<double>> seen;
  std::vector<double> times;
  for (int i = 0; i < measured + 200; ++i) {
    const auto& tick = some[i % some.size()];
    const auto began = std::chrono::steady_clock::now();
    filter.update(tick);
    const auto took = std::chrono::steady_clock::now() - began;
    if (i >= 200) times.push_back(std::chrono::duration<double, std::micro>(took).count());
  }
  for (int i = 0; i < measured + 200; ++i) seen.push_back(some[i % some.size()]);
  const double error = tick_error(filter, models, seen);
  return {{"value", quantile(times, 0.99)},
          {"p50_us", quantile(times, 0.5)},
          {"p99_us", quantile(times, 0.99)},
          {"symbols", symbols},
          {"error", error}};
}

template nlohmann::json run_tick<float>(const cuda::Resources&, const hmm::Model&, bool);
template nlohmann::json run_tick<double>(const cuda::Resources&, const hmm::Model&, bool);

}  // namespace regent::bench
