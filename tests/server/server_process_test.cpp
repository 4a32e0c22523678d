// The whole server over real loopback sockets, with bundles of arithmetic instead of a model.
#include "serving/server/server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <zmq.hpp>

#include "base/atomic_file.hpp"
#include "serving/client/decision_client.hpp"
#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

using testing::HasSubstr;
constexpr int patience_ms = 20'000;  // only ever waited out when the test fails

http::HttpSettings free_http() {
  http::HttpSettings settings;
  settings.address = "127.0.0.1:0";
  return settings;
}

SocketSettings free_socket() {
  SocketSettings settings;
  settings.endpoint = "tcp://127.0.0.1:*";
  return settings;
}

class RunningServer {
 public:
  explicit RunningServer(const SocketSettings& socket = free_socket(), const ServiceSettings& service = {})
      : server(free_http()), stop_(::eventfd(0, EFD_CLOEXEC)) {
    server.open(bundles, service, socket);
    thread_ = std::thread([this] { server.run(stop_); });
  }
  ~RunningServer() { stop(); }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  void stop() {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      EXPECT_EQ(::write(stop_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
      thread_.join();
      ::close(stop_);
    }
  }
  client::ClientSettings client_settings(const std::string& stream = "s") const {
    client::ClientSettings settings;
    settings.endpoint = server.endpoint();
    settings.stream = stream;
    return settings;
  }
  httplib::Client http() const {
    httplib::Client client(server.http_url());
    client.set_read_timeout(20);
    return client;
  }
  double metric(const std::string& line) const {
    const auto answer = http().Get("/metrics");
    const std::string text = answer ? "\n" + answer->body : "";
    const std::size_t at = text.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
  }

  FakeBundles bundles;
  Server server;

 private:
  int stop_;
  std::thread thread_;
};

wire::DecisionReply ask(client::DecisionClient& client, wire::DecisionRequest request) {
  request.deadline_ms = patience_ms;
  for (int waited_ms = 0; waited_ms < patience_ms && !client.send(request); waited_ms += 2) {
    ::usleep(2'000);
  }
  const auto reply = client.receive(patience_ms);
  EXPECT_TRUE(reply.has_value()) << "no reply to bar " << request.sequence;
  return reply.value_or(wire::DecisionReply());
}

// Everything but the time that it took, which is measured anew.
wire::DecisionReply timeless(wire::DecisionReply reply) {
  reply.compute_us = 0;
  return reply;
}

// A peer that may send anything.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint, zmq::socket_type type = zmq::socket_type::dealer,
                   int receive_max = 0)
      : socket(context_, type) {
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvtimeo, patience_ms);
    if (receive_max > 0) {
      socket.set(zmq::sockopt::rcvhwm, receive_max);
      socket.set(zmq::sockopt::rcvbuf, 4'096);
    }
    socket.connect(endpoint);
  }
  void send(const std::vector<std::vector<std::uint8_t>>& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      socket.send(zmq::buffer(frames[i]),
                  i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }
  std::vector<std::uint8_t> receive() {
    zmq::message_t frame;
    if (!socket.recv(frame)) {
      return {};
    }
    return {frame.data<std::uint8_t>(), frame.data<std::uint8_t>() + frame.size()};
  }

 private:
  zmq::context_t context_;

 public:
  zmq::socket_t socket;
};

TEST(Server, AnswersAClientOverLoopback) {
  RunningServer running;
  client::DecisionClient client(running.client_settings());
  EXPECT_EQ(ask(client, make_request(1, 3)).status, wire::Status::warming);
  const wire::DecisionReply reply = ask(client, make_request(4));
  EXPECT_EQ(reply.status, wire::Status::decided);
  ServiceHarness reference;
  reference.ask(make_request(1, 3));
  EXPECT_EQ(timeless(reply), timeless(reference.ask(make_request(4))));
  ASSERT_TRUE(client.send_heartbeat());
  EXPECT_EQ(client.receive(patience_ms)->status, wire::Status::alive);
}

TEST(Server, RestartInTheMiddleLosesNothingThatTheClientResends) {
  std::vector<wire::DecisionReply> undisturbed;
  {
    RunningServer running;
    client::DecisionClient client(running.client_settings());
    for (std::uint64_t bar = 1; bar <= 30; ++bar) {
      undisturbed.push_back(timeless(ask(client, make_request(bar))));
    }
  }
  auto first = std::make_unique<RunningServer>();
  SocketSettings same_port = free_socket();
  same_port.endpoint = first->server.endpoint();
  client::DecisionClient client(first->client_settings());
  for (std::uint64_t bar = 1; bar <= 15; ++bar) {
    EXPECT_EQ(timeless(ask(client, make_request(bar))), undisturbed[bar - 1]);
  }
  first.reset();
  RunningServer second(same_port);
  wire::DecisionReply reply = ask(client, make_request(16));
  ASSERT_EQ(reply.status, wire::Status::need_history);
  ASSERT_EQ(reply.expected_sequence, 1U);
  EXPECT_EQ(timeless(ask(client, make_request(1, 16))), undisturbed[15]);
  for (std::uint64_t bar = 17; bar <= 30; ++bar) {
    EXPECT_EQ(timeless(ask(client, make_request(bar))), undisturbed[bar - 1]);
  }
}

TEST(Server, TwoClientsInterleavedGetTheirOwnReplies) {
  RunningServer running;
  client::DecisionClient left(running.client_settings("left"));
  client::DecisionClient right(running.client_settings("right"));
  for (std::uint64_t bar = 1; bar <= 20; ++bar) {
    EXPECT_EQ(ask(left, make_request(bar, 1, "left")).sequence, bar);
    EXPECT_EQ(ask(right, make_request(bar, 1, "right", {"X"})).stream, "right");
  }
  EXPECT_EQ(running.metric("regent_streams"), 2);
}

TEST(Server, RequestPeerWithItsEmptyFrameIsAnsweredToo) {
  RunningServer running;
  RawPeer peer(running.server.endpoint(), zmq::socket_type::req);
  peer.send({wire::encode(make_request(1))});
  EXPECT_EQ(wire::decode_reply(peer.receive()).status, wire::Status::warming);
}

TEST(Server, HostileMessagesAreCountedAndTheNextGoodOneIsAnswered) {
  RunningServer running;
  const std::uint64_t seed = 99;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  RawPeer peer(running.server.endpoint());
  constexpr int rounds = 300;
  for (int i = 0; i < rounds; ++i) {
    std::vector<std::vector<std::uint8_t>> frames(1 + random() % 5);
    for (auto& frame : frames) {
      frame.resize(random() % 200);
      for (auto& byte : frame) {
        byte = static_cast<std::uint8_t>(random());
      }
    }
    peer.send(frames);
  }
  peer.send({wire::encode(make_request(1))});
  EXPECT_EQ(wire::decode_reply(peer.receive()).sequence, 1U);
  EXPECT_EQ(running.metric("regent_unreadable_messages_total"), rounds);
}

TEST(Server, MessageOverItsLimitEndsItsConnectionOnly) {
  SocketSettings socket = free_socket();
  socket.message_bytes_max = 4'096;
  RunningServer running(socket);
  client::DecisionClient client(running.client_settings());
  ask(client, make_request(1));
  RawPeer peer(running.server.endpoint());
  peer.socket.set(zmq::sockopt::rcvtimeo, 200);
  peer.send({wire::encode(make_request(1, 1'000, "large"))});
  EXPECT_TRUE(peer.receive().empty());
  EXPECT_EQ(ask(client, make_request(2)).sequence, 2U);
  EXPECT_EQ(running.metric("regent_streams"), 1);
}

TEST(Server, PeerThatNeverReadsHoldsUpNobody) {
  SocketSettings socket = free_socket();
  socket.pending_max = 4;
  RunningServer running(socket);
  RawPeer slow(running.server.endpoint(), zmq::socket_type::dealer, 1);
  std::vector<std::string> symbols;
  for (int i = 0; i < 2'000; ++i) {
    symbols.push_back("S" + std::to_string(10'000 + i));
  }
  slow.send({wire::encode(make_request(1, 5, "slow", symbols))});
  const auto repeat = wire::encode(make_request(5, 1, "slow", symbols));  // each gets a reply of 32 KB
  for (int i = 0; i < 2'000; ++i) {
    slow.send({repeat});
  }
  client::DecisionClient client(running.client_settings());
  for (std::uint64_t bar = 1; bar <= 10; ++bar) {
    EXPECT_EQ(ask(client, make_request(bar)).sequence, bar);
  }
  double undelivered = 0;
  for (int waited_ms = 0; waited_ms < patience_ms && undelivered <= 0; waited_ms += 20) {
    undelivered = running.metric("regent_undelivered_replies_total");
    ::usleep(20'000);
  }
  EXPECT_GT(undelivered, 0);
}

TEST(Server, SaysByHttpThatItLivesAndWhenItIsReady) {
  Server server(free_http());
  httplib::Client http(server.http_url());
  EXPECT_EQ(http.Get("/health")->status, 200);
  const auto early = http.Get("/ready");
  EXPECT_EQ(early->status, 503);
  EXPECT_THAT(early->body, HasSubstr("bundles are being loaded"));

  RunningServer running;
  httplib::Client other = running.http();
  int status = 0;
  for (int waited_ms = 0; waited_ms < patience_ms && status != 200; waited_ms += 5) {
    status = other.Get("/ready")->status;
    ::usleep(5'000);
  }
  EXPECT_EQ(status, 200);
  EXPECT_EQ(nlohmann::json::parse(other.Get("/health")->body).at("status"), "alive");
  EXPECT_EQ(other.Get("/nothing")->status, 404);
  const auto metrics = other.Get("/metrics");
  EXPECT_EQ(metrics->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(metrics->body, HasSubstr("# TYPE regent_decision_latency_seconds histogram"));
  running.stop();
  EXPECT_EQ(other.Get("/ready")->status, 503);
}

TEST(Server, MetricsCountWhatTheSocketSaw) {
  RunningServer running;
  client::DecisionClient client(running.client_settings());
  for (std::uint64_t bar = 1; bar <= 8; ++bar) {
    ask(client, make_request(bar));
  }
  EXPECT_EQ(running.metric("regent_decisions_total{status=\"decided\"}"), 5);
  EXPECT_EQ(running.metric("regent_decision_latency_seconds_count"), 8);
}

// Open connections that say nothing occupy threads for two seconds each, not for ever.
TEST(Server, SilentHttpConnectionsDoNotShutOthersOut) {
  RunningServer running;
  const int port = std::stoi(running.server.http_url().substr(running.server.http_url().rfind(':') + 1));
  std::vector<int> silent;
  for (int i = 0; i < 8; ++i) {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    silent.push_back(connection);
  }
  const auto answer = running.http().Get("/health");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  for (const int connection : silent) {
    ::close(connection);
  }
}

TEST(Server, SecondServerOnAPortIsRefusedClearly) {
  RunningServer running;
  SocketSettings socket;
  socket.endpoint = running.server.endpoint();
  try {
    DecisionSocket second(socket);
    FAIL() << "two servers share " << socket.endpoint;
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr(socket.endpoint));
    EXPECT_THAT(error.what(), HasSubstr("another server runs there"));
  }
  http::HttpSettings page;
  page.address = running.server.http_url().substr(std::string("http://").size());
  try {
    const http::HttpEndpoint second(page, {});
    FAIL() << "two servers share " << page.address;
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr(page.address));
  }
}

TEST(Server, AddressThatOthersReachNeedsPermission) {
  SocketSettings socket;
  socket.endpoint = "tcp://0.0.0.0:*";
  EXPECT_THROW(DecisionSocket{socket}, InputError);
  socket.allow_remote = true;
  EXPECT_NO_THROW(DecisionSocket{socket});
  http::HttpSettings page;
  page.address = "0.0.0.0:0";
  EXPECT_THROW(Server{page}, InputError);
}

TEST(Server, AnnouncesWhereItCanBeFound) {
  RunningServer running;
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("announce-" + std::to_string(::getpid()) + ".json");
  announce(file, running.server, running.bundles.labels());
  const nlohmann::json found = nlohmann::json::parse(read_file(file));
  std::filesystem::remove(file);
  EXPECT_EQ(found.at("pid"), ::getpid());
  EXPECT_EQ(found.at("bundles").at(0).at("fingerprint"), "fingerprint-0");
  client::ClientSettings settings;
  settings.endpoint = found.at("endpoint");
  settings.stream = "s";
  client::DecisionClient client(settings);
  EXPECT_EQ(ask(client, make_request(1)).sequence, 1U);
  EXPECT_EQ(httplib::Client(found.at("http").get<std::string>()).Get("/health")->status, 200);
}

}  // namespace
}  // namespace regent::server
