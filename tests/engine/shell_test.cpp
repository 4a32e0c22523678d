#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <random>
#include <thread>
#include <zmq.hpp>

#include "base/error.hpp"
#include "engine/shell/bar_assembler.hpp"
#include "engine/shell/control_socket.hpp"
#include "engine/shell/feed.hpp"
#include "engine/shell/live_feeds.hpp"
#include "engine/shell/liveness.hpp"
#include "engine/shell/panel_feed.hpp"
#include "engine/shell/settings.hpp"
#include "engine/shell/telemetry.hpp"
#include "tests/base/signal_storm.hpp"
#include "tests/engine/support/market.hpp"
#include "tests/engine/support/temporary_folder.hpp"

#define CPPHTTPLIB_OPENSSL_SUPPORT
#include <httplib.h>

namespace regent::engine {
namespace {

using test::TemporaryFolder;

void expect_refused(const std::function<void()>& call, const std::string& part) {
  try {
    call();
    ADD_FAILURE() << "nothing was refused; expected: " << part;
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

// ---- liveness
// -------------------------------------------------------------------------------------------------

TEST(Liveness, LosesAServerThatLeavesAQuestionUnanswered) {
  Liveness l(10, 30);
  using Change = Liveness::Change;
  EXPECT_FALSE(l.alive());
  l.asked(0);
  EXPECT_EQ(l.update(100), Change::none) << "what was never there is not lost";
  l.answered();
  EXPECT_EQ(l.update(101), Change::seen);
  EXPECT_EQ(l.update(10'000), Change::none) << "silence without a question";
  l.asked(10'000);
  l.asked(10'020);
  EXPECT_EQ(l.update(10'030), Change::none);
  EXPECT_EQ(l.update(10'031), Change::lost) << "counted from the first unanswered question";
  EXPECT_EQ(l.update(10'100), Change::none);
  l.answered();
  EXPECT_EQ(l.update(10'101), Change::seen);
}

TEST(Liveness, ForgivesAnEngineThatWasBusyWhenTheAnswerLiesThere) {
  Liveness l(10, 30);
  l.asked(0);
  l.answered();
  l.update(1);
  l.asked(10);
  l.answered();  // read late, but before judging
  EXPECT_EQ(l.update(5'000), Liveness::Change::none);
  EXPECT_TRUE(l.alive());
}

TEST(Liveness, AsksAtItsInterval) {
  Liveness l(10, 30);
  EXPECT_TRUE(l.should_ask(0));
  l.asked(0);
  EXPECT_FALSE(l.should_ask(9));
  EXPECT_TRUE(l.should_ask(10));
}

// ---- feeds
// ----------------------------------------------------------------------------------------------------

BarAssembler assembler() {
  BarAssembler a("rows", {"AX", "BX"});
  a.line("timestamp,symbol,open,close");
  return a;
}

TEST(BarAssembler, EndsABarWhenItIsWholeWhenTheNextBeginsAndWhenItIsSaid) {
  BarAssembler a = assembler();
  a.line("2020-01-01,AX,1,2");
  EXPECT_FALSE(a.take());
  a.line("2020-01-01,BX,3,4\r");
  auto bar = a.take();
  ASSERT_TRUE(bar);
  EXPECT_EQ(bar->columns[3], (std::vector<double>{2, 4}));
  EXPECT_EQ(bar->columns[0], (std::vector<double>{1, 3}));
  EXPECT_TRUE(bar->columns[4].empty());
  a.line("2020-01-02,BX,5,6");
  a.line("2020-01-03,AX,7,8");
  bar = a.take();
  ASSERT_TRUE(bar);
  EXPECT_TRUE(std::isnan(bar->columns[3][0]));
  EXPECT_EQ(bar->columns[3][1], 6);
  a.line("");
  ASSERT_TRUE(a.take());
  a.end_bar();
  EXPECT_FALSE(a.take());
}

TEST(BarAssembler, RefusesRowsThatDoNotFit) {
  const std::vector<std::pair<std::string, std::string>> rows{{"2020-01-01,CX,1,2", "rows:2: symbol CX"},
                                                              {"2020-01-01,AX,1", "2 fields"},
                                                              {"2020-01-01,AX,1,-2", "a price is positive"},
                                                              {"2020-01-01,AX,1,inf", "close is 'inf'"},
                                                              {"2020-01-01,AX,1,nan", "close is 'nan'"},
                                                              {"2020-01-01,AX,1,2x", "close is '2x'"},
                                                              {"yesterday,AX,1,2", "timestamp"},
                                                              {std::string(5'000, 'x'), "5000 bytes"}};
  for (const auto& [row, part] : rows) {
    if (part == "2 fields") continue;
    BarAssembler a = assembler();
    expect_refused([&] { a.line(row); }, part);
  }
  BarAssembler a = assembler();
  expect_refused([&] { a.line("2020-01-01,AX,1"); }, "has 3 fields");
  a = assembler();
  a.line("2020-01-01,AX,1,2");
  expect_refused([&] { a.line("2020-01-01,AX,1,2"); }, "second row of AX");
  a.line("2020-01-01,BX,1,2");
  expect_refused([&] { a.line("2020-01-01,AX,1,2"); }, "timestamps must rise");
  expect_refused([&] { a.line("2019-12-31,AX,1,2"); }, "timestamps must rise");
  BarAssembler headless("rows", {"AX"});
  expect_refused([&] { headless.line("2020-01-01,AX,1,2"); }, "not a header");
}

TEST(LineFeed, GivesTheBarsOfAPipeAndEndsWithIt) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  LineFeed feed(ends[0], "pipe", {"AX", "BX"});
  EXPECT_FALSE(feed.next(0));
  const auto write = [&](const std::string& text) {
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  };
  write("timestamp,symbol,close\n2020-01-01,AX,1\n2020-01-01,B");
  EXPECT_FALSE(feed.next(10));
  write("X,2\n2020-01-02,AX,3\n");
  const auto bar = feed.next(1'000);
  ASSERT_TRUE(bar);
  EXPECT_EQ(bar->columns[3], (std::vector<double>{1, 2}));
  EXPECT_FALSE(feed.ended());
  write("2020-01-02,BX,4\n");
  ::close(ends[1]);
  std::optional<Bar> last;
  for (int i = 0; i < 10 && !last; ++i) last = feed.next(1'000);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->columns[3], (std::vector<double>{3, 4}));
  EXPECT_FALSE(feed.next(10));
  EXPECT_TRUE(feed.ended());
  ::close(ends[0]);
}

// What a feed gives before it is refused, and why it is.
std::pair<std::vector<double>, std::string> closes_and_refusal(const std::string& text) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  LineFeed feed(ends[0], "pipe", {"AX"});
  std::pair<std::vector<double>, std::string> result;
  try {
    for (int i = 0; i < 20 && !feed.ended(); ++i) {
      if (const auto bar = feed.next(1'000)) result.first.push_back(bar->columns[3][0]);
    }
  } catch (const InputError& error) {
    result.second = error.what();
  }
  ::close(ends[0]);
  return result;
}

TEST(LineFeed, RefusesALineThatTheInputEndsWithinAndGivesTheBarsBeforeIt) {
  const std::string rows = "timestamp,symbol,close\n2020-01-01,AX,41\n2020-01-02,AX,42\n";
  const auto [closes, refusal] = closes_and_refusal(rows + "2020-01-03,AX,4");  // of 43.5, say
  EXPECT_EQ(closes, (std::vector<double>{41, 42}));
  EXPECT_NE(refusal.find("'2020-01-03,AX,4'"), std::string::npos) << refusal;
  EXPECT_EQ(closes_and_refusal(rows).second, "");
}

TEST(LineFeed, GivesTheBarsBeforeAWrongLine) {
  const auto [closes, refusal] =
      closes_and_refusal("timestamp,symbol,close\n2020-01-01,AX,41\n2020-01-02,AX,wrong\n2020-01-03,AX,43\n");
  EXPECT_EQ(closes, std::vector<double>{41});
  EXPECT_NE(refusal.find("pipe:3"), std::string::npos) << refusal;
}

TEST(LineFeed, RefusesALineWithoutEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  LineFeed feed(ends[0], "pipe", {"AX"});
  const std::string text(6'000, 'x');
  ASSERT_GT(::write(ends[1], text.data(), text.size()), 0);
  EXPECT_THROW(feed.next(1'000), InputError);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(PublisherFeed, TakesOneBarPerMessageAndLeavesOutWhatIsWrong) {
  zmq::context_t context;
  zmq::socket_t publisher(context, zmq::socket_type::pub);
  publisher.set(zmq::sockopt::linger, 0);
  publisher.bind("tcp://127.0.0.1:*");
  PublisherFeed feed(publisher.get(zmq::sockopt::last_endpoint), {"AX", "BX"});
  const std::string good = "timestamp,symbol,close\n2020-01-02,AX,1\n2020-01-02,BX,2\n";
  std::optional<Bar> bar;
  for (int i = 0; i < 200 && !bar; ++i) {  // until the subscription has reached the publisher
    publisher.send(zmq::buffer(good));
    bar = feed.next(20);
  }
  ASSERT_TRUE(bar);
  EXPECT_EQ(bar->columns[3], (std::vector<double>{1, 2}));
  for (const std::string& wrong :
       {std::string("nonsense"), std::string(), std::string(1'000, '\n'), good,
        std::string("timestamp,symbol,close\n2020-01-03,AX,1\n2020-01-04,AX,1\n"),
        std::string("timestamp,symbol,close\n2020-01-03,ZZ,1\n"), std::string("timestamp,symbol,close\n")}) {
    publisher.send(zmq::buffer(wrong));
  }
  publisher.send(zmq::str_buffer("one"), zmq::send_flags::sndmore);
  publisher.send(zmq::str_buffer("two"));
  publisher.send(zmq::str_buffer("timestamp,symbol,close\n2020-01-05,AX,7\n"));
  bar.reset();
  for (int i = 0; i < 100 && !bar; ++i) bar = feed.next(50);
  ASSERT_TRUE(bar);
  EXPECT_EQ(bar->timestamp_ms, parse_timestamp("2020-01-05"));
  EXPECT_EQ(bar->columns[3][0], 7);
  EXPECT_TRUE(std::isnan(bar->columns[3][1]));
}

TEST(Feed, SaysWhatItNeeds) {
  expect_refused([] { open_feed({"magic", "", {}}); }, "replay:FILE.csv, stdin, or zmq:ENDPOINT");
  expect_refused([] { open_feed({"stdin", "", {}}); }, "--symbols");
  expect_refused([] { open_feed({"stdin", "", {"A", "A"}}); }, "twice");
  expect_refused([] { open_feed({"replay:/nonexistent.csv", "", {}}); }, "/nonexistent.csv");
  expect_refused([] { open_feed({"replay:/nonexistent.csv", "", {"A"}}); }, "for live feeds");
  expect_refused([] { open_feed({"zmq:nonsense", "", {"A"}}); }, "an endpoint looks like");
}

TEST(Feed, PutsHistoryBeforeALiveFeed) {
  TemporaryFolder folder;
  std::ofstream(folder / "h.csv") << "timestamp,symbol,close\n2020-01-01,AX,1\n2020-01-02,AX,2\n";
  const auto feed = open_feed({"zmq:tcp://127.0.0.1:9", (folder / "h.csv").string(), {}});
  EXPECT_TRUE(feed->live());
  EXPECT_EQ(feed->symbols(), std::vector<std::string>{"AX"});
  EXPECT_EQ(feed->next(0)->timestamp_ms, parse_timestamp("2020-01-01"));
  EXPECT_EQ(feed->next(0)->timestamp_ms, parse_timestamp("2020-01-02"));
  EXPECT_FALSE(feed->next(1));
  EXPECT_FALSE(feed->ended());
}

// ---- control
// --------------------------------------------------------------------------------------------------

TEST(ControlSocket, AnswersWhatItKnowsAndRefusesTheRest) {
  ControlSocket socket("tcp://127.0.0.1:*");
  Core core;
  std::vector<Command::Kind> commands;
  std::atomic<bool> done{false};
  std::vector<std::string> answers;
  std::thread client([&] {
    for (const std::string& ask :
         {std::string("status"), std::string("kill"), std::string("KILL"), std::string(),
          std::string("kill\0", 5), std::string("kill kill"), std::string(200, 'k'),
          std::string("\xff\xfe\x00", 3), std::string("stop")}) {
      answers.push_back(send_control(socket.endpoint(), ask, 5'000));
    }
    done = true;
  });
  while (!done) {
    if (const auto command = socket.poll(core)) {
      commands.push_back(command->kind);
      socket.done(core);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  client.join();
  ASSERT_EQ(answers.size(), 9U);
  EXPECT_NE(answers[0].find("\"state\":"), std::string::npos);
  for (std::size_t i = 2; i < 8; ++i) EXPECT_EQ(answers[i].rfind("error:", 0), 0U) << i << answers[i];
  EXPECT_EQ(commands, (std::vector<Command::Kind>{Command::Kind::kill, Command::Kind::shutdown}));
}

TEST(ControlSocket, SurvivesHostilePeers) {
  ControlSocket socket("tcp://127.0.0.1:*");
  Core core;
  zmq::context_t context;
  constexpr unsigned seed = 11;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  // frames of any number and size, from sockets that do not keep to ask and answer
  for (int round = 0; round < 50; ++round) {
    zmq::socket_t peer(context, zmq::socket_type::dealer);
    peer.set(zmq::sockopt::linger, 5'000);  // libzmq aborts a peer that goes in the middle of a message
    peer.connect(socket.endpoint());
    const int messages = 1 + static_cast<int>(random() % 5);
    for (int m = 0; m < messages; ++m) {
      const int frames = 1 + static_cast<int>(random() % 4);
      for (int f = 0; f < frames; ++f) {
        std::string frame(random() % 3 == 0 ? 0 : random() % 2'000, 'x');
        for (char& c : frame) c = static_cast<char>(random());
        peer.send(zmq::buffer(frame), f + 1 < frames ? zmq::send_flags::sndmore : zmq::send_flags::none);
      }
    }
    for (int i = 0; i < 5; ++i) {
      EXPECT_FALSE(socket.poll(core));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  std::atomic<bool> done{false};
  std::string answer;
  std::thread client([&] {
    answer = send_control(socket.endpoint(), "status", 5'000);
    done = true;
  });
  while (!done) EXPECT_FALSE(socket.poll(core));
  client.join();
  EXPECT_NE(answer.find("\"state\":"), std::string::npos) << "it still serves";
}

TEST(ControlSocket, HearsAKillWhenSignalsBreakOffItsCalls) {
  ControlSocket socket("tcp://127.0.0.1:*");
  Core core;
  std::atomic<bool> shielded{false};
  std::string answer;
  std::thread client([&] {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    shielded = true;
    answer = send_control(socket.endpoint(), "kill", 20'000);
  });
  while (!shielded) std::this_thread::yield();
  int kills = 0;
  {
    const regent::test::SignalStorm storm;
    for (int i = 0; i < 20'000 || (kills == 0 && i < 2'000'000); ++i) {
      EXPECT_NO_THROW({
        if (socket.poll(core)) {
          ++kills;
          socket.done(core);
        }
      }) << "call "
         << i;
      if (testing::Test::HasFailure()) break;
    }
  }
  client.join();
  EXPECT_EQ(kills, 1);
  EXPECT_NE(answer.find("\"state\":"), std::string::npos);
}

TEST(ControlSocket, ListensToThisMachineOnly) {
  for (const char* endpoint : {"tcp://0.0.0.0:5000", "tcp://*:5000", "tcp://192.168.1.1:5000",
                               "udp://127.0.0.1:1", "tcp://example.com:1", "nonsense", ""}) {
    EXPECT_THROW(ControlSocket{endpoint}, InputError) << endpoint;
  }
  TemporaryFolder folder;
  const ControlSocket socket("ipc://" + (folder / "control").string());
  const auto permissions = std::filesystem::status(folder / "control").permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::mask,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THROW(send_control("ipc://" + (folder / "nobody").string(), "status", 50), RetryableError);
  expect_refused([] { ControlSocket{"ipc://@regent-of-no-one"}; }, "cannot be kept to this user");
}

// ---- http and metrics
// -----------------------------------------------------------------------------------------

TEST(HttpEndpoint, ServesHealthAndMetricsOnThisMachineOnly) {
  Telemetry telemetry;
  const http::HttpEndpoint endpoint({"engine.http", "127.0.0.1:0"}, telemetry.pages());
  Core core;
  const auto step = [&](const Event& event) { telemetry.on_step(event, core.step(event, 0), core); };
  step(test::started(test::core_settings(1)));
  step(HeartbeatSeen{});
  const Bar bar = test::closes_bar(1, {100});
  step(bar);
  DecisionArrived decision = test::decision(bar, {2.0});
  decision.latency_ns = 3'000'000;
  step(decision);
  telemetry.on_commit(7);
  httplib::Client client(endpoint.url());
  const auto health = client.Get("/health");
  ASSERT_TRUE(health);
  EXPECT_EQ(health->status, 200);
  EXPECT_NE(health->body.find("\"state\":\"ACTIVE\""), std::string::npos) << health->body;
  const auto metrics = client.Get("/metrics");
  ASSERT_TRUE(metrics);
  for (const char* line :
       {"regent_engine_state{state=\"ACTIVE\"} 1", "regent_engine_state{state=\"HALTED\"} 0",
        "regent_equity 100000", "regent_drawdown 0", "regent_orders_total{result=\"denied\"} 1",
        "regent_orders_total{result=\"filled\"} 0",
        "regent_denials_total{gate=\"governor\",reason=\"position_weight\"} 1",
        "regent_decision_latency_seconds_count 1", "regent_ledger_rows 7", "regent_bars_total 1"}) {
    EXPECT_NE(metrics->body.find(line), std::string::npos) << line << "\n" << metrics->body;
  }
  step(LedgerFailed{"disk full"});
  EXPECT_EQ(client.Get("/health")->status, 503);
  EXPECT_EQ(client.Get("/other")->status, 404);
  for (const char* address :
       {"0.0.0.0:0", "192.168.0.1:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":0"}) {
    EXPECT_THROW(http::HttpEndpoint({"engine.http", address}, telemetry.pages()), InputError) << address;
  }
}

// ---- settings
// -------------------------------------------------------------------------------------------------

TEST(Settings, TakesLimitsFromTheirFileAndLeavesTheOthersUnset) {
  TemporaryFolder folder;
  std::ofstream(folder / "limits.toml") << "[governor]\nposition_weight_max = 0.1\nshort_selling = false\n"
                                           "[guardian]\nhalt_action = \"flatten\"\nhalt_drawdown = 0.3\n";
  const Config config =
      Config::from_toml("[guardian]\nreduce_drawdown = 0.02\n[engine]\ndeadline_ms = 70\n", "test");
  const SessionSettings s = session_settings(config, folder / "limits.toml");
  EXPECT_EQ(s.core.governor.position_weight_max, 0.1);
  EXPECT_EQ(s.core.governor.short_selling, false);
  EXPECT_FALSE(s.core.governor.gross_leverage_max);
  EXPECT_FALSE(s.core.governor.order_value_max);
  EXPECT_FALSE(s.core.governor.orders_per_bar_max);
  EXPECT_FALSE(s.core.governor.restricted_symbols);
  EXPECT_EQ(s.core.guardian.halt_action, HaltAction::flatten);
  EXPECT_EQ(s.core.guardian.halt_drawdown, 0.3);
  EXPECT_EQ(s.core.guardian.reduce_drawdown, 0.02);
  EXPECT_EQ(s.core.deadline_ns, 70'000'000);
}

TEST(Settings, HasTheDefaultsOfTheDesign) {
  const SessionSettings s = session_settings(Config::from_toml("", "test"), "");
  EXPECT_EQ(s.core.guardian.reduce_drawdown, 0.05);
  EXPECT_EQ(s.core.guardian.halt_drawdown, 0.15);
  EXPECT_EQ(s.core.guardian.halt_action, HaltAction::hold_positions);
  EXPECT_EQ(s.core.rebalance_band, 0.002);
  EXPECT_EQ(s.core.deadline_ns, 500'000'000);
  EXPECT_EQ(s.paper.fee_fraction, 0.00075);
  EXPECT_EQ(s.paper.slippage_fraction, 0.0005);
  EXPECT_FALSE(s.core.governor.position_weight_max);
}

TEST(Settings, RefusesLimitsThatContradictAndKeysThatAreNoLimits) {
  TemporaryFolder folder;
  const Config config = Config::from_toml("", "test");
  std::ofstream(folder / "a.toml") << "[guardian]\nreduce_drawdown = 0.4\n";
  expect_refused([&] { session_settings(config, folder / "a.toml"); }, "above guardian.halt_drawdown");
  std::ofstream(folder / "b.toml") << "[engine]\ndeadline_ms = 5\n";
  expect_refused([&] { session_settings(config, folder / "b.toml"); }, "is no limit");
  std::ofstream(folder / "c.toml") << "[governor]\nposition_wait_max = 5\n";
  expect_refused([&] { session_settings(config, folder / "c.toml"); }, "position_weight_max");
  expect_refused([&] { session_settings(config, folder / "absent.toml"); }, "absent.toml");
}

TEST(Settings, SetsEveryLimitInTheDemosPolicyFile) {
  const SessionSettings s = session_settings(Config::from_toml("", "test"), REGENT_DEMO_LIMITS);
  EXPECT_TRUE(s.core.governor.position_weight_max);
  EXPECT_TRUE(s.core.governor.gross_leverage_max);
  EXPECT_TRUE(s.core.governor.order_value_max);
  EXPECT_TRUE(s.core.governor.orders_per_bar_max);
  EXPECT_TRUE(s.core.governor.short_selling);
  EXPECT_TRUE(s.core.governor.restricted_symbols);
}

}  // namespace
}  // namespace regent::engine
