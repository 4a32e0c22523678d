#include "base/error.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace regent {
namespace {

TEST(InvariantDeathTest, NamesPlaceConditionAndMessageAndAborts) {
  EXPECT_EXIT(REGENT_INVARIANT(1 + 1 == 3, "arithmetic"), ::testing::KilledBySignal(SIGABRT),
              "broken invariant at .*error_test.cpp:[0-9]+: arithmetic .1 . 1 == 3");
  REGENT_INVARIANT(true, "not reached");
}

TEST(Error, TellsItsKindsApart) {
  const InputError input("x");
  const RetryableError retryable("x");
  const Error& first = input;
  const Error& second = retryable;
  EXPECT_EQ(dynamic_cast<const RetryableError*>(&first), nullptr);
  EXPECT_EQ(dynamic_cast<const InputError*>(&second), nullptr);
}

}  // namespace
}  // namespace regent
