// Regent's side of the HMM benchmark; compare.py runs it beside hmmlearn. Prints one JSON object per run.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "bench/hmm/em.hpp"
#include "bench/hmm/memory.hpp"
#include "bench/hmm/reference.hpp"
#include "bench/hmm/tick.hpp"
#include "cuda/hmm/forward.hpp"
#include "cuda/hmm/viterbi.hpp"

namespace regent::bench {
namespace {

struct Options {
  std::string folder, name, precision = "float", device = "cpu";
  int iterations = 4, repeats = 5;
  bool make = false, quick = false, check = false, memory = false;
};

constexpr int checked_series = 2;

template <class Work>
double seconds_of(const Work& work) {
  const auto began = Clock::now();
  work();
  return seconds_since(began);
}

template <class Work>
double median_seconds(int repeats, const Work& work) {
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) times.push_back(seconds_of(work));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// The largest difference from the reference, relative to the reference or to one.
class Error {
 public:
  void see(double ours, double reference) {
    const double error = std::abs(ours - reference) / std::max(1.0, std::abs(reference));
    if (!(error <= largest_)) largest_ = error;
  }
  double largest() const { return largest_; }

 private:
  double largest_ = 0;
};

const SeriesSet& set_of(const Scenario& scenario, const std::string& name) {
  return name == "em_long" ? scenario.single : scenario.batch;
}
const hmm::Model& model_of(const Scenario& scenario, const std::string& name) {
  return name == "em_batch_3x3" || name == "gpu_em" ? scenario.hierarchy : scenario.flat;
}
Reference reference_for(const hmm::Model& model, const SeriesSet& set, int series) {
  return reference_of(model, &set.values[series * set.bars * model.dimension()], set.bars);
}

template <class T>
double em_error(BatchEm<T>& em, const hmm::Model& model, const SeriesSet& set) {
  const Ascended one = em.run(1);
  Error error;
  for (int i = 0; i < std::min(checked_series, set.series); ++i) {
    const Reference truth = reference_for(model, set, i);
    const hmm::LaneFit expected = [&] {
      hmm::Model after = model;
      after.means = truth.means;
      after.covariances = truth.covariances;
      return lane_fit_of(after);
    }();
    if (set.series == 1) error.see(one.log_likelihood.front(), truth.log_likelihood);
    for (std::size_t e = 0; e < expected.means.size(); ++e)
      error.see(one.fits[i].means[e], expected.means[e]);
    for (std::size_t e = 0; e < expected.covariances.size(); ++e)
      error.see(one.fits[i].covariances[e], expected.covariances[e]);
  }
  return error.largest();
}

template <class T>
nlohmann::json run_em(const cuda::Resources& resources, const Options& options, const Scenario& scenario) {
  const SeriesSet& set = set_of(scenario, options.name);
  const hmm::Model& model = model_of(scenario, options.name);
  Aligned<T> observations;
  const double layout = seconds_of([&] { observations = observations_of<T>(set, model.dimension()); });
  BatchEm<T> em(resources, model, set, observations);
  const double error = options.check ? em_error(em, model, set) : em.run(1).log_likelihood[0] * 0;
  Ascended result;
  const double seconds = median_seconds(options.repeats, [&] { result = em.run(options.iterations); });
  return {{"value", static_cast<double>(set.series * set.bars * options.iterations) / seconds},
          {"seconds", seconds},
          {"e_step_share", result.e_step_share},
          {"run_again", result.run_again},
          {"layout_ms", layout * 1e3},
          {"log_likelihood", result.log_likelihood},
          {"error", error}};
}

// A model in every lane of its series, laid out once and timed by run_on_lanes.
template <class T>
struct LanesOfCase {
  const SeriesSet& set;
  const hmm::Model& model;
  Aligned<T> observations, parameters;
  LanesOfCase(const Options& options, const Scenario& scenario)
      : set(set_of(scenario, options.name)),
        model(model_of(scenario, options.name)),
        observations(observations_of<T>(set, model.dimension())),
        parameters(parameters_of<T>(model, set.series)) {}
  cuda::hmm::BatchView<T> view() const { return view_of(model, set, parameters, observations); }
};

// work() fills `likelihoods`, one a series; see(error, series, reference) compares a series with its
// reference.
template <class T, class Work, class See>
nlohmann::json run_on_lanes(const Options& options, const LanesOfCase<T>& lanes,
                            const std::vector<double>& likelihoods, const Work& work, const See& see) {
  work();
  const double seconds = median_seconds(options.repeats, work);
  Error error;
  for (int i = 0; options.check && i < checked_series; ++i)
    see(error, i, reference_for(lanes.model, lanes.set, i));
  double sum = 0;
  for (int i = 0; i < lanes.set.series; ++i) sum += likelihoods[i];
  return {{"value", static_cast<double>(lanes.set.series * lanes.set.bars) / seconds},
          {"log_likelihood", {sum}},
          {"error", error.largest()}};
}

template <class T>
nlohmann::json run_viterbi(const cuda::Resources& resources, const Options& options,
                           const Scenario& scenario) {
  const LanesOfCase<T> lanes(options, scenario);
  Aligned<std::uint8_t> path(padded(lanes.set.series) * lanes.set.bars);
  std::vector<double> log_probability(padded(lanes.set.series));
  return run_on_lanes(
      options, lanes, log_probability,
      [&] { cuda::hmm::viterbi<T>(resources, lanes.view(), path, log_probability); },
      [&](Error& error, int series, const Reference& truth) {
        error.see(log_probability[series], truth.best_log_probability);
      });
}

template <class T>
nlohmann::json run_filter(const cuda::Resources& resources, const Options& options,
                          const Scenario& scenario) {
  const LanesOfCase<T> lanes(options, scenario);
  const std::size_t rows = static_cast<std::size_t>(lanes.set.bars) * lanes.model.states();
  Aligned<T> posteriors(padded(lanes.set.series) * rows);
  std::vector<double> log_likelihood(padded(lanes.set.series));
  return run_on_lanes(
      options, lanes, log_likelihood,
      [&] { cuda::hmm::forward<T>(resources, lanes.view(), posteriors, log_likelihood); },
      [&](Error& error, int series, const Reference& truth) {
        error.see(log_likelihood[series], truth.log_likelihood);
        for (std::size_t row = 0; row < rows; ++row)
          error.see(posteriors[cuda::hmm::lane_index(series, row, rows)], truth.filtered[row]);
      });
}

template <class T>
nlohmann::json run_case(const cuda::Resources& resources, const Options& options, const Scenario& scenario) {
  if (options.name == "viterbi_batch") return run_viterbi<T>(resources, options, scenario);
  if (options.name == "filter_batch") return run_filter<T>(resources, options, scenario);
  if (options.name == "tick_5000" || options.name == "gpu_tick_5000")
    return run_tick<T>(resources, scenario.hierarchy, options.quick);
  return run_em<T>(resources, options, scenario);
}

nlohmann::json run_one(const cuda::Resources& resources, const Options& options, const Scenario& scenario) {
  nlohmann::json result = options.precision == "float" ? run_case<float>(resources, options, scenario)
                                                       : run_case<double>(resources, options, scenario);
  result["case"] = options.name;
  result["precision"] = options.precision;
  result["device"] = resources.describe();
  return result;
}

// Without a folder: the cases of a GPU, on series of its own making, held against the reference.
int run_on_gpu(const Options& given) {
  Options options = given;
  options.check = true;
  const cuda::Resources resources = cuda::Resources::make(options.device);
  Scenario scenario = make_scenario(options.quick);
  bool good = true, known = false;
  for (const char* name : {"em_batch_k3", "viterbi_batch", "filter_batch", "gpu_tick_5000", "gpu_em"}) {
    if (!given.name.empty() && given.name != name) continue;
    known = true;
    options.name = name;
    if (options.name == "gpu_em") {
      scenario = Scenario{};
      scenario = make_gpu_scenario(options.quick);
      options.iterations = options.quick ? 2 : 50;
      options.repeats = 1;
    }
    for (const char* precision : {"float", "double"}) {
      if (options.name == "gpu_em" && std::string(precision) == "double" && !options.quick) continue;
      options.precision = precision;
      const nlohmann::json result = run_one(resources, options, scenario);
      good = good && result.at("error") <= 1e-4;
      std::cout << result.dump() << std::endl;
    }
  }
  if (!known) throw InputError("no case " + given.name + " for a GPU");
  if (!good) std::cerr << "a result differs from the double reference by more than 1e-4\n";
  return good ? 0 : exit_failure;
}

int bench(const Options& options) {
  if (options.memory) {
    std::cout << measure_memory(options.quick).dump() << "\n";
    return 0;
  }
  if (options.folder.empty()) return run_on_gpu(options);
  if (options.make) {
    write_scenario(make_scenario(options.quick), options.folder);
    return 0;
  }
  const cuda::Resources resources = cuda::Resources::make(options.device);
  const Scenario scenario = read_scenario(options.folder);
  std::cout << run_one(resources, options, scenario).dump() << "\n";
  return 0;
}

}  // namespace
}  // namespace regent::bench

int main(int argc, char** argv) {
  CLI::App app("Speed of the regime engine; scripts/bench hmm runs it beside hmmlearn", "bench-hmm");
  regent::bench::Options options;
  app.add_option("--folder", options.folder, "The series and models; without it the cases of a GPU");
  app.add_flag("--make", options.make, "Write them");
  app.add_flag("--quick", options.quick, "Short series, for a test of the benchmark itself");
  app.add_option("--case", options.name,
                 "For example em_batch_k3; without a folder: this case of a GPU alone");
  app.add_option("--precision", options.precision)->check(CLI::IsMember({"float", "double"}));
  app.add_option("--device", options.device)->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  app.add_option("--iterations", options.iterations, "Of EM")->check(CLI::Range(1, 1000));
  app.add_option("--repeats", options.repeats, "The median counts")->check(CLI::Range(1, 1000));
  app.add_flag("--check", options.check, "Hold the result against the double reference");
  app.add_flag("--memory", options.memory, "Memory of EM over 5,000 series of 10,000 bars, K = 9");
  return regent::run_command(app, argc, argv, [&] { return regent::bench::bench(options); });
}
