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

TEST(ParameterCount, LeavesForbiddenMovesOut) {
  FitSettings settings = shape(1, 3);
  settings.allowed_micro = {1, 1, 1, 0, 1, 1, 0, 0, 1};  // left-right: 2 + 1 + 0 instead of 6
  EXPECT_EQ(parameter_count(settings, 2), 23 - 3);
  settings.allowed_micro = {1, 1, 0, 0, 1, 1, 0, 0, 1};  // and no leap: 1 + 1 + 0
  EXPECT_EQ(parameter_count(settings, 2), 23 - 4);
}

TEST(ParameterCount, LeavesForbiddenMovesOfAHierarchyOut) {
  FitSettings settings = shape(3, 3);
  settings.allowed_macro = {1, 1, 0, 1, 1, 1, 0, 1, 1};  // calm and chaos go to the middle alone: 0 + 1 + 0
  EXPECT_EQ(parameter_count(settings, 1), 56 - 2);
  settings.allowed_macro = {0, 1, 1, 0, 0, 1, 0, 0, 0};  // left-right: 1 + 0, and the last has no exits
  EXPECT_EQ(parameter_count(settings, 1), 56 - 2 - 3);
  settings.allowed_micro.assign(27, 1);
  settings.allowed_micro[2] = settings.allowed_micro[6] = 0;
  EXPECT_EQ(parameter_count(settings, 1), 56 - 2 - 3 - 2);
}

TEST(ParameterCount, LeavesOutWhatIsFixed) {
  FitSettings settings = shape(1, 3);  // start 2, transitions 6, means 6, covariances 9
  settings.free = {false, true, true, true};
  EXPECT_EQ(parameter_count(settings, 2), 21);
  settings.free = {true, false, true, true};
  EXPECT_EQ(parameter_count(settings, 2), 17);
  settings.free = {true, true, false, true};
  EXPECT_EQ(parameter_count(settings, 2), 17);
  settings.free = {true, true, true, false};
  EXPECT_EQ(parameter_count(settings, 2), 14);
  FitSettings deep = shape(3, 3);  // macro start 2, all else of the structure 3 + 6 + 18 + 9
  deep.free = {true, false, false, false};
  EXPECT_EQ(parameter_count(deep, 1), 2);
  deep.free = {false, true, false, false};
  EXPECT_EQ(parameter_count(deep, 1), 36);
  FitSettings heavy = shape(1, 2);
  heavy.emission = EmissionKind::student_t;
  heavy.free = {false, false, false, true};
  EXPECT_EQ(parameter_count(heavy, 1), 2 + 2);  // scales and degrees of freedom
  FitSettings mixture = shape(1, 2);
  mixture.emission = EmissionKind::mixture;
  mixture.components = 3;
  mixture.free = {false, false, true, false};
  EXPECT_EQ(parameter_count(mixture, 1), 6 + 4);  // means, and weights go with them
}

}  // namespace
}  // namespace regent::hmm
