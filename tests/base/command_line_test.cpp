#include "base/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent {
namespace {

using regent::test::message_of;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Outcome {
  int exit_code;
  std::string output, error;
  bool ran;
};

Outcome run(std::vector<std::string> arguments, const std::function<int()>& body, CommonFlags& flags) {
  CLI::App app("Tests");
  add_common_flags(app, flags);
  arguments.insert(arguments.begin(), "/somewhere/bin/regent-test");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  bool ran = false;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int exit_code = run_command(app, static_cast<int>(argv.size()), argv.data(), [&] {
    ran = true;
    return body();
  });
  const std::string error = ::testing::internal::GetCapturedStderr();
  return {exit_code, ::testing::internal::GetCapturedStdout(), error, ran};
}

Outcome run(
    const std::vector<std::string>& arguments, const std::function<int()>& body = [] { return 0; }) {
  CommonFlags flags;
  return run(arguments, body, flags);
}

TEST(RunCommand, PassesTheBodysExitCodeOn) {
  EXPECT_EQ(run({}, [] { return 0; }).exit_code, 0);
  EXPECT_EQ(run({}, [] { return exit_interrupted; }).exit_code, 130);
}

TEST(RunCommand, RefusesWhatIsNoNumberInARange) {
  for (const std::string text : {"nan", "-NaN", "nan(7)"}) {
    CLI::App app("Tests");
    double fee = 0;
    app.add_option("--fee", fee, "")->type_name("RATE")->check(CLI::Range(0.0, 0.1));
    std::string program = "/somewhere/bin/regent-test", flag = "--fee=" + text;
    std::vector<char*> argv{program.data(), flag.data()};
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run_command(app, 2, argv.data(), [] { return 0; }), exit_input) << text;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                HasSubstr("--fee " + text + ": a number is needed"));
  }
}

TEST(RunCommand, TurnsExceptionsIntoOneLineAndAnExitCode) {
  const Outcome input = run({}, []() -> int { throw InputError("a.csv:3: close = -1"); });
  EXPECT_EQ(input.exit_code, 2);
  EXPECT_EQ(input.error, "regent test: a.csv:3: close = -1\n");
  EXPECT_EQ(run({}, []() -> int { throw Error("x"); }).exit_code, 1);
  EXPECT_EQ(run({}, []() -> int { throw RetryableError("x"); }).exit_code, 1);
  const Outcome standard = run({}, []() -> int { throw std::out_of_range("deep inside"); });
  EXPECT_EQ(standard.exit_code, 1);
  EXPECT_EQ(standard.error, "regent test: deep inside\n");
  EXPECT_EQ(run({}, []() -> int { throw 7; }).exit_code, 1);
}

TEST(RunCommand, ExplainsWrongUsage) {
  const Outcome outcome = run({"--frobnicate"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_FALSE(outcome.ran);
  EXPECT_THAT(outcome.error, ::testing::StartsWith("regent test: "));
  EXPECT_THAT(outcome.error, HasSubstr("--frobnicate"));
  EXPECT_THAT(outcome.error, HasSubstr("Try 'regent test --help'."));
  EXPECT_EQ(run({"--log-level", "loud"}).exit_code, 2);
}

TEST(RunCommand, NamesTheFlagThatWasMeant) {
  const Outcome mistyped = run({"--log-levle", "info"});
  EXPECT_EQ(mistyped.exit_code, 2);
  EXPECT_FALSE(mistyped.ran);
  EXPECT_THAT(mistyped.error, HasSubstr("regent test: there is no --log-levle, did you mean '--log-level'?"));
  EXPECT_THAT(run({"--log-levle=info"}).error, HasSubstr("there is no --log-levle,"));
  EXPECT_EQ(run({"--log-level=info"}).exit_code, 0);
  EXPECT_THAT(run({"--", "--log-levle"}).error, ::testing::Not(HasSubstr("there is no --log-levle")));
}

// Exit code and standard error of a command that does nothing.
std::pair<int, std::string> run_app(CLI::App& app, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "regent-test");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  ::testing::internal::CaptureStderr();
  const int code = run_command(app, static_cast<int>(argv.size()), argv.data(), [] { return 0; });
  return {code, ::testing::internal::GetCapturedStderr()};
}

TEST(RunCommand, NamesTheVerbThatWasMeant) {
  const auto run_with = [](std::vector<std::string> arguments, bool needs_a_verb) {
    CLI::App app("Tests");
    app.require_subcommand(needs_a_verb ? 1 : 0, 1);
    std::string file, feed, endpoint;
    app.add_option("--feed", feed);
    app.add_option("FILE", file);
    CLI::App* score = app.add_subcommand("score", "");
    score->add_option("--model", endpoint);
    return run_app(app, std::move(arguments));
  };
  EXPECT_THAT(run_with({"scor", "--model", "m"}, true),
              Pair(exit_input, HasSubstr("there is no \"scor\", did you mean 'score'? (possible: score)")));
  EXPECT_THAT(run_with({"score", "--modle", "m"}, true),
              Pair(exit_input, HasSubstr("score has no --modle, did you mean '--model'?")));
  EXPECT_EQ(run_with({"score", "--model", "m"}, true).first, 0);
  // a verb that may be left out: other words are not taken for one
  EXPECT_EQ(run_with({"scor", "--feed", "f"}, false).first, 0);
  EXPECT_EQ(run_with({"--feed", "f", "score", "--model", "m"}, false).first, 0);
  EXPECT_THAT(run_with({"--fed", "f"}, false),
              Pair(exit_input, HasSubstr("there is no --fed, did you mean '--feed'?")));
}

TEST(RunCommand, AnswersHelpAndVersionWithoutRunning) {
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_FALSE(help.ran);
  EXPECT_THAT(help.output, HasSubstr("Usage: regent test"));
  EXPECT_THAT(help.output, HasSubstr("--set"));
  const Outcome version = run({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_FALSE(version.ran);
  EXPECT_THAT(version.output, ::testing::MatchesRegex("regent test [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(RunCommand, RefusesToWriteAFileThatAnotherFlagNames) {
  const test::TemporaryFolder folder;
  const auto run_with = [&](std::vector<std::string> arguments) {
    CLI::App app("Tests");
    std::string out, other, input;
    app.add_option("--out", out)->type_name(written_table);
    app.add_option("--other", other)->type_name(written_table);
    app.add_option("input", input)->type_name("FILE");
    return run_app(app, std::move(arguments));
  };
  const std::string data = (folder.path() / "x.csv").string(), link = (folder.path() / "y.csv").string();
  std::ofstream(data) << "1\n";
  std::filesystem::create_symlink(data, link);
  EXPECT_EQ(run_with({data, "--out", (folder.path() / "z.csv").string()}).first, 0);
  EXPECT_THAT(run_with({data, "--out", link}),
              Pair(exit_input, HasSubstr("--out " + link + ": input names the same file")));
  EXPECT_THAT(run_with({"--other", "new.csv", "--out", "./new.csv"}),
              Pair(exit_input, HasSubstr("names the same file")));
  EXPECT_EQ(run_with({data, "--other", "new.csv"}).first, 0);
}

TEST(CommonFlags, ReachTheConfiguration) {
  const regent::test::TemporaryFolder folder;
  const std::string file = folder.write("my.toml", "[runtime]\nseed = 3\nthreads = 2\n").string();
  CommonFlags flags;
  run(
      {"--config", file, "--set", "runtime.seed=8", "--set", "runtime.device=cpu"}, [] { return 0; }, flags);
  const Config config = load_config(flags);
  EXPECT_EQ(config.integer("runtime.seed"), 8);
  EXPECT_EQ(config.integer("runtime.threads"), 2);
  EXPECT_EQ(config.text("runtime.device"), "cpu");
  EXPECT_EQ(load_config(flags, {{"runtime.seed", "9"}}).integer("runtime.seed"), 9)
      << "a command's own flag is stronger";
}

TEST(CommonFlags, KeepEqualsSignsInTheValue) {
  CommonFlags flags;
  flags.settings = {"data.files=a=b.csv"};
  EXPECT_EQ(load_config(flags).text_list("data.files"), std::vector<std::string>{"a=b.csv"});
}

TEST(CommonFlags, RefuseASettingWithoutKeyOrValue) {
  for (const char* bad : {"runtime.seed", "=5", ""}) {
    CommonFlags flags;
    flags.settings = {bad};
    EXPECT_THAT(message_of<InputError>([&] { load_config(flags); }), HasSubstr("expected key=value")) << bad;
  }
}

}  // namespace
}  // namespace regent
