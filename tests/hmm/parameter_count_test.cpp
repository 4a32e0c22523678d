#include "hmm/parameter_count.hpp"

#include <gtest/gtest.h>

namespace regent::hmm {
namespace {

FitSettings shape(int macros, int micros) {
  FitSettings settings;
  settings.macros = macros;
  settings.micros = micros;
  return settings;
}

TEST(ParameterCount, OfAFlatGaussianIsTheTextbooks) {
  // K = 3, D = 2: start 2, transitions 6, means 6, covariances 9
  EXPECT_EQ(parameter_count(shape(1, 3), 2), 23);
  EXPECT_EQ(parameter_count(shape(1, 1), 4), 14);
}

TEST(ParameterCount, OfAHierarchyLeavesMacroSelfTransitionsOut) {
  // 3×3, D = 1: macro start 2, macro rows 3·1, entries 3·2, within 9·2, exits 9, means 9, variances 9
  EXPECT_EQ(parameter_count(shape(3, 3), 1), 56);
  // 2×1: macro start 1, no macro row, exits 2, means 2, variances 2
  EXPECT_EQ(parameter_count(shape(2, 1), 1), 7);
}

TEST(ParameterCount, FollowsTheCovariancesKind) {
  FitSettings settings = shape(1, 2);
  const int rest = 1 + 2 + 2 * 3;  // start, transitions, means of three features
  for (const auto& [kind, count] :
       {std::pair{CovarianceKind::full, 12}, std::pair{CovarianceKind::diagonal, 6},
        std::pair{CovarianceKind::tied, 6}, std::pair{CovarianceKind::spherical, 2}}) {
    settings.covariance = kind;
    EXPECT_EQ(parameter_count(settings, 3), rest + count);
  }
}

TEST(ParameterCount, FollowsTheEmission) {
  FitSettings settings = shape(1, 2);
  settings.emission = EmissionKind::student_t;
  EXPECT_EQ(parameter_count(settings, 1), 1 + 2 + 2 + 2 + 2);
  settings.emission = EmissionKind::mixture;
  settings.components = 3;
  EXPECT_EQ(parameter_count(settings, 1), 1 + 2 + 6 + 6 + 4);  // two free weights a state
}

}  // namespace
}  // namespace regent::hmm
