#include "models/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::models {
namespace {

std::string refusal(const std::string& device, int threads) {
  try {
    choose_torch_device(device, threads);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TorchDevice, ComputesOnTheCpuWithTheAskedThreadsAndDeterministically) {
  const TorchDevice device = choose_torch_device("cpu", 1);
  EXPECT_EQ(device.name(), "cpu");
  EXPECT_EQ(device.description, "cpu, 1 thread");
  EXPECT_EQ(at::get_num_threads(), 1);
  EXPECT_TRUE(at::globalContext().deterministicAlgorithms());
}

TEST(TorchDevice, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(refusal("gpu", 1), testing::HasSubstr("runtime.device is \"gpu\""));
  EXPECT_THAT(refusal("cpu", -1), testing::HasSubstr("runtime.threads is -1"));
}

TEST(TorchDevice, SaysWhyCudaCannotBeHadAndFallsBackOnlyWhenAskedTo) {
  if (refusal("cuda", 1) == "accepted") GTEST_SKIP() << "this machine has a GPU that LibTorch can use";
  EXPECT_THAT(refusal("cuda", 1), testing::HasSubstr("runtime.device is \"cuda\", but "));
  EXPECT_EQ(choose_torch_device("auto", 1).name(), "cpu");
}

}  // namespace
}  // namespace regent::models
