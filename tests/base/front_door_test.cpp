#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/front_door/commands.hpp"
#include "base/subprocess.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int patient_ms = 60'000;

// The front door alone in a folder, beside programs that the test makes.
class FrontDoor : public ::testing::Test {
 protected:
  FrontDoor() { fs::copy_file(REGENT_TEST_FRONT_DOOR, folder_ / "regent"); }
  void make_program(const std::string& name, const std::string& script, bool executable = true) {
    const fs::path path = folder_.write(name, "#!/bin/sh\n" + script + "\n");
    if (executable) fs::permissions(path, fs::perms::owner_all);
  }
  ProcessResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), (folder_ / "regent").string());
    return run_process(arguments, patient_ms);
  }
  test::TemporaryFolder folder_;
};

TEST_F(FrontDoor, RunsTheProgramBesideItWithItsArgumentsAndExitCode) {
  make_program("regent-train", "echo \"$0|$#|$1|$2\"; exit 5");
  const ProcessResult result = run({"train", "--set", "a b=c"});
  EXPECT_EQ(result.standard_output, (folder_ / "regent-train").string() + "|2|--set|a b=c\n");
  EXPECT_EQ(result.exit_code, 5);
}

TEST_F(FrontDoor, KeepsWaitingThreadsFromTheCoresUnlessTheUserSaysHowTheyWait) {
  make_program("regent-train", "echo \"$GOMP_SPINCOUNT\"");
  ::unsetenv("GOMP_SPINCOUNT");
  ::unsetenv("OMP_WAIT_POLICY");
  EXPECT_EQ(run({"train"}).standard_output, "1000\n");
  ::setenv("GOMP_SPINCOUNT", "7", 1);
  EXPECT_EQ(run({"train"}).standard_output, "7\n");
  ::unsetenv("GOMP_SPINCOUNT");
  ::setenv("OMP_WAIT_POLICY", "active", 1);
  EXPECT_EQ(run({"train"}).standard_output, "\n");
  ::unsetenv("OMP_WAIT_POLICY");
}

TEST_F(FrontDoor, FindsItsNeighboursThroughALink) {
  make_program("regent-train", "echo found");
  fs::create_directory(folder_ / "elsewhere");
  fs::create_symlink(folder_ / "regent", folder_ / "elsewhere/regent");
  EXPECT_EQ(run_process({(folder_ / "elsewhere/regent").string(), "train"}, patient_ms).standard_output,
            "found\n");
}

TEST_F(FrontDoor, ListsWhatWasBuiltAndSaysWhatWasNot) {
  make_program("regent-train", "");
  make_program("regent-serve", "", false);  // there, but nothing to run
  const std::string help = run({"--help"}).standard_output;
  const std::size_t missing = help.find("Not built here");
  ASSERT_NE(missing, std::string::npos) << help;
  EXPECT_THAT(help.substr(0, missing), HasSubstr("\n  train "));
  EXPECT_THAT(help.substr(0, missing), HasSubstr("The main job:"));
  EXPECT_THAT(help.substr(missing), HasSubstr("serve, engine"));
  EXPECT_THAT(help.substr(missing), Not(HasSubstr("train")));
}

TEST_F(FrontDoor, ListsEveryCommandOnceWhenAllIsBuilt) {
  for (const Command& command : commands) make_program("regent-" + std::string(command.name), "");
  const std::string help = run({"--help"}).standard_output;
  EXPECT_THAT(help, Not(HasSubstr("Not built")));
  for (const Command& command : commands) {
    EXPECT_THAT(help, HasSubstr("  " + std::string(command.name) + " "));
    EXPECT_THAT(help, HasSubstr(std::string(command.help)));
  }
  for (const char* group : {"The main job:", "Data and models:", "Looking:"}) {
    EXPECT_EQ(help.find(group), help.rfind(group)) << group;
  }
}

TEST_F(FrontDoor, SaysClearlyThatACommandsProgramWasNotBuilt) {
  const ProcessResult result = run({"train"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.standard_error, HasSubstr("the program of 'train' was not built"));
  EXPECT_THAT(result.standard_error, HasSubstr((folder_ / "regent-train").string()));
}

TEST_F(FrontDoor, SuggestsTheNearestCommand) {
  const ProcessResult result = run({"tarin"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.standard_error, HasSubstr("unknown command 'tarin', did you mean 'train'?"));
  EXPECT_THAT(run({"--hepl"}).standard_error, HasSubstr("unknown option '--hepl'"));
}

TEST_F(FrontDoor, RunsNothingOutsideItsFolder) {
  make_program("regent-inner/../../outside", "echo outside");
  fs::create_directories(folder_ / "regent-x");
  make_program("evil", "echo outside");
  for (const char* name : {"x/../evil", "../evil", "x/../../evil", "TRAIN", "tr ain", "."}) {
    const ProcessResult result = run({name});
    EXPECT_EQ(result.exit_code, 2) << name;
    EXPECT_EQ(result.standard_output, "") << name;
  }
}

TEST_F(FrontDoor, RunsAFurtherProgramThatFollowsTheName) {
  make_program("regent-sweep", "echo swept");
  EXPECT_EQ(run({"sweep"}).standard_output, "swept\n");
}

TEST_F(FrontDoor, AnswersVersionAndHelp) {
  EXPECT_THAT(run({"--version"}).standard_output,
              ::testing::MatchesRegex("regent [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  make_program("regent-train", "echo \"help: $1\"");
  EXPECT_EQ(run({"help", "train"}).standard_output, "help: --help\n");
  EXPECT_EQ(run({"help"}).standard_output, run({"--help"}).standard_output);
  const ProcessResult nothing = run({});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_EQ(nothing.standard_output, "");
  EXPECT_THAT(nothing.standard_error, HasSubstr("Usage: regent COMMAND"));
}

TEST_F(FrontDoor, LinksNothingOfTheCommands) {
  const std::string libraries = run_process({"ldd", REGENT_TEST_FRONT_DOOR}, patient_ms).standard_output;
  for (const char* heavy : {"torch", "cuda", "arrow", "crypto", "spdlog", "toml", "zmq", "sqlite"}) {
    EXPECT_THAT(libraries, Not(HasSubstr(heavy)));
  }
}

class ConfigCommand : public ::testing::Test {
 protected:
  // In an empty folder, without the variables of whoever runs the tests.
  ProcessResult run(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& variables = {}) {
    std::vector<std::string> all{"env", "-i", "-C", folder_.path().string(), "PATH=/usr/bin:/bin"};
    all.insert(all.end(), variables.begin(), variables.end());
    all.push_back(REGENT_TEST_CONFIG);
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_process(all, patient_ms);
  }
  test::TemporaryFolder folder_;
};

TEST_F(ConfigCommand, ExplainsWhereEachValueCameFrom) {
  folder_.write("regent.toml", "[runtime]\nseed = 4\n");
  const ProcessResult result =
      run({"explain", "runtime", "--set", "runtime.device=cpu"}, {"REGENT_RUNTIME_THREADS=3"});
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_THAT(result.standard_output, ::testing::ContainsRegex("device +\"cpu\" +flag "));
  EXPECT_THAT(result.standard_output, ::testing::ContainsRegex("seed +4 +regent.toml:2 "));
  EXPECT_THAT(result.standard_output,
              ::testing::ContainsRegex("threads +3 +environment REGENT_RUNTIME_THREADS "));
  EXPECT_EQ(result.standard_output.find('\033'), std::string::npos);
}

TEST_F(ConfigCommand, ShowsOnlyWhatIsChangedWhenAsked) {
  EXPECT_EQ(run({"explain", "--changed"}).standard_output, "Every value is its default.\n");
  EXPECT_EQ(run({"explain", "--changed", "--json"}).standard_output, "{}\n");
  const std::string changed = run({"explain", "--changed"}, {"REGENT_RUNTIME_SEED=3"}).standard_output;
  EXPECT_THAT(changed, HasSubstr("runtime.seed = 3"));
  EXPECT_THAT(changed, Not(HasSubstr("device")));
}

TEST_F(ConfigCommand, ChecksItsOwnSchema) {
  folder_.write("schema.toml", run({"schema"}).standard_output);
  const ProcessResult good = run({"check", "schema.toml"});
  EXPECT_EQ(good.exit_code, 0) << good.standard_error;
  folder_.write("bad.toml", "[runtime]\nsedd = 1\n");
  const ProcessResult bad = run({"check", "bad.toml"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_EQ(bad.standard_error,
            "regent config: bad.toml:2: unknown key 'runtime.sedd', did you mean 'runtime.seed'?\n");
  EXPECT_EQ(run({}).exit_code, 2);
}

}  // namespace
}  // namespace regent
