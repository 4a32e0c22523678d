#include "cuda/hmm/expectation.hpp"

#include <gtest/gtest.h>

#include "tests/cuda/hmm/batch.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::Generator;
using reference::Hierarchy;

template <class T>
struct Counted {
  AnyShape shape;
  std::size_t rows;
  std::vector<double> counts, log_likelihood;
  Counted(const Resources& resources, const TestBatch<T>& batch)
      : shape(batch.shape),
        rows(CountLayout<AnyShape>{shape}.size()),
        counts(rows * batch.padded()),
        log_likelihood(batch.padded()) {
    Expectation<T> expectation(resources, batch.view());
    const std::vector<std::uint8_t> active(batch.lanes, 1);
    expectation.run(batch.lanes, batch.parameters, active, counts, log_likelihood);
  }
  double count(int lane, int row) const { return at(counts, lane, row, rows); }
};

// Of the lanes that are in use; what lies beyond the last is not defined.
template <class T>
void expect_same_bits(const Counted<T>& a, const Counted<T>& b, int lanes) {
  for (int lane = 0; lane < lanes; ++lane) {
    EXPECT_EQ(a.log_likelihood[lane], b.log_likelihood[lane]) << "lane " << lane;
    for (std::size_t row = 0; row < a.rows; ++row) {
      ASSERT_EQ(a.count(lane, row), b.count(lane, row)) << "lane " << lane << ", row " << row;
    }
  }
}

class ExpectedCounts : public OnEveryDevice {};
REGENT_ON_EVERY_DEVICE(ExpectedCounts);

// Moments of one bar under one state by the textbook: conditional mean and covariance of what is missing,
// found by solving with Gaussian elimination.
struct Moments {
  std::vector<double> first, second;
};
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const int n = static_cast<int>(b.size());
  for (int p = 0; p < n; ++p) {
    for (int r = 0; r < n; ++r) {
      if (r == p) continue;
      const double factor = a[r * n + p] / a[p * n + p];
      for (int c = 0; c < n; ++c) a[r * n + c] -= factor * a[p * n + c];
      b[r] -= factor * b[p];
    }
  }
  for (int r = 0; r < n; ++r) b[r] /= a[r * n + r];
  return b;
}
Moments moments(const Hierarchy& h, int state, const double* x) {
  const int d = h.dimension;
  std::vector<int> here;
  for (int i = 0; i < d; ++i) {
    if (!std::isnan(x[i])) here.push_back(i);
  }
  const int n = static_cast<int>(here.size());
  const auto covariance = [&](int r, int c) { return h.covariances[(state * d + r) * d + c]; };
  std::vector<double> seen(n * n), away(n);
  for (int r = 0; r < n; ++r) {
    away[r] = x[here[r]] - h.means[state * d + here[r]];
    for (int c = 0; c < n; ++c) seen[r * n + c] = covariance(here[r], here[c]);
  }
  const std::vector<double> weights = solve(seen, away);
  Moments result;
  for (int r = 0; r < d; ++r) {
    double value = 0;
    for (int e = 0; e < n; ++e) value += covariance(r, here[e]) * weights[e];
    result.first.push_back(std::isnan(x[r]) ? value : x[r] - h.means[state * d + r]);
  }
  for (int r = 0; r < d; ++r) {
    for (int c = 0; c <= r; ++c) {
      double value = result.first[r] * result.first[c];
      if (std::isnan(x[r]) && std::isnan(x[c])) {
        std::vector<double> cross(n);
        for (int e = 0; e < n; ++e) cross[e] = covariance(here[e], c);
        const std::vector<double> solved = solve(seen, cross);
        value += covariance(r, c);
        for (int e = 0; e < n; ++e) value -= covariance(r, here[e]) * solved[e];
      }
      result.second.push_back(value);
    }
  }
  return result;
}

void expect_counts(const Counted<double>& got, int lane, const Hierarchy& h,
                   const std::vector<double>& series, double tolerance) {
  const CountLayout<AnyShape> layout{got.shape};
  const std::vector<double> start = reference::flat_start(h), transition = reference::flat_transition(h);
  const auto truth = reference::enumerate(start, transition, reference::log_densities(h, series), h.states());
  const int states = h.states(), m = h.micros, d = h.dimension;
  EXPECT_NEAR(got.log_likelihood[lane], truth.log_likelihood,
              tolerance * (1 + std::abs(truth.log_likelihood)));
  // The hierarchy's own counts from the flat ones: each flat transition splits into stay and exit by its
  // share.
  std::vector<double> stays(states * m, 0), macros(h.macros * h.macros, 0), exits(states, 0),
      entries(states, 0);
  for (int from = 0; from < states; ++from) {
    for (int to = 0; to < states; ++to) {
      const double flat = truth.transitions[from * states + to];
      if (flat == 0) continue;
      const int i = from / m, j = to / m;
      const double leaving = h.micro_exit[from] * h.macro_transition[i * h.macros + j] * h.micro_start[to] /
                             transition[from * states + to];
      if (i == j) stays[from * m + to % m] += flat * (1 - leaving);
      if (h.macros == 1) continue;
      macros[i * h.macros + j] += flat * leaving;
      exits[from] += flat * leaving;
      entries[to] += flat * leaving;
    }
  }
  for (int k = 0; k < states; ++k) {
    EXPECT_NEAR(got.count(lane, layout.start(k)), truth.posteriors[k], tolerance);
    EXPECT_NEAR(got.count(lane, layout.exit(k)), exits[k], tolerance);
    EXPECT_NEAR(got.count(lane, layout.entry(k)), entries[k], tolerance);
    for (int to = 0; to < m; ++to)
      EXPECT_NEAR(got.count(lane, layout.stay(k / m, k % m, to)), stays[k * m + to], tolerance);
    double weight = 0;
    std::vector<double> first(d, 0), second(d * (d + 1) / 2, 0);
    for (std::size_t t = 0; t < series.size() / d; ++t) {
      const double* x = &series[t * d];
      if (std::all_of(x, x + d, [](double value) { return std::isnan(value); })) continue;
      const double share = truth.posteriors[t * states + k];
      const Moments one = moments(h, k, x);
      weight += share;
      for (int r = 0; r < d; ++r) first[r] += share * one.first[r];
      for (std::size_t e = 0; e < second.size(); ++e) second[e] += share * one.second[e];
    }
    EXPECT_NEAR(got.count(lane, layout.weight(k)), weight, tolerance);
    for (int r = 0; r < d; ++r) EXPECT_NEAR(got.count(lane, layout.first(k, r)), first[r], 10 * tolerance);
    for (std::size_t e = 0; e < second.size(); ++e) {
      EXPECT_NEAR(got.count(lane, layout.second(k, static_cast<int>(e))), second[e], 100 * tolerance);
    }
  }
  for (int i = 0; i < h.macros && h.macros > 1; ++i) {
    for (int j = 0; j < h.macros; ++j)
      EXPECT_NEAR(got.count(lane, layout.macro(i, j)), macros[i * h.macros + j], tolerance);
  }
}

TEST_P(ExpectedCounts, EqualEveryPathSummedByHand) {
  const Resources resources = this->resources();
  const int shapes[][4] = {{1, 2, 2, 8}, {1, 3, 4, 6}, {3, 3, 4, 4},
                           {2, 2, 1, 6}, {3, 2, 3, 4}, {2, 3, 5, 4}};
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto& [macros, micros, dimension, steps] = shapes[seed % 6];
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed + 1000);
    std::vector<Hierarchy> hierarchies;
    std::vector<std::vector<double>> series;
    for (int lane = 0; lane < 4; ++lane) {
      hierarchies.push_back(generator.hierarchy(macros, micros, dimension, lane == 2));
      series.push_back(
          generator.series(hierarchies.back(), lane == 1 ? 1 : steps - lane % 2, seed > 6 ? 0.4 : 0));
    }
    const Counted<double> exact(resources, TestBatch<double>(hierarchies, series));
    for (int lane = 0; lane < 4; ++lane) {
      SCOPED_TRACE("lane " + std::to_string(lane));
      expect_counts(exact, lane, hierarchies[lane], series[lane], 1e-10);
    }
    const Counted<float> in_float(resources, TestBatch<float>(hierarchies, series));
    for (std::size_t i = 0; i < exact.counts.size(); ++i) {
      if (i % 32 >= 4) continue;
      EXPECT_NEAR(in_float.counts[i], exact.counts[i], 1e-3 * (1 + std::abs(exact.counts[i])));
    }
  }
}

TEST_P(ExpectedCounts, FloatStaysCloseToDoubleOverALongSeries) {
  for (const auto& [macros, micros] : {std::pair{1, 3}, std::pair{3, 3}}) {
    Generator generator(31);
    const Hierarchy h = generator.hierarchy(macros, micros, 4);
    const std::vector<double> series = generator.series(h, 20000, 0);
    const Counted<double> exact(resources(), TestBatch<double>({h}, {series}));
    const Counted<float> in_float(resources(), TestBatch<float>({h}, {series}));
    EXPECT_NEAR(in_float.log_likelihood[0], exact.log_likelihood[0],
                1e-5 * std::abs(exact.log_likelihood[0]));
    double total = 0;
    const CountLayout<AnyShape> layout{exact.shape};
    for (int k = 0; k < h.states(); ++k) total += exact.count(0, layout.weight(k));
    EXPECT_NEAR(total, 20000, 1e-6);
    for (std::size_t row = 0; row < exact.rows; ++row) {
      EXPECT_NEAR(in_float.count(0, row), exact.count(0, row), 1e-4 * (10 + std::abs(exact.count(0, row))));
    }
  }
}

TEST_P(ExpectedCounts, DoNotChangeABitInOtherLanesWhenOneIsBrokenOrIdle) {
  Generator generator(37);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 20; ++lane) {
    hierarchies.push_back(generator.hierarchy(3, 3, 4));
    series.push_back(generator.series(hierarchies.back(), 150, 0));
  }
  const Counted<float> before(resources(), TestBatch<float>(hierarchies, series));
  for (double& value : hierarchies[3].means) value = std::nan("");
  series[4][40] = std::nan("");
  const Counted<float> after(resources(), TestBatch<float>(hierarchies, series));
  for (int lane = 0; lane < 20; ++lane) {
    if (lane == 3 || lane == 4) continue;
    for (std::size_t row = 0; row < before.rows; ++row) {
      ASSERT_EQ(before.count(lane, row), after.count(lane, row)) << "lane " << lane << ", row " << row;
    }
  }
  EXPECT_TRUE(std::isnan(after.log_likelihood[3]));
}

TEST_P(ExpectedCounts, GiveTheSameBitsOnEveryInstructionSetAndEveryRun) {
  Generator generator(41);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 11; ++lane) {
    hierarchies.push_back(generator.hierarchy(2, 3, 3));
    series.push_back(generator.series(hierarchies.back(), 200 - lane, lane % 4 == 0 ? 0.1 : 0));
  }
  const Counted<float> plain(Resources::make_cpu(InstructionSet::baseline),
                             TestBatch<float>(hierarchies, series));
  const Counted<float> first(resources(), TestBatch<float>(hierarchies, series));
  const Counted<float> second(resources(), TestBatch<float>(hierarchies, series));
  expect_same_bits(plain, first, 11);
  expect_same_bits(first, second, 11);
}

TEST_P(ExpectedCounts, DoNotDependOnHowTheSeriesIsCutIntoSegments) {
  // double, nine states: wide registers hold fewer bars per segment than narrow ones, and both need several
  Generator generator(43);
  const Hierarchy h = generator.hierarchy(3, 3, 4);
  const std::vector<double> series = generator.series(h, 50000, 0);
  const Counted<double> exact(resources(), TestBatch<double>({h}, {series}));
  const Counted<double> plain(Resources::make_cpu(InstructionSet::baseline),
                              TestBatch<double>({h}, {series}));
  expect_same_bits(exact, plain, 1);
}

}  // namespace
}  // namespace regent::cuda::hmm
