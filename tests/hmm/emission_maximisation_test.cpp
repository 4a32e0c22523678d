#include "hmm/emission_maximisation.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>

#include "cuda/hmm/gamma_body.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;
using cuda::hmm::digamma_gap;
using cuda::hmm::EmissionLaw;
using cuda::hmm::triangle;
using cuda::hmm::triangle_size;

constexpr int states = 3, dimension = 3;
constexpr CovarianceKind kinds[] = {CovarianceKind::full, CovarianceKind::diagonal, CovarianceKind::tied,
                                    CovarianceKind::spherical};
constexpr EmissionKind emissions[] = {EmissionKind::gaussian, EmissionKind::student_t, EmissionKind::mixture};

LaneFit lane_of_kind(EmissionKind emission, CovarianceKind covariance) {
  LaneFit lane;
  lane.shape = {1, states, dimension};
  if (emission == EmissionKind::mixture) {
    lane.components = 2;
    lane.mixture_weights.assign(2 * states, 0.5);
  }
  if (emission == EmissionKind::student_t) lane.dof.assign(states, 8);
  const int parts = lane.run_shape().states();
  lane.means.assign(parts * dimension, 0.1);
  for (int part = 0; part < parts; ++part) {
    for (int row = 0; row < dimension; ++row) {
      for (int column = 0; column <= row; ++column)
        lane.covariances.push_back(row == column ? 1 + 0.1 * part + 0.2 * row : 0.1);
    }
  }
  constrain_covariances(covariance, lane);
  return lane;
}

FitSettings settings_of(EmissionKind emission, CovarianceKind covariance) {
  FitSettings settings;
  settings.macros = 1;
  settings.micros = states;
  settings.emission = emission;
  settings.components = emission == EmissionKind::mixture ? 2 : 1;
  settings.covariance = covariance;
  return settings;
}

// Counts that some weighted bars would leave.
std::vector<double> some_counts(const LaneFit& lane, std::uint64_t seed) {
  const AnyShape s(lane.run_shape());
  const CountLayout<AnyShape> layout{s};
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> counts(layout.rows(lane.law()), 0);
  for (int part = 0; part < s.states; ++part) {
    for (int t = 0; t < 40 + 20 * part; ++t) {
      const double scale = lane.dof.empty() ? 1 : std::exp(0.3 * normal(engine));
      double x[dimension];
      for (int d = 0; d < dimension; ++d) x[d] = 0.3 - 0.2 * d + (0.5 + 0.3 * d) * normal(engine);
      x[1] += 0.5 * x[0];
      counts[layout.weight(part)] += 1;
      for (int row = 0; row < dimension; ++row) {
        counts[layout.first(part, row)] += scale * x[row];
        for (int column = 0; column <= row; ++column)
          counts[layout.second(part, triangle(row, column))] += scale * x[row] * x[column];
      }
      if (lane.dof.empty()) continue;
      counts[layout.scaled_weight(part)] += scale;
      counts[layout.log_scale(part)] += std::log(scale) - scale + 1;
    }
  }
  return counts;
}

// What the M-step maximises: expected complete log-likelihood plus log prior.
double emission_target(const LaneFit& lane, const LaneFit& about, const std::vector<double>& counts,
                       const FitSettings& settings) {
  const AnyShape s(lane.run_shape());
  const CountLayout<AnyShape> layout{s};
  double sum = log_emission_prior(settings, lane);
  for (int part = 0; part < s.states; ++part) {
    Eigen::Matrix3d covariance, scatter;
    Eigen::Vector3d shift, first;
    const double weight = counts[layout.weight(part)];
    const double scaled = lane.dof.empty() ? weight : counts[layout.scaled_weight(part)];
    for (int r = 0; r < dimension; ++r) {
      shift(r) = lane.means[part * dimension + r] - about.means[part * dimension + r];
      first(r) = counts[layout.first(part, r)];
      for (int c = 0; c <= r; ++c) {
        covariance(r, c) = covariance(c, r) =
            lane.covariances[part * triangle_size(dimension) + triangle(r, c)];
        scatter(r, c) = scatter(c, r) = counts[layout.second(part, triangle(r, c))];
      }
    }
    const Eigen::Matrix3d about_mean =
        scatter - first * shift.transpose() - shift * first.transpose() + scaled * shift * shift.transpose();
    sum -= 0.5 * (weight * std::log(covariance.determinant()) + (covariance.inverse() * about_mean).trace());
    if (!lane.dof.empty()) {
      const double half = lane.dof[part] / 2;
      const double logs =
          counts[layout.log_scale(part)] + weight * (digamma_gap(0.5 * (about.dof[part] + dimension)) - 1);
      sum += weight * (half * std::log(half) - std::lgamma(half)) + half * logs;
    }
    if (!lane.mixture_weights.empty()) sum += weight * std::log(lane.mixture_weights[part]);
  }
  return sum;
}

// Every covariance of the same kind that lies next to the lane's.
std::vector<LaneFit> moved_covariances(const LaneFit& lane, CovarianceKind kind, double step) {
  const int parts = lane.run_shape().states(), packed = triangle_size(dimension);
  std::vector<LaneFit> moved;
  for (int part = 0; part < (kind == CovarianceKind::tied ? 1 : parts); ++part) {
    for (int row = 0; row < dimension; ++row) {
      for (int column = 0; column <= row; ++column) {
        const bool off_diagonal = row != column;
        if (off_diagonal && (kind == CovarianceKind::diagonal || kind == CovarianceKind::spherical)) continue;
        LaneFit next = lane;
        for (int other = 0; other < parts; ++other) {
          if (other != part && kind != CovarianceKind::tied) continue;
          for (int d = 0; d < dimension; ++d) {
            if (kind == CovarianceKind::spherical)
              next.covariances[other * packed + triangle(d, d)] += step / dimension;
          }
          if (kind != CovarianceKind::spherical)
            next.covariances[other * packed + triangle(row, column)] += step;
        }
        moved.push_back(next);
      }
    }
  }
  return moved;
}

TEST(EmissionMaximisation, IsNotBeatenByAnyNeighbourOfItsKind) {
  for (const EmissionKind emission : emissions) {
    for (const CovarianceKind covariance : kinds) {
      SCOPED_TRACE(std::string(name_of(emission)) + ", " + std::string(name_of(covariance)));
      const FitSettings settings = settings_of(emission, covariance);
      const LaneFit before = lane_of_kind(emission, covariance);
      const std::vector<double> counts = some_counts(before, 7);
      LaneFit best = before;
      maximise_emissions(counts, settings, best);
      const double top = emission_target(best, before, counts, settings);
      EXPECT_GT(top, emission_target(before, before, counts, settings));
      std::vector<LaneFit> neighbours;
      for (double step : {-1e-3, 1e-3}) {
        for (const LaneFit& moved : moved_covariances(best, covariance, step)) neighbours.push_back(moved);
        for (std::size_t i = 0; i < best.means.size(); ++i) {
          neighbours.push_back(best);
          neighbours.back().means[i] += step;
        }
        for (std::size_t i = 0; i < best.dof.size(); ++i) {
          neighbours.push_back(best);
          neighbours.back().dof[i] += 100 * step;
        }
        for (std::size_t i = 0; i < best.mixture_weights.size(); ++i) {
          neighbours.push_back(best);
          neighbours.back().mixture_weights[i] += step;
          neighbours.back().mixture_weights[i ^ 1] -= step;
        }
      }
      for (const LaneFit& moved : neighbours)
        EXPECT_LT(emission_target(moved, before, counts, settings), top);
    }
  }
}

TEST(EmissionMaximisation, GivesCovariancesOfTheirKind) {
  for (const CovarianceKind covariance : kinds) {
    LaneFit lane = lane_of_kind(EmissionKind::gaussian, covariance);
    maximise_emissions(some_counts(lane, 8), settings_of(EmissionKind::gaussian, covariance), lane);
    const double* first = lane.covariances.data();
    const bool square = covariance == CovarianceKind::full || covariance == CovarianceKind::tied;
    EXPECT_EQ(first[triangle(1, 0)] != 0, square);
    EXPECT_EQ(first[triangle(2, 2)] == first[triangle(0, 0)], covariance == CovarianceKind::spherical);
    EXPECT_EQ(std::equal(first, first + 6, first + 6), covariance == CovarianceKind::tied);
  }
}

TEST(EmissionMaximisation, KeepsAPartThatLostAllItsWeight) {
  for (const EmissionKind emission : emissions) {
    for (const CovarianceKind covariance : kinds) {
      FitSettings settings = settings_of(emission, covariance);
      settings.dirichlet = 1;
      settings.inverse_wishart_strength = 0;
      LaneFit lane = lane_of_kind(emission, covariance);
      const LaneFit before = lane;
      maximise_emissions(std::vector<double>(some_counts(lane, 1).size(), 0), settings, lane);
      EXPECT_EQ(lane.means, before.means);
      EXPECT_EQ(lane.covariances, before.covariances);
      EXPECT_EQ(lane.dof, before.dof);
      EXPECT_EQ(lane.mixture_weights, before.mixture_weights);
    }
  }
}

TEST(EmissionMaximisation, FloorsWhatCollapsesOntoOneObservation) {
  for (const CovarianceKind covariance : kinds) {
    FitSettings settings = settings_of(EmissionKind::gaussian, covariance);
    settings.inverse_wishart_strength = 0;
    LaneFit lane = lane_of_kind(EmissionKind::gaussian, covariance);
    const AnyShape s(lane.run_shape());
    const CountLayout<AnyShape> layout{s};
    std::vector<double> counts(layout.size(), 0);
    for (int part = 0; part < states; ++part) counts[layout.weight(part)] = 1;  // no spread at all
    maximise_emissions(counts, settings, lane);
    for (int part = 0; part < states; ++part) {
      for (int d = 0; d < dimension; ++d) {
        EXPECT_NEAR(lane.covariances[part * 6 + triangle(d, d)], settings.covariance_floor, 1e-12);
      }
    }
  }
}

TEST(DegreesOfFreedom, SolveTheirEquationOrTakeTheNearerEnd) {
  for (double dof = dof_min; dof <= dof_max; dof *= 1.05) {
    EXPECT_NEAR(solve_dof(digamma_gap(dof / 2)) / dof, 1, 1e-9);
  }
  EXPECT_EQ(solve_dof(0), dof_max);
  EXPECT_EQ(solve_dof(digamma_gap(150.0)), dof_max);
  EXPECT_EQ(solve_dof(-5), dof_min);
}

TEST(CovarianceFloor, LiftsSmallEigenvaluesAndKeepsTheOthers) {
  // eigenvalues 2 and 1e-9 along (1, 1) and (1, −1)
  double covariance[] = {1, 1 - 1e-9, 1};
  floor_covariance(2, 0.1, covariance);
  EXPECT_NEAR(covariance[0], 1.05, 1e-8);
  EXPECT_NEAR(covariance[1], 0.95, 1e-8);
  double fine[] = {1, 0.2, 2};
  floor_covariance(2, 0.1, fine);
  EXPECT_EQ(fine[0], 1);
  EXPECT_EQ(fine[1], 0.2);
  EXPECT_EQ(fine[2], 2);
}

}  // namespace
}  // namespace regent::hmm
