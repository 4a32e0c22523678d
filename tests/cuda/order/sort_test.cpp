#include "cuda/order/sort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace regent::cuda::order {
namespace {

// name: "cpu" or "cuda"
class Sort : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "cuda" && gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine: CUB was not run";
  }
  std::vector<double> sorted(std::vector<double> values) const {
    sort_ascending(Resources::make(GetParam()), values);
    return values;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, Sort, testing::Values("cpu", "cuda"),
                         [](const auto& info) { return info.param; });

TEST_P(Sort, PutsManyNumbersInOrderAndLosesNone) {
  std::mt19937_64 engine(501);
  std::cauchy_distribution<double> heavy;
  std::vector<double> values(200'003);
  for (double& value : values) value = heavy(engine);
  for (std::size_t i = 0; i < values.size(); i += 7)
    values[i] = values[i / 2];  // some of them more than once
  const std::vector<double> result = sorted(values);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(result, values);
}

TEST_P(Sort, KnowsTheEndsOfTheRange) {
  const double least = std::numeric_limits<double>::denorm_min(), most = std::numeric_limits<double>::max();
  EXPECT_EQ(sorted({3, HUGE_VAL, -least, most, -HUGE_VAL, 0, least, -most, -3}),
            (std::vector<double>{-HUGE_VAL, -most, -3, -least, 0, least, 3, most, HUGE_VAL}));
}

TEST_P(Sort, LeavesNoneAndOneAsTheyAre) {
  EXPECT_EQ(sorted({}), std::vector<double>{});
  EXPECT_EQ(sorted({-2.5}), std::vector<double>{-2.5});
}

}  // namespace
}  // namespace regent::cuda::order
