// What the kernels make of their random words, number by number: nothing here is an estimate from a sample,
// so that a wrong coefficient, a wrong term or a dropped factor is seen however small a sample's error it
// makes.

#include <gtest/gtest.h>

#include <algorithm>

#include "cuda/scenario/launch.hpp"
#include "cuda/scenario/path_body.hpp"
#include "tests/cuda/scenario/laws.hpp"
#include "tests/cuda/scenario/reference_draws.hpp"

namespace regent::cuda::scenario::test {
namespace {

constexpr std::uint64_t draw_seed = 0x1234567890abcdefULL;
constexpr InstructionSet sets[] = {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512};

// Four assets that are a factor each, and five that are their own shock: their returns are a step's normals.
Law law_of_normals() {
  Law law;
  law.assets = 9;
  law.factors = 4;
  law.regimes = 1;
  law.start = law.transition = {1.0};
  law.drift.assign(9, 0);
  law.loadings.assign(36, 0);
  law.idiosyncratic.assign(9, 0);
  for (int i = 0; i < 9; ++i) (i < 4 ? law.loadings[i * 4 + i] : law.idiosyncratic[i]) = 1;
  return law;
}

Task nothing_held(const Law& law, int steps) {
  Task task = hold(law, steps, draw_seed);
  task.policy.target.assign(law.assets, 0);
  return task;
}

// The polynomials are good to about two units in the last place of the radius (measured: 1.6e-7 of it).
constexpr double relative_error_max = 2.5e-7;

void expect_normal(float found, long double wanted, long double radius) {
  ASSERT_NEAR(found, static_cast<double>(wanted), relative_error_max * static_cast<double>(radius) + 1e-12);
}

TEST(ScenarioDraws, AreBoxMullerOfTheirPhiloxWordsOnEveryInstructionSet) {
  const Law law = law_of_normals();
  const int steps = 8;
  const std::uint64_t first = (std::uint64_t{1} << 33) + 5;
  const std::int64_t paths = 2000;
  for (const InstructionSet set : sets) {
    const Paths kept = record(Resources::make_cpu(set), nothing_held(law, steps), first, paths);
    for (std::int64_t p = 0; p < paths; ++p) {
      for (int t = 0; t < steps; ++t) {
        const float* x = &kept.log_returns[(p * steps + t) * 9];
        for (std::uint32_t i = 0; i < 9; ++i) {
          const std::uint32_t draw = i < 4 ? 0 : 1 + i / 4;
          const auto words = words_of(draw_seed, first + static_cast<std::uint64_t>(p), t, draw,
                                      Purpose::scenario_diffusion);
          const std::size_t pair = i % 4 / 2 * 2;
          const auto normals = box_muller(words[pair], words[pair + 1]);
          expect_normal(x[i], normals[i % 2], std::hypot(normals[0], normals[1]));
          if (HasFatalFailure()) FAIL() << "path " << p << " step " << t << " asset " << i;
        }
      }
    }
  }
}

TEST(ScenarioDraws, AreBoxMullerAtTheEdgesOfTheirWords) {
  const std::uint32_t edges[] = {0,          1,          2,          3,          0x3fffffff, 0x40000000,
                                 0x5a827999, 0x7fffffff, 0x80000000, 0x80000001, 0xb504f333, 0xb504f334,
                                 0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff};
  for (const std::uint32_t a : edges) {
    for (const std::uint32_t b : edges) {
      const Four<float> found = normals<float>({a, b, b, a});
      const auto one = box_muller(a, b), two = box_muller(b, a);
      for (int i = 0; i < 2; ++i) {
        expect_normal(found.v[i], one[i], std::hypot(one[0], one[1]));
        expect_normal(found.v[2 + i], two[i], std::hypot(two[0], two[1]));
      }
      if (HasFatalFailure()) FAIL() << std::hex << a << ' ' << b;
    }
  }
}

TEST(ScenarioDraws, AreBoxMullerAlongTheWholeLogarithm) {
  // a word for each of a hundred thousand places between √½ and √2 and down to 2^−31
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::uint32_t word = i % 2 == 0 ? i * 42949U : 0xffffffffU >> (i % 31) ^ i;
    const auto wanted = box_muller(word, 0);
    const Four<float> found = normals<float>({word, 0, word, 0});
    expect_normal(found.v[1], wanted[1], wanted[1]);
    if (HasFatalFailure()) FAIL() << std::hex << word;
  }
}

// An own shock of `dof` from a standard normal.
class Bent {
 public:
  explicit Bent(double dof) {
    const auto curve = detail::student_curve(dof);
    std::copy(curve.begin(), curve.end(), table_);
  }
  double operator()(double z) const {
    View view{};
    view.curve = table_;
    float shock = static_cast<float>(z);
    bend<1>(ViewTables<0>{view, view.curve}, 0, &shock);
    return shock;
  }
  // E f(shock), by the trapezoid rule over z
  template <class Value>
  double mean_of(const Value& value) const {
    double sum = 0;
    for (int i = -13000; i <= 13000; ++i) {
      const double z = i / 2000.0;
      sum += value((*this)(z)) * std::exp(-0.5 * z * z) / 2000;
    }
    return sum / std::sqrt(2 * M_PI);
  }

 private:
  float table_[curve_columns];
};

// t such that P(|T| > t) is 0.5, 0.05, 0.01 and 0.001. Source: NIST/SEMATECH e-Handbook, 1.3.6.7.2;
// Abramowitz, Stegun (1964), table 26.10, for the median.
struct Row {
  double dof, t[4];
};
constexpr Row table_of_t[] = {{3, {0.764892, 3.182446, 5.840909, 12.923979}},
                              {4, {0.740697, 2.776445, 4.604095, 8.610302}},
                              {5, {0.726687, 2.570582, 4.032143, 6.868827}},
                              {10, {0.699812, 2.228139, 3.169273, 4.586894}},
                              {30, {0.682756, 2.042272, 2.749996, 3.645959}}};
constexpr double normal_quantiles[] = {0.674489750, 1.959963985, 2.575829304, 3.290526731};

TEST(ScenarioOwnShocks, LieAtTheQuantilesOfTablesAtUnitVariance) {
  for (const auto& [dof, t] : table_of_t) {
    const Bent bent(dof);
    const double scale = std::sqrt((dof - 2) / dof);
    // what the law lacks beyond 1e-5 makes it a little wider: of t_3 it is 3 % of the variance
    const double wider = bent(normal_quantiles[0]) / (scale * t[0]);
    EXPECT_GT(wider, 1 - 1e-4) << dof;
    EXPECT_LT(wider, dof > 4 ? 1.001 : dof > 3 ? 1.004 : 1.02) << dof;
    for (int i = 0; i < 4; ++i) {
      EXPECT_NEAR(bent(normal_quantiles[i]) / (wider * scale * t[i]), 1, 5e-4) << "dof " << dof << ", " << i;
      EXPECT_EQ(bent(-normal_quantiles[i]), -bent(normal_quantiles[i]));
    }
  }
}

TEST(ScenarioOwnShocks, HaveUnitVarianceAndTheKurtosisOfTheirDof) {
  const auto square = [](double x) { return x * x; };
  for (const double dof : {2.1, 2.5, 3.0, 3.7, 6.0, 60.0})
    EXPECT_NEAR(Bent(dof).mean_of(square), 1, 1e-4) << dof;
  for (const double dof : {12.0, 20.0, 50.0})
    EXPECT_NEAR(Bent(dof).mean_of([](double x) { return x * x * x * x; }), 3 + 6 / (dof - 4), 0.06) << dof;
}

TEST(ScenarioOwnShocks, RiseWithTheirNormalAndEnd) {
  for (const double dof : {2.5, 3.0, 4.0, 30.0}) {
    const Bent bent(dof);
    double before = 0;
    for (int i = 1; i <= 667; ++i) {
      ASSERT_GT(bent(i / 100.0), before) << "dof " << dof << " at " << i / 100.0;
      before = bent(i / 100.0);
    }
    EXPECT_LT(before, 150) << dof;
    EXPECT_NEAR(bent(6.6) / bent(4.27), 6.6 / 4.27, 1e-4) << dof;
  }
}

// How many of the 2^31 numbers that a word can be give more than n jumps; the count falls as the number
// rises.
std::uint64_t words_with_more(float intensity, int n) {
  std::uint64_t low = 0, high = std::uint64_t{1} << 31;
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    const float u = unit<float>(static_cast<std::uint32_t>(middle << 1));
    if (jump_count<float>(intensity, u) > static_cast<float>(n)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

TEST(ScenarioJumps, HaveThePoissonLawOverTheWholeRangeOfTheirWord) {
  for (const float intensity : {0.001F, 0.03F, 0.5F, 1.0F, 3.0F, 6.0F}) {
    const long double lambda = intensity;
    long double term = std::exp(-lambda), more = -std::expm1(-lambda);
    long double amplified = 0, power = 1;  // how often the first term's rounding is in P(N > n)
    for (int n = 0; n < jump_count_max; ++n) {
      const double found = static_cast<double>(words_with_more(intensity, n)) * 0x1p-31;
      amplified += power;
      power *= lambda / (n + 1);
      const double rounding =
          (3.5e-8 * static_cast<double>(amplified) + 6e-8 * (n + 1)) * std::min(1.0, 2.0 * intensity);
      ASSERT_NEAR(found, static_cast<double>(more), rounding + 0x1p-31)
          << "P(N > " << n << ") at " << intensity;
      term *= lambda / (n + 1);
      more -= term;
    }
  }
}

TEST(ScenarioJumps, FallInNumberAsTheirWordRises) {
  for (const float intensity : {0.03F, 1.0F, 6.0F}) {
    float before = 1e9F;
    for (std::uint64_t word = 0; word < std::uint64_t{1} << 32; word += 40'009) {
      const float count = jump_count<float>(intensity, unit<float>(static_cast<std::uint32_t>(word)));
      ASSERT_LE(count, before) << word;
      before = count;
    }
  }
}

TEST(ScenarioJumps, AreAsManyAndAsLargeAsTheirWordsSayOnEveryInstructionSet) {
  Law law = one_asset(0, 0);
  law.jumps = {.intensity = {1.5}, .mean = 0.01, .deviation = 0.02, .scale = {1}};
  const int steps = 20;
  const std::int64_t paths = 300;
  for (const InstructionSet set : sets) {
    const Paths kept = record(Resources::make_cpu(set), nothing_held(law, steps), 0, paths);
    int several = 0;
    for (std::int64_t p = 0; p < paths; ++p) {
      for (int t = 0; t < steps; ++t) {
        const auto state = words_of(draw_seed, p, t, 0, Purpose::scenario_state);
        const double u = unit_of(state[2]);
        double count = 0, below = std::exp(-1.5), term = below;
        while (u < 1 - below && count < jump_count_max) {
          count += 1;
          term *= 1.5 / count;
          below += term;
        }
        const double z = static_cast<double>(normal_of(draw_seed, p, t, 0, Purpose::scenario_jump, 0));
        ASSERT_NEAR(kept.log_returns[p * steps + t], count * 0.01 + std::sqrt(count) * 0.02 * z, 3e-7)
            << "path " << p << " step " << t;
        several += count > 1;
      }
    }
    EXPECT_GT(several, 1000);
  }
}

// x_t = √v_t·z_t of a law without drift: v by the formula of scenario.hpp from the very normals of the path.
template <class Move>
void expect_variance(const Law& law, int steps, double tolerance, const Move& move) {
  const std::int64_t paths = 64;
  for (const InstructionSet set : sets) {
    const Paths kept = record(Resources::make_cpu(set), nothing_held(law, steps), 0, paths);
    for (std::int64_t p = 0; p < paths; ++p) {
      double v = law.volatility.start;
      for (int t = 0; t < steps; ++t) {
        const double z = static_cast<double>(normal_of(draw_seed, p, t, 0, Purpose::scenario_diffusion, 0));
        const double own =
            static_cast<double>(normal_of(draw_seed, p, t, 0, Purpose::scenario_volatility, 0));
        ASSERT_NEAR(kept.log_returns[p * steps + t], std::sqrt(std::max(0.0, v)) * z, tolerance)
            << "path " << p << " step " << t;
        v = move(v, z, own);
      }
    }
  }
}

TEST(ScenarioVolatility, FollowsTheSquareRootDiffusionOfItsOwnNormals) {
  Law law = one_asset(0, 1);
  law.volatility = {.kind = VolatilityKind::diffusion,
                    .reversion = 0.04,
                    .level = 0.8,
                    .deviation = 0.2,
                    .correlation = -0.6,
                    .start = 1.1};
  expect_variance(law, 40, 2e-5, [](double v, double z, double own) {
    const double positive = std::max(v, 0.0);
    return v + 0.04 * (0.8 - positive) + 0.2 * std::sqrt(positive) * (-0.6 * z + 0.8 * own);
  });
}

TEST(ScenarioVolatility, FollowsTheGarchOfItsOwnNormals) {
  Law law = one_asset(0, 1);
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.06, .gamma = 0.1, .beta = 0.8, .start = 1.7};
  expect_variance(law, 40, 2e-5, [](double v, double z, double) {
    return 1 - 0.06 - 0.8 - 0.05 + v * (0.8 + (0.06 + (z < 0 ? 0.1 : 0)) * z * z);
  });
}

// Own shocks with u by the formula of scenario.hpp, and a factor with v, from the very normals of the path: a
// group of four assets and one more, under a stress of the volatility.
TEST(ScenarioOwnVolatility, FollowsTheRecursionOfItsOwnNormals) {
  constexpr int n = 5, steps = 40;
  constexpr double shared = 0.01, own = 0.02, stress = 1.5, persistence = 0.9, response = 0.3;
  const double usual = std::sqrt(2 / std::numbers::pi);
  Law law = one_asset(0, 0);
  law.assets = n;
  law.drift.assign(n, 0);
  law.drift_of_variance.assign(n, -0.5 * (shared * shared + own * own));
  law.loadings.assign(n, shared);
  law.idiosyncratic.assign(n, own);
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.06, .gamma = 0.1, .beta = 0.8, .start = 1.7};
  law.own_volatility = {.apart = true, .persistence = persistence, .response = response};
  const double mean = log_mean_of(law.own_volatility);
  const double spread = response * std::sqrt((1 - usual * usual) / (1 - persistence * persistence));
  std::vector<Stress> schedule(steps, Stress{.volatility = stress});
  for (const bool given : {false, true}) {
    if (given) law.own_volatility.start = {0.5, 1, 2, 4, 0.25};
    for (const InstructionSet set : sets) {
      Task task = nothing_held(law, steps);
      task.schedule = schedule;
      const Paths kept = record(Resources::make_cpu(set), task, 0, 32);
      for (std::uint64_t p = 0; p < 32; ++p) {
        double v = 1.7, u[n];
        for (std::uint32_t i = 0; i < n; ++i) {
          const auto z = normal_of(draw_seed, p, 0, i / 4, Purpose::scenario_own_volatility, i % 4);
          u[i] = given ? law.own_volatility.start[i] : std::exp(spread * static_cast<double>(z) - mean);
        }
        for (std::uint32_t t = 0; t < steps; ++t) {
          const auto factor =
              static_cast<double>(normal_of(draw_seed, p, t, 0, Purpose::scenario_diffusion, 0));
          for (std::uint32_t i = 0; i < n; ++i) {
            const auto z = static_cast<double>(
                normal_of(draw_seed, p, t, 1 + i / 4, Purpose::scenario_diffusion, i % 4));
            const double x = stress * (std::sqrt(v) * shared * factor + std::sqrt(u[i]) * own * z) -
                             0.5 * stress * stress * (shared * shared * v + own * own * u[i]);
            ASSERT_NEAR(kept.log_returns[(p * steps + t) * n + i], x, 3e-6)
                << "path " << p << " step " << t << " asset " << i;
            u[i] = std::exp(persistence * (std::log(u[i]) + mean) + response * (std::abs(z) - usual) - mean);
          }
          v = 1 - 0.06 - 0.8 - 0.05 + v * (0.8 + (0.06 + (factor < 0 ? 0.1 : 0)) * factor * factor);
        }
      }
    }
  }
}

// ln E exp(h) over the shocks themselves: E exp(a·(|z| − √(2/π))) of every lag by the midpoint rule.
TEST(ScenarioOwnVolatility, HasTheMeanOfItsShocks) {
  for (const auto& [persistence, response] : {std::pair{0.0, 0.7}, {0.9, 0.3}, {0.99, 0.15}}) {
    double sum = 0;
    for (double a = response; a > 1e-7; a *= persistence) {
      double mean = 0;
      for (double z = 5e-4; z < 12; z += 1e-3)
        mean += std::exp(a * (z - std::sqrt(2 / std::numbers::pi)) - z * z / 2) * 1e-3;
      sum += std::log(mean * std::sqrt(2 / std::numbers::pi));
    }
    EXPECT_NEAR(log_mean_of({true, persistence, response}), sum, 1e-5) << persistence;
  }
}

}  // namespace
}  // namespace regent::cuda::scenario::test
