#include "serving/server/reply_cache.hpp"

#include <gtest/gtest.h>

namespace regent::server {
namespace {

std::vector<std::uint8_t> bytes(std::size_t count, std::uint8_t value) {
  return std::vector<std::uint8_t>(count, value);
}

TEST(ReplyCache, KeepsTheNewestByCount) {
  ReplyCache cache(3);
  for (std::uint8_t i = 1; i <= 10; ++i) {
    cache.keep(i * 2U, bytes(1, i));
    EXPECT_LE(cache.size(), 3U);
  }
  EXPECT_EQ(cache.find(14), nullptr);
  EXPECT_EQ(cache.find(17), nullptr);  // between two that are kept
  EXPECT_EQ(cache.find(21), nullptr);
  for (std::uint8_t i = 8; i <= 10; ++i) {
    ASSERT_NE(cache.find(i * 2U), nullptr);
    EXPECT_EQ(*cache.find(i * 2U), bytes(1, i));
  }
}

TEST(ReplyCache, KeepsTheNewestByBytesAndAlwaysTheLast) {
  ReplyCache cache(1'000, 100);
  cache.keep(1, bytes(60, 1));
  cache.keep(2, bytes(40, 2));
  EXPECT_NE(cache.find(1), nullptr);
  cache.keep(3, bytes(1, 3));
  EXPECT_EQ(cache.find(1), nullptr);
  EXPECT_NE(cache.find(2), nullptr);
  cache.keep(4, bytes(500, 4));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_NE(cache.find(4), nullptr);
}

}  // namespace
}  // namespace regent::server
