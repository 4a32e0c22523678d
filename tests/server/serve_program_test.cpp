// regent-serve as a process: started, asked, killed, restarted and stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/subprocess.hpp"
#include "serving/client/decision_client.hpp"
#include "tests/server/real_bundles.hpp"

namespace regent::server {
namespace {

constexpr int patience_ms = 120'000;  // only ever waited out when the test fails

class ServeProcess {
 public:
  ServeProcess(const std::filesystem::path& bundles, const std::filesystem::path& announcement,
               const std::string& endpoint = "tcp://127.0.0.1:*")
      : announcement_(announcement) {
    const std::string bundles_text = bundles.string();
    const std::string announcement_text = announcement.string();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execl(REGENT_SERVE, REGENT_SERVE, "--bundle", bundles_text.c_str(), "--announce",
              announcement_text.c_str(), "--endpoint", endpoint.c_str(), "--http", "127.0.0.1:0",
              "--log-level", "warn", nullptr);
      ::_exit(127);
    }
    wait_for_announcement();
  }
  ~ServeProcess() { end(SIGKILL); }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  std::string endpoint() const { return announced_.at("endpoint"); }
  // The exit code, or 128 + signal.
  int end(int signal) {
    if (pid_ <= 0) {
      return -1;
    }
    int status = 0;
    ::kill(pid_, signal);
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  void wait_for_announcement() {
    for (int waited_ms = 0; waited_ms < patience_ms; waited_ms += 10) {
      // one of this process alone: a killed predecessor leaves its own behind
      if (std::filesystem::exists(announcement_)) {
        announced_ = nlohmann::json::parse(read_file(announcement_));
        if (announced_.at("pid") == pid_) {
          return;
        }
      }
      ::usleep(10'000);
    }
    ADD_FAILURE() << "regent-serve announced nothing";
  }

  std::filesystem::path announcement_;
  pid_t pid_ = -1;
  nlohmann::json announced_;
};

client::DecisionClient connect(const std::string& endpoint) {
  client::ClientSettings settings;
  settings.endpoint = endpoint;
  settings.stream = "real";
  return client::DecisionClient(settings);
}

// What the bars alone decide: without the time that it took.
wire::DecisionReply ask(client::DecisionClient& client, const wire::DecisionRequest& request) {
  for (int waited_ms = 0; waited_ms < patience_ms && !client.send(request); waited_ms += 5) {
    ::usleep(5'000);
  }
  wire::DecisionReply reply = client.receive(patience_ms).value_or(wire::DecisionReply());
  reply.compute_us = 0;
  return reply;
}

class ServeProgram : public testing::Test {
 protected:
  ServeProgram() : panel(models::small_market(market_bars)) { write_walk_forward(panel, folder / "set"); }
  models::TemporaryFolder folder;
  market::Panel panel;
};

TEST_F(ServeProgram, KilledAndRestartedItDecidesTheSameToTheLastBit) {
  std::vector<wire::DecisionReply> undisturbed;
  {
    ServeProcess server(folder / "set", folder / "a.json");
    client::DecisionClient client = connect(server.endpoint());
    ask(client, request_of(panel, 0, first_served_bar));
    for (std::size_t bar = first_served_bar; bar < market_bars; ++bar) {
      undisturbed.push_back(ask(client, request_of(panel, bar, bar + 1)));
      ASSERT_EQ(undisturbed.back().status, wire::Status::decided) << undisturbed.back().reason;
    }
  }
  auto server = std::make_unique<ServeProcess>(folder / "set", folder / "b.json");
  const std::string endpoint = server->endpoint();
  client::DecisionClient client = connect(endpoint);
  ask(client, request_of(panel, 0, first_served_bar));
  for (std::size_t bar = first_served_bar; bar < market_bars; ++bar) {
    if (bar % 40 == 10) {
      EXPECT_EQ(server->end(SIGKILL), 128 + SIGKILL);
      server = std::make_unique<ServeProcess>(folder / "set", folder / "b.json", endpoint);
      const wire::DecisionReply lacking = ask(client, request_of(panel, bar, bar + 1));
      ASSERT_EQ(lacking.status, wire::Status::need_history);
      ASSERT_EQ(lacking.expected_sequence, 1U);
      ask(client, request_of(panel, 0, bar));
    }
    ASSERT_EQ(ask(client, request_of(panel, bar, bar + 1)), undisturbed[bar - first_served_bar])
        << "bar " << bar;
  }
}

TEST_F(ServeProgram, StopsCleanlyOnEitherSignalAndTakesItsAnnouncementAlong) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ServeProcess server(folder / "set", folder / "a.json");
    EXPECT_EQ(server.end(signal), 0);
    EXPECT_FALSE(std::filesystem::exists(folder / "a.json"));
  }
}

TEST_F(ServeProgram, WrongInputEndsWithCodeTwoAndSaysWhatIsWrong) {
  ServeProcess server(folder / "set", folder / "a.json");
  const std::string set = (folder / "set").string();
  const struct {
    std::vector<std::string> arguments;
    const char* words;
  } cases[] = {
      {{"--bundle", set, "--http", "127.0.0.1:0", "--endpoint", server.endpoint()},
       "another server runs there"},
      {{"--bundle", set, "--http", "127.0.0.1:0", "--endpoint", "tcp://0.0.0.0:*"}, "serving.allow_remote"},
      {{"--bundle", set, "--http", "0.0.0.0:0"}, "serving.allow_remote"},
      {{"--bundle", set, "--http", "127.0.0.1:0", "--set", "serving.streams_max=0"}, "serving.streams_max"},
      {{"--bundle", (folder / "absent").string(), "--http", "127.0.0.1:0"}, "absent"},
  };
  for (const auto& wrong : cases) {
    std::vector<std::string> command{REGENT_SERVE};
    command.insert(command.end(), wrong.arguments.begin(), wrong.arguments.end());
    const ProcessResult result = run_process(command, patience_ms);
    EXPECT_EQ(result.exit_code, 2) << wrong.words;
    EXPECT_THAT(result.standard_error, testing::HasSubstr(wrong.words));
  }
}

}  // namespace
}  // namespace regent::server
