#include "bench/scenario/known_answers.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include "tests/cuda/scenario/laws.hpp"

namespace regent::bench {
namespace {

using namespace cuda::scenario;
using cuda::scenario::test::Estimate;

constexpr std::uint64_t seed = 7;

class Answers {
 public:
  Answers(const cuda::Resources& resources, std::int64_t paths) : resources_(resources), paths_(paths) {}
  bool all_met() const { return met_; }

  void say(const std::string& name, const Estimate& estimate, double answer) {
    const double distance = (estimate.mean - answer) / estimate.standard_error;
    const bool met = std::abs(distance) <= 3;
    met_ = met_ && met;
    std::printf("%-34s %14.9f %14.9f %8.2f standard errors%s\n", name.c_str(), estimate.mean, answer,
                distance, met ? "" : "  MISSED");
  }
  void call(const std::string& name, const Law& law, int steps, double discount, double answer) {
    say(name, test::call(paths_of(law, steps), 100, 100, discount), answer);
  }
  void tail_risk() {
    std::vector<double> losses = paths_of(test::one_asset(0, 0.01), 1).final_equity;
    for (double& x : losses) x = -std::log(x) / 0.01;
    const auto tail = static_cast<std::ptrdiff_t>(losses.size() / 100);
    std::nth_element(losses.begin(), losses.end() - tail, losses.end());
    const std::vector<double> worst(losses.end() - tail, losses.end());
    const double var = 2.326347874, es = 2.665214220, n = static_cast<double>(losses.size());
    const double density = std::exp(-0.5 * var * var) / std::sqrt(2 * M_PI);
    say("Gaussian VaR 99 %", {worst.front(), std::sqrt(0.01 * 0.99 / n) / density}, var);
    const Estimate mean = test::mean_of(worst, [](double x) { return x; });
    const double error =
        std::sqrt(mean.standard_error * mean.standard_error + 0.99 * (es - var) * (es - var) / (0.01 * n));
    say("Gaussian ES 99 %", {mean.mean, error}, es);
  }
  void stationary() {
    const Outcomes out = paths_of(test::chain({.95, .04, .01, .06, .9, .04, .05, .15, .8}), 150);
    const double answer[3] = {.53639847, .36398467, .09961686}, n = static_cast<double>(paths_);
    for (int k = 0; k < 3; ++k) {
      const double share = static_cast<double>(std::ranges::count(out.final_regime, k)) / n;
      say("stationary law, regime " + std::to_string(k), {share, std::sqrt(answer[k] * (1 - answer[k]) / n)},
          answer[k]);
    }
  }

 private:
  Outcomes paths_of(const Law& law, int steps) const {
    return run(resources_, test::hold(law, steps, seed), 0, paths_);
  }
  const cuda::Resources& resources_;
  std::int64_t paths_;
  bool met_ = true;
};

}  // namespace

bool check_known_answers(const cuda::Resources& resources, std::int64_t paths) {
  Answers answers(resources, paths);
  const double half_year = std::exp(-0.08 * 0.5);
  answers.call("Black-Scholes call", test::black_scholes(0.05, 0.2, 1, 12), 12, std::exp(-0.05),
               10.450583572186);
  answers.call("Merton call, lambda 1", test::merton(0.08, 0.25, 1, 0.25, 0.5, 4), 4, half_year,
               8.9541950687);
  answers.call("Merton call, lambda 5", test::merton(0.08, 0.25, 5, 0.5, 0.5, 4), 4, half_year, 8.9623323098);
  // the scheme's bias falls with its step: at 1,000 it lies below what 10^7 paths see
  answers.call("Heston call", test::heston({0.01, 0.02, 0.04, 4, 0.25, 1, -0.5, 1}, 1000), 1000,
               std::exp(-0.01), 16.070154917);
  answers.tail_risk();
  answers.stationary();
  return answers.all_met();
}

}  // namespace regent::bench
