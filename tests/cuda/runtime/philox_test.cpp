// Known answers: Random123's kat_vectors for philox4x32 with 10 rounds.
#include "base/philox.hpp"

#include <gtest/gtest.h>

namespace regent {
namespace {

void expect_words(const Philox4& got, std::uint32_t x, std::uint32_t y, std::uint32_t z, std::uint32_t w) {
  EXPECT_EQ(got.x, x);
  EXPECT_EQ(got.y, y);
  EXPECT_EQ(got.z, z);
  EXPECT_EQ(got.w, w);
}

TEST(Philox, GivesThePublishedWordsForZeroCounterAndKey) {
  expect_words(philox4x32_10({0, 0, 0, 0}, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
}

TEST(Philox, GivesThePublishedWordsForAllOnes) {
  const std::uint32_t ones = 0xffffffff;
  expect_words(philox4x32_10({ones, ones, ones, ones}, ones, ones), 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
               0x6d5451fd);
}

TEST(Philox, GivesThePublishedWordsForTheDigitsOfPi) {
  expect_words(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0),
               0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
}

TEST(Philox, TakesItsCounterFromPathStepDrawAndPurposeAndItsKeyFromTheSeed) {
  const Random random{(std::uint64_t{0x299f31d0} << 32) | 0xa4093822};
  const Philox4 words = random.bits(0x243f6a88, 0x85a308d3, 0x13198a2e, static_cast<Purpose>(0x03707344));
  expect_words(words, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
}

TEST(Philox, UniformNeverReachesZeroOrOne) {
  EXPECT_GT(uniform_from_bits(0, 0), 0.0);
  EXPECT_LT(uniform_from_bits(0xffffffff, 0xffffffff), 1.0);
  EXPECT_DOUBLE_EQ(uniform_from_bits(0x80000000, 0), 0.5 + 0x1p-53);
}

}  // namespace
}  // namespace regent
