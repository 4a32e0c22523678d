#include "bench/hmm/scenario.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.hpp"

namespace regent::bench {
namespace {

constexpr int dimension = 4;

hmm::Model model_of(int macros, int micros) {
  hmm::Model model;
  model.macros = macros;
  model.micros = micros;
  for (int d = 0; d < dimension; ++d) model.features.push_back("feature_" + std::to_string(d));
  for (int i = 0; i < macros; ++i) {
    model.labels.push_back("regime_" + std::to_string(i));
    model.macro_start.push_back(1.0 / macros);
    for (int to = 0; to < macros; ++to)
      model.macro_transition.push_back(macros == 1 ? 1.0 : i == to ? 0.0 : 1.0 / (macros - 1));
    for (int j = 0; j < micros; ++j) {
      model.micro_start.push_back(1.0 / micros);
      model.micro_exit.push_back(macros == 1 ? 0.0 : 0.01 + 0.005 * j);
      for (int to = 0; to < micros; ++to)
        model.micro_transition.push_back(j == to ? 0.9 : 0.1 / (micros - 1));
    }
  }
  const double spreads[] = {0.6, 1.0, 2.2};
  for (int k = 0; k < macros * micros; ++k) {
    const int wide = macros == 1 ? k : k / micros, place = macros == 1 ? 0 : k % micros - 1;
    for (int d = 0; d < dimension; ++d) {
      const double level = d % 2 == 0 ? 0.8 * wide : -0.6 * wide;
      model.means.push_back(level + 0.8 * place * spreads[wide] * (d == 1 ? -1 : 1));
    }
    for (int r = 0; r < dimension; ++r) {
      for (int c = 0; c < dimension; ++c)
        model.covariances.push_back(0.5 * spreads[wide] * spreads[wide] * (r == c ? 1.0 : 0.25));
    }
  }
  return model;
}

// Draws series of a model one after the other. All states of the hierarchy share a correlation of ¼ between
// features: one common factor and own noise.
class Simulator {
 public:
  Simulator(const hmm::Model& model, std::uint64_t seed)
      : model_(model), transition_(model.flat_transition()), engine_(seed) {}

  void draw(std::int64_t bars, double* values) {
    const int states = model_.states();
    int state = static_cast<int>(engine_() % states);
    for (std::int64_t bar = 0; bar < bars; ++bar) {
      double left = uniform_(engine_);
      int to = 0;
      while (to + 1 < states && (left -= transition_[state * states + to]) >= 0) ++to;
      state = to;
      const double deviation = std::sqrt(model_.covariances[state * dimension * dimension]);
      const double common = std::sqrt(0.25) * normal_(engine_);
      for (int d = 0; d < dimension; ++d) {
        *values++ =
            model_.means[state * dimension + d] + deviation * (common + std::sqrt(0.75) * normal_(engine_));
      }
    }
  }

 private:
  const hmm::Model& model_;
  std::vector<double> transition_;
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

SeriesSet empty_set(int series, std::int64_t bars) {
  return {series, bars, std::vector<double>(static_cast<std::size_t>(series) * bars * dimension)};
}

SeriesSet simulate(const hmm::Model& model, int series, std::int64_t bars, std::uint64_t seed) {
  SeriesSet set = empty_set(series, bars);
  Simulator simulator(model, seed);
  for (int which = 0; which < series; ++which) simulator.draw(bars, &set.values[which * bars * dimension]);
  return set;
}

// The models that fits start from: near, but not at, the truth.
Scenario without_series() {
  Scenario scenario;
  scenario.flat = model_of(1, 3);
  scenario.hierarchy = model_of(3, 3);
  for (double& mean : scenario.hierarchy.means) mean *= 0.9;
  return scenario;
}

nlohmann::json to_json(const hmm::Model& model) {
  return {{"start", model.flat_start()},
          {"transition", model.flat_transition()},
          {"means", model.means},
          {"covariances", model.covariances}};
}

void write_values(const SeriesSet& set, const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(set.values.data()),
            static_cast<std::streamsize>(set.values.size() * sizeof(double)));
  if (!out) throw InputError("cannot write " + file.string());
}

SeriesSet read_values(const nlohmann::json& sizes, const std::filesystem::path& file) {
  SeriesSet set{sizes.at("series"), sizes.at("bars"), {}};
  set.values.resize(static_cast<std::size_t>(set.series) * set.bars * dimension);
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(set.values.data()),
          static_cast<std::streamsize>(set.values.size() * sizeof(double)));
  if (!in) throw InputError("cannot read " + file.string());
  return set;
}

}  // namespace

Scenario make_scenario(bool quick) {
  const hmm::Model truth = model_of(3, 3);
  Scenario scenario = without_series();
  scenario.batch = simulate(truth, quick ? 32 : 512, quick ? 2048 : 4096, 20261126);
  scenario.single = simulate(truth, 1, quick ? 50'000 : 1'000'000, 20261127);
  return scenario;
}

Scenario make_gpu_scenario(bool quick) {
  const hmm::Model truth = model_of(3, 3);
  Scenario scenario = without_series();
  SeriesSet& set = scenario.batch;
  set = empty_set(quick ? 64 : 5000, quick ? 2500 : 10'000);
  tbb::parallel_for(0, set.series, [&](int which) {
    Simulator(truth, 20261128 + which).draw(set.bars, &set.values[which * set.bars * dimension]);
  });
  return scenario;
}

void write_scenario(const Scenario& scenario, const std::filesystem::path& folder) {
  write_values(scenario.batch, folder / "batch");
  write_values(scenario.single, folder / "single");
  const nlohmann::json task{
      {"batch", {{"series", scenario.batch.series}, {"bars", scenario.batch.bars}}},
      {"single", {{"series", 1}, {"bars", scenario.single.bars}}},
      {"models", {{"flat", to_json(scenario.flat)}, {"hierarchy", to_json(scenario.hierarchy)}}}};
  std::ofstream(folder / "task.json") << task.dump(1) << "\n";
}

Scenario read_scenario(const std::filesystem::path& folder) {
  std::ifstream in(folder / "task.json");
  const nlohmann::json task = nlohmann::json::parse(in);
  Scenario scenario = without_series();
  scenario.batch = read_values(task.at("batch"), folder / "batch");
  scenario.single = read_values(task.at("single"), folder / "single");
  return scenario;
}

}  // namespace regent::bench
