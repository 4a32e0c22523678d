#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace regent {
namespace {

std::string logged(const std::string& level) {
  ::testing::internal::CaptureStderr();
  start_log("regent-test", level);
  spdlog::debug("quiet");
  spdlog::warn("bar {} is late", 7);
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WritesTimeLevelProcessAndMessageInUtc) {
  EXPECT_THAT(logged("info"),
              ::testing::MatchesRegex("20[0-9-]+T[0-9:]+\\.[0-9]+Z warning regent-test: bar 7 is late\n"));
}

TEST(Log, LetsThroughWhatTheLevelSays) {
  EXPECT_THAT(logged("debug"), ::testing::HasSubstr("quiet"));
  EXPECT_THAT(logged("error"), ::testing::IsEmpty());
}

TEST(Log, RefusesAnUnknownLevel) {
  EXPECT_THROW(start_log("x", "verbose"), InputError);
  EXPECT_THROW(start_log("x", ""), InputError);
}

}  // namespace
}  // namespace regent
