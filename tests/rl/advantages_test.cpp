#include "rl/advantages.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/philox.hpp"
#include "cuda/trading/environment.hpp"

namespace regent::rl {
namespace {

struct Case {
  std::size_t horizon, lanes;
  std::vector<float> rewards, values, cut_off;
  std::vector<std::uint8_t> done;

  Case(std::size_t steps, std::size_t lane_count, std::uint64_t seed) : horizon(steps), lanes(lane_count) {
    const Random random{seed};
    for (std::uint32_t i = 0; i < (steps + 1) * lane_count; ++i) {
      const Philox4 bits = random.bits(i, 0, 0, Purpose::none);
      const Philox4 more = random.bits(i, 1, 0, Purpose::none);
      values.push_back(static_cast<float>(4 * uniform_from_bits(bits.x, bits.y) - 2));
      if (i >= steps * lane_count) continue;
      rewards.push_back(static_cast<float>(2 * uniform_from_bits(bits.z, bits.w) - 1));
      cut_off.push_back(static_cast<float>(4 * uniform_from_bits(more.x, more.y) - 2));
      const double end = uniform_from_bits(more.z, more.w);
      done.push_back(end < 0.1    ? cuda::episode_time_limit
                     : end < 0.15 ? cuda::episode_ruined
                                  : cuda::episode_runs);
    }
  }
  AdvantageInputs inputs(double discount, double lambda) const {
    return {rewards, values, cut_off, done, horizon, lanes, discount, lambda};
  }
  // The state's value that step t of a lane led to.
  double next_value(std::size_t t, std::size_t lane) const {
    const std::size_t i = t * lanes + lane;
    if (done[i] == cuda::episode_ruined) return 0;
    return done[i] == cuda::episode_time_limit ? cut_off[i] : values[i + lanes];
  }
  // The n-step return that starts at t: rewards until the episode or the roll-out ends, then the value.
  double n_step_return(std::size_t t, std::size_t lane, std::size_t n, double discount) const {
    double sum = 0;
    double weight = 1;
    for (std::size_t k = t; k < t + n; ++k) {
      sum += weight * rewards[k * lanes + lane];
      weight *= discount;
      if (done[k * lanes + lane] != cuda::episode_runs || k + 1 == t + n)
        return sum + weight * next_value(k, lane);
    }
    return sum;
  }
  std::size_t steps_left(std::size_t t, std::size_t lane) const {
    std::size_t n = 1;
    while (t + n < horizon && done[(t + n - 1) * lanes + lane] == cuda::episode_runs) ++n;
    return n;
  }
  // The definition: an exponentially weighted mean of all n-step returns (Schulman et al., 2016, equation
  // 16), with the longest one taking all the weight that is left.
  double reference(std::size_t t, std::size_t lane, double discount, double lambda) const {
    const std::size_t last = steps_left(t, lane);
    double mean = 0;
    for (std::size_t n = 1; n <= last; ++n) {
      const double weight = n == last ? std::pow(lambda, n - 1) : (1 - lambda) * std::pow(lambda, n - 1);
      mean += weight * n_step_return(t, lane, n, discount);
    }
    return mean - values[t * lanes + lane];
  }
};

class Advantages : public testing::TestWithParam<std::pair<double, double>> {};

TEST_P(Advantages, EqualTheWeightedMeanOfAllNStepReturns) {
  const auto [discount, lambda] = GetParam();
  const Case c(40, 25, 3);
  std::vector<float> advantages(40 * 25), targets(40 * 25);
  generalised_advantages(c.inputs(discount, lambda), advantages, targets);
  for (std::size_t t = 0; t < 40; ++t) {
    for (std::size_t lane = 0; lane < 25; ++lane) {
      const double expected = c.reference(t, lane, discount, lambda);
      ASSERT_NEAR(advantages[t * 25 + lane], expected, 2e-6) << "t " << t << " lane " << lane;
      ASSERT_NEAR(targets[t * 25 + lane], expected + c.values[t * 25 + lane], 2e-6);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Weights, Advantages,
                         testing::Values(std::pair{0.9, 0.95}, std::pair{0.99, 1.0}, std::pair{0.9, 0.0},
                                         std::pair{0.0, 0.5}));

TEST(Advantages, ContinueThroughATimeLimitByTheCutOffValue) {
  const std::vector<float> rewards{1}, values{0, 100}, cut_off{10};
  std::vector<float> advantages(1), targets(1);
  for (const auto& [end, expected] :
       {std::pair{cuda::episode_time_limit, 1 + 0.5 * 10}, std::pair{cuda::episode_ruined, 1.0},
        std::pair{cuda::episode_runs, 1 + 0.5 * 100}}) {
    const std::vector<std::uint8_t> done{end};
    generalised_advantages({rewards, values, cut_off, done, 1, 1, 0.5, 0.9}, advantages, targets);
    EXPECT_FLOAT_EQ(advantages[0], static_cast<float>(expected));
  }
}

}  // namespace
}  // namespace regent::rl
