// What the kernels make of their random words, number by number: nothing here is an estimate from a sample,
// so that a wrong coefficient, a wrong term or a dropped factor is seen however small a sample's error it
// makes.

#include <gtest/gtest.h>

#include <algorithm>

#include "cuda/scenario/market_body.hpp"
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

}  // namespace
}  // namespace regent::cuda::scenario::test
