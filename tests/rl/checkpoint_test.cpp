#include "rl/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "tests/base/temporary_folder.hpp"
#include "tests/rl/small_training.hpp"

namespace regent::rl {
namespace {

class Checkpoint : public testing::Test {
 protected:
  static std::string refusal(SmallTraining& training, const std::string& from) {
    const std::vector<torch::Tensor> before = copies(training.policy);
    std::string message = "accepted";
    try {
      training.ppo.restore(from);
    } catch (const InputError& error) {
      message = error.what();
      EXPECT_TRUE(same_weights(training.policy, before)) << "a refused checkpoint must change nothing";
    }
    return message;
  }

  test::TemporaryFolder folder;
  std::filesystem::path file = folder / "training.safetensors";
};

TEST_F(Checkpoint, ContinuesBitForBitInANewObject) {
  SmallTraining straight(1);
  for (int i = 0; i < 6; ++i) straight.ppo.iterate();
  SmallTraining first(1);
  for (int i = 0; i < 3; ++i) first.ppo.iterate();
  first.ppo.save(file);
  SmallTraining second(1);
  second.ppo.iterate();  // what it did before must not matter
  second.ppo.restore(file);
  EXPECT_EQ(second.ppo.iteration(), 3);
  EXPECT_TRUE(same_weights(second.policy, first.policy));
  for (int i = 0; i < 3; ++i) second.ppo.iterate();
  EXPECT_TRUE(same_weights(second.policy, straight.policy));
  second.ppo.save(folder / "second");
  straight.ppo.save(folder / "straight");
  EXPECT_EQ(TensorFile::read(folder / "second").to_bytes(), TensorFile::read(folder / "straight").to_bytes());
}

TEST_F(Checkpoint, OfAFreshRunRestoresToAFreshRun) {
  SmallTraining fresh(1), other(1);
  fresh.ppo.save(file);
  other.ppo.iterate();
  other.ppo.restore(file);
  fresh.ppo.iterate();
  other.ppo.iterate();
  EXPECT_TRUE(same_weights(fresh.policy, other.policy));
}

TEST_F(Checkpoint, RefusesOtherSettingsAndOtherDataByName) {
  SmallTraining training(1);
  training.ppo.iterate();
  training.ppo.save(file);
  PpoSettings settings = SmallTraining::small_settings(1);
  settings.discount = 0.8;
  SmallTraining other_settings(settings);
  EXPECT_THAT(refusal(other_settings, file),
              testing::AllOf(testing::HasSubstr(file.string()), testing::HasSubstr("settings"),
                             testing::HasSubstr("discount=0.8")));
  SmallTraining other_data(1);
  other_data.market.features[50 * 3 * 2] += 1;
  EXPECT_THAT(refusal(other_data, file), testing::HasSubstr("checkpoint's data"));
}

TEST_F(Checkpoint, RefusesADamagedFile) {
  SmallTraining training(1);
  training.ppo.iterate();
  training.ppo.save(file);
  SmallTraining other(1);
  EXPECT_THAT(refusal(other, folder / "absent"), testing::HasSubstr("absent"));
  const auto size = std::filesystem::file_size(file);
  std::filesystem::copy_file(file, folder / "short");
  std::filesystem::resize_file(folder / "short", size - 8);
  EXPECT_NE(refusal(other, folder / "short"), "accepted");
}

TEST_F(Checkpoint, RefusesNumbersThatNoRunHas) {
  SmallTraining training(1);
  training.ppo.iterate();
  training.ppo.save(file);
  const auto altered = [&](const std::string& name, const auto& alter) {
    TensorFile content = TensorFile::read(file);
    alter(content.tensors.at(name));
    content.write(folder / "altered");
    SmallTraining other(1);
    return refusal(other, folder / "altered");
  };
  const auto put = [](NamedTensor& tensor, auto value) {
    std::memcpy(tensor.bytes.data(), &value, sizeof(value));
  };
  EXPECT_THAT(altered("weights.log_std", [&](NamedTensor& t) { put(t, std::nanf("")); }),
              testing::HasSubstr("weights.log_std"));
  EXPECT_THAT(altered("lanes.symbol", [&](NamedTensor& t) { put(t, std::int64_t{3}); }),
              testing::HasSubstr("lanes.symbol"));
  EXPECT_THAT(altered("lanes.bar", [&](NamedTensor& t) { put(t, std::int64_t{200}); }),
              testing::HasSubstr("lanes.bar"));
  EXPECT_THAT(altered("lanes.conviction", [&](NamedTensor& t) { put(t, 1.5F); }),
              testing::HasSubstr("lanes.conviction"));
  EXPECT_THAT(altered("adam_second.log_std", [&](NamedTensor& t) { put(t, -1.0F); }),
              testing::HasSubstr("adam_second.log_std"));
  EXPECT_THAT(altered("counters", [&](NamedTensor& t) { put(t, std::int64_t{-1}); }),
              testing::HasSubstr("counters"));
}

}  // namespace
}  // namespace regent::rl
