#include "trainer/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::trainer {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(path_);
    identity_.config = {{"ppo.iterations", "30"}, {"runtime.seed", "1"}};
    identity_.data_fingerprint = "aaaa";
    identity_.program = "regent 0.1.0";
    identity_.device = "cpu, 2 threads";
  }
  void TearDown() override { fs::remove_all(path_); }

  std::string error_of(bool resume) const {
    try {
      const RunFolder folder(path_, identity_, resume);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no InputError";
  }

  fs::path path_ = fs::temp_directory_path() / ("regent_run_folder_" + std::to_string(::getpid()));
  RunIdentity identity_;
};

TEST_F(RunFolderTest, TakesANewOrEmptyFolderAndNoOther) {
  EXPECT_EQ(error_of(false), "no InputError");
  EXPECT_THAT(error_of(false), AllOf(HasSubstr("already"), HasSubstr("--resume")));
  fs::remove_all(path_);
  fs::create_directories(path_);
  EXPECT_EQ(error_of(false), "no InputError");
  fs::remove_all(path_);
  fs::create_directories(path_ / "photographs");
  EXPECT_THAT(error_of(false), HasSubstr("not empty"));
  EXPECT_THAT(error_of(true), HasSubstr("nothing to resume"));
  fs::remove_all(path_);
  write_file_atomically(path_, "a file");
  EXPECT_THAT(error_of(false), HasSubstr("no folder"));
}

TEST_F(RunFolderTest, ResumesOnlyTheSameRunAndNamesWhatDiffers) {
  EXPECT_EQ(error_of(false), "no InputError");
  EXPECT_EQ(error_of(true), "no InputError");
  identity_.config["ppo.iterations"] = "60";
  identity_.data_fingerprint = "bbbb";
  EXPECT_THAT(error_of(true),
              AllOf(HasSubstr("ppo.iterations was 30, now 60"), HasSubstr("was aaaa, now bbbb"),
                    Not(HasSubstr("runtime.seed")), Not(HasSubstr("device"))));
  identity_ = {};
  identity_.program = "regent 0.2.0";
  identity_.device = "cuda:0";
  EXPECT_THAT(error_of(true), AllOf(HasSubstr("program"), HasSubstr("device")));
}

TEST_F(RunFolderTest, ADamagedIdentityIsRefused) {
  EXPECT_EQ(error_of(false), "no InputError");
  write_file_atomically(path_ / "run.json", "{\"config\": 3}");
  EXPECT_THAT(error_of(true), HasSubstr("damaged"));
  write_file_atomically(path_ / "run.json", "{");
  EXPECT_THAT(error_of(true), HasSubstr("damaged"));
}

TEST_F(RunFolderTest, ResumesARunThatWasKilledBeforeItHadAFolderForBundles) {
  EXPECT_EQ(error_of(false), "no InputError");
  fs::remove_all(path_ / "bundles");
  EXPECT_EQ(error_of(true), "no InputError");
  EXPECT_TRUE(fs::is_directory(path_ / "bundles"));
}

TEST_F(RunFolderTest, TellsWhoseCheckpointItHolds) {
  const RunFolder folder(path_, identity_, false);
  EXPECT_EQ(folder.checkpoint_fold(), "");
  fs::create_directories(folder.checkpoint());
  for (const auto& [state, fold] : {std::pair(R"({"fold": "2003-01-01"})", "2003-01-01"),
                                    std::pair(R"({"fold": 3})", ""), std::pair("{\"fold", "")}) {
    write_file_atomically(folder.checkpoint() / "state.json", state);
    EXPECT_EQ(folder.checkpoint_fold(), fold) << state;
  }
}

TEST_F(RunFolderTest, TwoRunsDoNotWriteToOneFolder) {
  const RunFolder first(path_, identity_, false);
  EXPECT_THAT(error_of(true), HasSubstr("another training run"));
}

}  // namespace
}  // namespace regent::trainer
