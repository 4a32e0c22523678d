#pragma once
// The E-step's counts, and what they must be by the textbook.

#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda/hmm/expectation.hpp"
#include "tests/cuda/hmm/batch.hpp"

namespace regent::cuda::hmm {

using reference::Hierarchy;

// Counts and likelihoods of the lanes of a batch.
struct LaneCounts {
  AnyShape shape;
  std::size_t rows;
  std::vector<double> counts, log_likelihood;
  template <class T>
  explicit LaneCounts(const BatchView<T>& view)
      : shape(view.shape),
        rows(CountLayout<AnyShape>{shape}.rows(view.law)),
        counts(rows * blocks_of(view.lanes) * lane_block),
        log_likelihood(blocks_of(view.lanes) * lane_block) {}
  double count(int lane, std::size_t row) const { return at(counts, lane, row, rows); }
};

template <class T>
struct Counted : LaneCounts {
  std::int64_t run_again = 0;
  Counted(const Resources& resources, const TestBatch<T>& batch)
      : Counted(resources, batch, batch.view(), std::vector<std::uint8_t>(batch.lanes, 1)) {}
  Counted(const Resources& resources, const TestBatch<T>& batch, const std::vector<std::uint8_t>& active)
      : Counted(resources, batch, batch.view(), active) {}
  // view: of the batch, with another length or other observations
  Counted(const Resources& resources, const TestBatch<T>& batch, const BatchView<T>& view)
      : Counted(resources, batch, view, std::vector<std::uint8_t>(view.lanes, 1)) {}

 private:
  Counted(const Resources& resources, const TestBatch<T>& batch, const BatchView<T>& view,
          const std::vector<std::uint8_t>& active)
      : LaneCounts(view) {
    Expectation<T> expectation(resources, view);
    expectation.run(view.lanes, batch.parameters, active, counts, log_likelihood);
    run_again = expectation.run_again();
  }
};

inline void expect_same_bits_of_lane(const LaneCounts& a, const LaneCounts& b, int lane) {
  EXPECT_EQ(a.log_likelihood[lane], b.log_likelihood[lane]) << "lane " << lane;
  for (std::size_t row = 0; row < a.rows; ++row) {
    ASSERT_EQ(a.count(lane, row), b.count(lane, row)) << "lane " << lane << ", row " << row;
  }
}
// Of the lanes that are in use; what lies beyond the last is not defined.
inline void expect_same_bits(const LaneCounts& a, const LaneCounts& b, int lanes) {
  for (int lane = 0; lane < lanes; ++lane) expect_same_bits_of_lane(a, b, lane);
}

inline void expect_close(const LaneCounts& a, const LaneCounts& b, int lanes, double tolerance) {
  for (int lane = 0; lane < lanes; ++lane) {
    EXPECT_NEAR(a.log_likelihood[lane], b.log_likelihood[lane], tolerance * std::abs(b.log_likelihood[lane]))
        << "lane " << lane;
    for (std::size_t row = 0; row < b.rows; ++row) {
      ASSERT_NEAR(a.count(lane, row), b.count(lane, row), tolerance * (10 + std::abs(b.count(lane, row))))
          << "lane " << lane << ", row " << row;
    }
  }
}

// ψ(x), x > 0, by the difference of log Γ over four points.
inline double digamma(double x) {
  const long double h = 1e-3L * std::min(1.0, x);
  const auto difference = [&](long double by) {
    return (reference::log_gamma(x + by) - reference::log_gamma(x - by)) / (2 * by);
  };
  return static_cast<double>((4 * difference(h) - difference(2 * h)) / 3);
}

// Moments of one bar under one state by the textbook: conditional mean and covariance of what is missing,
// found by solving with Gaussian elimination.
struct Moments {
  std::vector<double> first, second;  // under Student-t scaled by the expected precision
  double scale = 1, log_scale = 0;    // E u, E log u
};
inline std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
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
inline Moments moments(const Hierarchy& h, int state, const double* x) {
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
  if (!h.dof.empty()) {
    double square = 0;
    for (int e = 0; e < n; ++e) square += away[e] * weights[e];
    result.scale = (h.dof[state] + n) / (h.dof[state] + square);
    result.log_scale = digamma((h.dof[state] + n) / 2) - std::log((h.dof[state] + square) / 2);
  }
  for (int r = 0; r < d; ++r) {
    double value = 0;
    for (int e = 0; e < n; ++e) value += covariance(r, here[e]) * weights[e];
    result.first.push_back(std::isnan(x[r]) ? value : x[r] - h.means[state * d + r]);
  }
  for (int r = 0; r < d; ++r) {
    for (int c = 0; c <= r; ++c) {
      double value = result.scale * result.first[r] * result.first[c];
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
  for (double& value : result.first) value *= result.scale;
  return result;
}

// got: Counted<double>, or what else has its shape, log_likelihood and count().
template <class Got>
void expect_counts(const Got& got, int lane, const Hierarchy& h, const std::vector<double>& series,
                   double tolerance) {
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
    double weight = 0, scaled = 0, logs = 0;
    std::vector<double> first(d, 0), second(d * (d + 1) / 2, 0);
    for (std::size_t t = 0; t < series.size() / d; ++t) {
      const double* x = &series[t * d];
      if (std::all_of(x, x + d, [](double value) { return std::isnan(value); })) continue;
      const double share = truth.posteriors[t * states + k];
      const Moments one = moments(h, k, x);
      weight += share;
      scaled += share * one.scale;
      logs += share * (one.log_scale - one.scale + 1);
      for (int r = 0; r < d; ++r) first[r] += share * one.first[r];
      for (std::size_t e = 0; e < second.size(); ++e) second[e] += share * one.second[e];
    }
    EXPECT_NEAR(got.count(lane, layout.weight(k)), weight, tolerance);
    if (!h.dof.empty()) {
      const double whole = (h.dof[k] + d) / 2;  // the part that is the same for every bar is left out
      EXPECT_NEAR(got.count(lane, layout.scaled_weight(k)), scaled, tolerance);
      EXPECT_NEAR(got.count(lane, layout.log_scale(k)), logs - weight * (digamma(whole) - std::log(whole)),
                  100 * tolerance);
    }
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

}  // namespace regent::cuda::hmm
