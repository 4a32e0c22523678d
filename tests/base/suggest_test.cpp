#include "base/config/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace regent {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);  // Levenshtein's textbook pair
  EXPECT_EQ(edit_distance("tarin", "train"), 1U);     // one swap
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);          // the restricted form; unrestricted would be 2
  EXPECT_EQ(edit_distance("saturday", "sunday"), 3U);
}

TEST(EditDistance, IsSymmetric) {
  const std::vector<std::string> words{"", "a", "ab", "ba", "train", "rtain", "serve", "observe"};
  for (const auto& left : words) {
    for (const auto& right : words)
      EXPECT_EQ(edit_distance(left, right), edit_distance(right, left)) << left << ' ' << right;
  }
}

TEST(NearestName, FindsWhatWasMeantAndStaysSilentOtherwise) {
  const std::vector<std::string> names{"ppo.clip_range", "ppo.learning_rate", "runtime.seed", "train",
                                       "serve"};
  EXPECT_EQ(nearest_name("ppo.learning_rat", names), "ppo.learning_rate");
  EXPECT_EQ(nearest_name("learning_rate", names), "ppo.learning_rate");
  EXPECT_EQ(nearest_name("runtime.learning_rate", names), "ppo.learning_rate");
  EXPECT_EQ(nearest_name("tarin", names), "train");
  EXPECT_EQ(nearest_name("server", names), "serve");
  EXPECT_EQ(nearest_name("zebra crossing", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(suggestion("tarin", names), ", did you mean 'train'?");
  EXPECT_EQ(suggestion("xyzzy", names), "");
}

TEST(NearestName, CostsLittleForAHugeName) {
  const std::vector<std::string> names{"train"};
  EXPECT_EQ(nearest_name(std::string(10'000'000, 'x'), std::vector<std::string>{}), "");
  EXPECT_LE(edit_distance(std::string(10'000'000, 'x'), std::string(10'000'000, 'y')), 128U);
}

}  // namespace
}  // namespace regent
