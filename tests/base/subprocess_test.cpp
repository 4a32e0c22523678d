#include "base/subprocess.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/time.hpp"

namespace regent {
namespace {

constexpr int patient_ms = 60'000;

TEST(Subprocess, KeepsOutputErrorAndExitCodeApart) {
  const ProcessResult result = run_process({"sh", "-c", "echo out; echo err >&2; exit 7"}, patient_ms);
  EXPECT_EQ(result.standard_output, "out\n");
  EXPECT_EQ(result.standard_error, "err\n");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_FALSE(result.timed_out);
}

TEST(Subprocess, PassesArgumentsAsTheyAre) {
  EXPECT_EQ(run_process({"printf", "%s|", "a b", "$HOME", "'"}, patient_ms).standard_output, "a b|$HOME|'|");
}

TEST(Subprocess, GivesNoInput) {
  EXPECT_EQ(run_process({"cat"}, patient_ms).exit_code, 0);
}

TEST(Subprocess, ShowsASignalAsAShellDoes) {
  EXPECT_EQ(run_process({"sh", "-c", "kill -TERM $$"}, patient_ms).exit_code, 128 + 15);
}

TEST(Subprocess, KillsWhatRunsTooLongWithAllItStarted) {
  const ProcessResult result = run_process({"sh", "-c", "echo begun; sleep 1000 & sleep 1000"}, 200);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.standard_output, "begun\n");
}

TEST(Subprocess, DoesNotWaitForAGrandchildThatKeepsThePipeOpen) {
  const ProcessResult result = run_process({"sh", "-c", "sleep 1000 & echo $!"}, patient_ms);
  EXPECT_FALSE(result.timed_out);
  ASSERT_FALSE(result.standard_output.empty());
  run_process({"kill", result.standard_output.substr(0, result.standard_output.size() - 1)}, patient_ms);
}

TEST(Subprocess, BoundsTheOutputItKeepsAndStillReadsTheRest) {
  const ProcessResult result = run_process({"head", "-c", "5000000", "/dev/zero"}, patient_ms);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.standard_output.size(), ProcessResult::output_bytes_max);
}

TEST(Subprocess, NamesAProgramThatDoesNotExist) {
  EXPECT_THROW(run_process({"/nowhere/regent-nothing"}, patient_ms), Error);
}

}  // namespace
}  // namespace regent
