#include "cuda/runtime/resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace regent::cuda {
namespace {

TEST(Resources, CpuIsAlwaysThere) {
  const Resources resources = Resources::make("cpu");
  EXPECT_EQ(resources.backend(), Backend::cpu);
  EXPECT_EQ(resources.gpu(), nullptr);
  EXPECT_THAT(resources.describe(), testing::StartsWith("CPU, "));
  EXPECT_THAT(resources.describe(), testing::EndsWith(to_string(widest_instruction_set())));
}

TEST(Resources, AutoTakesTheGpuExactlyWhenThereIsOne) {
  EXPECT_EQ(Resources::make("auto").backend(), gpu_count() > 0 ? Backend::gpu : Backend::cpu);
}

TEST(Resources, CudaWithoutADeviceSaysWhyAndWhatToDo) {
  if (gpu_count() > 0) GTEST_SKIP() << "this machine has a GPU";
  try {
    Resources::make("cuda");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(built_with_cuda() ? "no CUDA device" : "no CUDA launchers"));
    EXPECT_THAT(error.what(), testing::HasSubstr("\"cpu\""));
  }
}

TEST(Resources, AnUnknownDeviceIsAnInputErrorThatNamesIt) {
  try {
    Resources::make("tpu");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("\"tpu\""));
  }
}

TEST(Resources, NeverTakesAWiderInstructionSetThanAskedOrPresent) {
  for (InstructionSet asked : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
    const InstructionSet got = Resources::make_cpu(asked).instruction_set();
    EXPECT_LE(got, asked);
    EXPECT_LE(got, widest_instruction_set());
  }
}

TEST(Resources, SurvivesBeingMoved) {
  Resources first = Resources::make("auto");
  const std::string described = first.describe();
  Resources second = std::move(first);
  EXPECT_EQ(second.describe(), described);
}

TEST(Resources, NamesTheGpuThatItTook) {
  if (gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine: the CUDA backend was not run";
  EXPECT_THAT(Resources::make("cuda").describe(), testing::HasSubstr("sm_"));
}

}  // namespace
}  // namespace regent::cuda
