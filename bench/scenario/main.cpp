// Regent's side of the scenario benchmark; compare.py runs it beside the same model in NumPy. Prints one JSON
// object per run.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/command_line.hpp"
#include "bench/scenario/ceiling.hpp"
#include "bench/scenario/known_answers.hpp"
#include "bench/scenario/law.hpp"
#include "cuda/scenario/launch.hpp"

namespace regent::bench {
namespace {

struct Options {
  std::string name = "scenario_16", device = "cpu";
  bool own_volatility = false;
  std::int64_t paths = 20000;
  int repeats = 5;
};

template <class Work>
double median_seconds(int repeats, const Work& work) {
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const auto began = std::chrono::steady_clock::now();
    work();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// What makes own shocks of normals, [assets, coefficients]: drawing Student-t numbers would take NumPy
// longer.
nlohmann::json curves_of(const cuda::scenario::Law& law) {
  nlohmann::json rows;
  for (const double dof : law.idiosyncratic_dof) rows.push_back(cuda::scenario::detail::student_curve(dof));
  return rows;
}

nlohmann::json law_json(const cuda::scenario::Law& law) {
  return {{"start", law.start},
          {"transition", law.transition},
          {"drift", law.drift},
          {"loadings", law.loadings},
          {"idiosyncratic", law.idiosyncratic},
          {"curves", curves_of(law)},
          {"intensity", law.jumps.intensity},
          {"jump_mean", law.jumps.mean},
          {"jump_deviation", law.jumps.deviation},
          {"participation", law.jumps.participation},
          {"apart", law.own_volatility.apart},
          {"persistence", law.own_volatility.persistence},
          {"response", law.own_volatility.response}};
}

nlohmann::json run_scenarios(const cuda::Resources& resources, const Options& options) {
  const auto law = benchmark_law(options.own_volatility);
  const auto task = benchmark_task(law);
  cuda::scenario::Outcomes out = cuda::scenario::run(resources, task, 0, options.paths);
  const double seconds =
      median_seconds(options.repeats, [&] { out = cuda::scenario::run(resources, task, 0, options.paths); });
  std::vector<double> drawdown(out.drawdown_max.begin(), out.drawdown_max.end());
  std::vector<double> square;
  for (const double x : out.final_equity) square.push_back(x * x);
  return {{"value", static_cast<double>(options.paths) * steps / seconds},
          {"seconds", seconds},
          {"mean_equity", mean(out.final_equity)},
          {"mean_square", mean(square)},
          {"mean_drawdown", mean(drawdown)},
          {"mean_turnover", mean(out.turnover)}};
}

int run(const Options& options) {
  const auto resources = cuda::Resources::make(options.device);
  if (options.name == "known_answers")
    return check_known_answers(resources, options.paths) ? 0 : exit_failure;
  if (options.name == "law") {
    std::cout << law_json(benchmark_law(options.own_volatility)).dump() << '\n';
  } else if (options.name == "ceiling") {
    const double seconds =
        median_seconds(options.repeats, [&] { normals_alone(resources, options.paths, normals_per_path); });
    std::cout << nlohmann::json{{"value", static_cast<double>(options.paths) * steps / seconds}}.dump()
              << '\n';
  } else {
    std::cout << run_scenarios(resources, options).dump() << '\n';
  }
  return 0;
}

}  // namespace
}  // namespace regent::bench

int main(int argc, char** argv) {
  CLI::App app("Scenario benchmark", "bench-scenario");
  regent::bench::Options options;
  app.add_option("--case", options.name)
      ->check(CLI::IsMember({"scenario_16", "ceiling", "law", "known_answers"}));
  app.add_flag("--own-volatility", options.own_volatility);
  app.add_option("--device", options.device);
  app.add_option("--paths", options.paths);
  app.add_option("--repeats", options.repeats);
  return regent::run_command(app, argc, argv, [&] { return regent::bench::run(options); });
}
