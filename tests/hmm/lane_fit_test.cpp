#include "hmm/lane_fit.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>

#include "hmm/start.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;
using cuda::hmm::triangle;

LaneFit lane(int macros, int micros, int dimension) {
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  std::vector<double> series(400 * dimension);
  for (double& value : series) value = normal(engine);
  FitSettings settings;
  settings.macros = macros;
  settings.micros = micros;
  return start_lane({std::move(series), {400}}, settings, dimension, 0);
}

// log p(counts | parameters) + log prior, as EM's M-step sees it: the target that `maximise` must not be
// beaten at.
double target(const LaneFit& lane, const LaneFit& about, const std::vector<double>& counts,
              const FitSettings& settings) {
  const AnyShape s(lane.shape);
  const CountLayout<AnyShape> layout{s};
  double sum = lane.log_prior(settings);
  for (int k = 0; k < s.states; ++k) {
    const int i = k / s.micros;
    sum += counts[layout.start(k)] * (std::log(lane.macro_start[i]) + std::log(lane.micro_start[k]));
    sum += counts[layout.entry(k)] * std::log(lane.micro_start[k]);
    if (s.macros > 1) sum += counts[layout.exit(k)] * std::log(lane.micro_exit[k]);
    for (int to = 0; to < s.micros; ++to) {
      const double count = counts[layout.stay(i, k % s.micros, to)];
      sum += count * (std::log1p(-lane.micro_exit[k]) + std::log(lane.micro_transition[k * s.micros + to]));
    }
    Eigen::MatrixXd covariance(s.dimension, s.dimension), scatter(s.dimension, s.dimension);
    Eigen::VectorXd shift(s.dimension), first(s.dimension);
    const double weight = counts[layout.weight(k)];
    for (int r = 0; r < s.dimension; ++r) {
      shift(r) = lane.means[k * s.dimension + r] - about.means[k * s.dimension + r];
      first(r) = counts[layout.first(k, r)];
      for (int c = 0; c <= r; ++c) {
        covariance(r, c) = covariance(c, r) =
            lane.covariances[k * cuda::hmm::triangle_size(s.dimension) + triangle(r, c)];
        scatter(r, c) = scatter(c, r) = counts[layout.second(k, triangle(r, c))];
      }
    }
    const Eigen::MatrixXd about_mean =
        scatter - first * shift.transpose() - shift * first.transpose() + weight * shift * shift.transpose();
    sum -= 0.5 * (weight * std::log(covariance.determinant()) + (covariance.inverse() * about_mean).trace());
  }
  for (int i = 0; i < s.macros && s.macros > 1; ++i) {
    for (int to = 0; to < s.macros; ++to) {
      if (to != i) sum += counts[layout.macro(i, to)] * std::log(lane.macro_transition[i * s.macros + to]);
    }
  }
  return sum;
}

std::vector<double> some_counts(const cuda::hmm::ShapeNumbers& shape, std::uint64_t seed) {
  const AnyShape s(shape);
  const CountLayout<AnyShape> layout{s};
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(1, 40);
  std::normal_distribution<double> normal;
  std::vector<double> counts(layout.size());
  for (double& count : counts) count = uniform(engine);
  for (int i = 0; i < s.macros; ++i) counts[layout.macro(i, i)] = 0;
  for (int k = 0; k < s.states; ++k) {
    Eigen::MatrixXd scatter = Eigen::MatrixXd::Zero(s.dimension, s.dimension);
    Eigen::VectorXd first = Eigen::VectorXd::Zero(s.dimension);
    for (int t = 0; t < 40; ++t) {
      Eigen::VectorXd x(s.dimension);
      for (int d = 0; d < s.dimension; ++d) x(d) = 0.3 + 0.5 * normal(engine);
      first += x;
      scatter += x * x.transpose();
    }
    counts[layout.weight(k)] = 40;
    for (int r = 0; r < s.dimension; ++r) {
      counts[layout.first(k, r)] = first(r);
      for (int c = 0; c <= r; ++c) counts[layout.second(k, triangle(r, c))] = scatter(r, c);
    }
  }
  return counts;
}

// Moves probability between two entries, or a number by a little: every neighbour must be worse.
TEST(MaximisationStep, IsNotBeatenByAnyNeighbour) {
  for (const auto& [macros, micros, dimension, mean_strength] :
       {std::tuple{3, 3, 2, 0.0}, std::tuple{1, 3, 3, 7.0}, std::tuple{2, 2, 1, 20.0}}) {
    const LaneFit before = lane(macros, micros, dimension);
    const std::vector<double> counts = some_counts(before.shape, 7);
    FitSettings settings;
    settings.macros = macros;
    settings.micros = micros;
    settings.mean_strength = mean_strength;
    LaneFit best = before;
    best.maximise(counts, settings);
    const double top = target(best, before, counts, settings);
    EXPECT_GT(top, target(before, before, counts, settings));
    const double step = 1e-3;
    const auto expect_worse = [&](const LaneFit& moved) {
      EXPECT_LT(target(moved, before, counts, settings), top + 1e-9);
    };
    const auto move_rows = [&](std::vector<double> LaneFit::*table, int columns) {
      const std::size_t size = (best.*table).size();
      for (std::size_t at = 0; at < size; ++at) {
        for (int to = 0; to < columns; ++to) {
          const std::size_t other = at / columns * columns + to;
          if (other == at || (best.*table)[at] < step || (best.*table)[other] == 0) continue;
          LaneFit moved = best;
          (moved.*table)[at] -= step;
          (moved.*table)[other] += step;
          expect_worse(moved);
        }
      }
    };
    move_rows(&LaneFit::macro_start, macros);
    move_rows(&LaneFit::macro_transition, macros);
    move_rows(&LaneFit::micro_start, micros);
    move_rows(&LaneFit::micro_transition, micros);
    for (double sign : {-1.0, 1.0}) {
      for (std::size_t i = 0; i < best.micro_exit.size() && macros > 1; ++i) {
        LaneFit moved = best;
        moved.micro_exit[i] += sign * step;
        expect_worse(moved);
      }
      for (std::size_t i = 0; i < best.means.size(); ++i) {
        LaneFit moved = best;
        moved.means[i] += sign * step;
        expect_worse(moved);
      }
      for (std::size_t i = 0; i < best.covariances.size(); ++i) {
        LaneFit moved = best;
        moved.covariances[i] += sign * step;
        expect_worse(moved);
      }
    }
    for (int i = 0; i < macros && macros > 1; ++i) EXPECT_EQ(best.macro_transition[i * macros + i], 0);
  }
}

TEST(MaximisationStep, KeepsRowsAndStatesWithoutAnyWeight) {
  LaneFit kept = lane(3, 2, 2);
  const LaneFit before = kept;
  FitSettings settings;
  settings.dirichlet = 1;
  settings.sticky = 0;
  const AnyShape s(before.shape);
  kept.maximise(std::vector<double>(CountLayout<AnyShape>{s}.size(), 0), settings);
  EXPECT_EQ(kept.micro_transition, before.micro_transition);
  EXPECT_EQ(kept.macro_transition, before.macro_transition);
  EXPECT_EQ(kept.micro_exit, before.micro_exit);
  EXPECT_EQ(kept.means, before.means);
  EXPECT_EQ(kept.covariances, before.covariances);
}

TEST(Clusters, FindSeparateCloudsAndDoNotDependOnTheOrderOfBars) {
  std::mt19937_64 engine(3);
  std::normal_distribution<double> normal;
  std::vector<double> points;
  for (int i = 0; i < 300; ++i) {
    points.push_back(10 * (i % 3) + normal(engine));
    points.push_back(-5 * (i % 3) + normal(engine));
  }
  const std::vector<int> labels = cluster(points, 2, 3, 1, 0);
  for (int i = 3; i < 300; ++i) EXPECT_EQ(labels[i], labels[i % 3]);
  std::vector<double> reversed;
  for (int i = 299; i >= 0; --i) reversed.insert(reversed.end(), {points[i * 2], points[i * 2 + 1]});
  const std::vector<int> again = cluster(reversed, 2, 3, 1, 0);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(again[299 - i], labels[i]);
}

TEST(Clusters, AreWholeWithFewerDistinctPointsThanClusters) {
  const std::vector<double> points{1, 1, 1, 2, 2, 2};
  for (int label : cluster(points, 1, 4, 1, 0)) {
    EXPECT_GE(label, 0);
    EXPECT_LT(label, 4);
  }
}

}  // namespace
}  // namespace regent::hmm
