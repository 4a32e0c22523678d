// The client beside a ROUTER that the test itself drives, over real loopback sockets.
#include "serving/client/decision_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <zmq.hpp>

#include "base/error.hpp"
#include "tests/base/signal_storm.hpp"
#include "tests/wire/examples.hpp"

namespace regent::client {
namespace {

constexpr int patience_ms = 20'000;  // only ever waited out when the test fails

class Peer {
 public:
  Peer() { bind("tcp://127.0.0.1:*"); }
  const std::string& endpoint() const { return endpoint_; }

  void bind(const std::string& endpoint) {
    socket_ = zmq::socket_t(context_, zmq::socket_type::router);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, patience_ms);
    socket_.bind(endpoint);
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
  }
  void vanish() { socket_.close(); }

  // The next request; empty when none came in time.
  std::vector<std::uint8_t> take() {
    zmq::message_t payload;
    if (!socket_.recv(identity_) || !socket_.recv(payload)) {
      return {};
    }
    return {payload.data<std::uint8_t>(), payload.data<std::uint8_t>() + payload.size()};
  }
  void reply(const std::vector<std::vector<std::uint8_t>>& frames) {
    socket_.send(zmq::buffer(identity_.data(), identity_.size()), zmq::send_flags::sndmore);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const bool more = i + 1 < frames.size();
      socket_.send(zmq::buffer(frames[i]), more ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::message_t identity_;
  std::string endpoint_;
};

ClientSettings settings_for(const Peer& peer) {
  ClientSettings settings;
  settings.endpoint = peer.endpoint();
  settings.stream = "paper-eu";
  return settings;
}

// Sends until the connection stands.
void send_at_last(DecisionClient& client, const wire::DecisionRequest& request) {
  for (int waited_ms = 0; waited_ms < patience_ms; waited_ms += 5) {
    if (client.send(request)) {
      return;
    }
    client.receive(5);
  }
  FAIL() << "no connection";
}

TEST(DecisionClient, RequestArrivesAndItsReplyComesBack) {
  Peer peer;
  DecisionClient client(settings_for(peer));
  send_at_last(client, wire::example_request());
  EXPECT_EQ(wire::decode_request(peer.take()), wire::example_request());
  peer.reply({wire::encode(wire::example_reply())});
  EXPECT_EQ(client.receive(patience_ms), wire::example_reply());
  EXPECT_FALSE(client.receive(0).has_value());
}

TEST(DecisionClient, HeartbeatNamesTheStreamAndNothingElse) {
  Peer peer;
  DecisionClient client(settings_for(peer));
  send_at_last(client, wire::example_request());
  peer.take();
  ASSERT_TRUE(client.send_heartbeat());
  const wire::DecisionRequest heartbeat = wire::decode_request(peer.take());
  EXPECT_EQ(heartbeat.stream, "paper-eu");
  EXPECT_EQ(heartbeat.sequence, 0U);
}

TEST(DecisionClient, WithoutAPeerNothingIsQueuedAndNothingBlocks) {
  Peer peer;
  const ClientSettings settings = settings_for(peer);
  peer.vanish();
  DecisionClient client(settings);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_FALSE(client.send(wire::example_request()));
  }
  EXPECT_FALSE(client.receive(0).has_value());
}

TEST(DecisionClient, FullQueueRefusesInsteadOfGrowing) {
  Peer peer;
  ClientSettings settings = settings_for(peer);
  settings.pending_max = 4;
  DecisionClient client(settings);
  const wire::DecisionRequest request =
      wire::example_request(wire::bars_per_message_max);  // 360 KB: fills TCP's buffers
  send_at_last(client, request);
  int accepted = 0;
  while (accepted < 5'000 && client.send(request)) {
    ++accepted;
  }
  EXPECT_LT(accepted, 5'000);  // the peer reads nothing; its own queue and ours hold what they may
}

TEST(DecisionClient, ReconnectsByItselfAfterThePeerRestarted) {
  Peer peer;
  DecisionClient client(settings_for(peer));
  send_at_last(client, wire::example_request());
  peer.take();
  const std::string endpoint = peer.endpoint();
  peer.vanish();
  for (int waited_ms = 0; waited_ms < patience_ms && client.send(wire::example_request()); waited_ms += 5) {
    client.receive(5);
  }
  EXPECT_FALSE(client.send(wire::example_request())) << "the lost peer was never noticed";
  peer.bind(endpoint);
  const wire::DecisionRequest second = wire::example_request(1, 4);
  send_at_last(client, second);
  EXPECT_EQ(wire::decode_request(peer.take()), second);
}

TEST(DecisionClient, MalformedReplyIsAnErrorAndTheNextOneIsRead) {
  Peer peer;
  DecisionClient client(settings_for(peer));
  send_at_last(client, wire::example_request());
  peer.take();
  wire::DecisionReply foreign = wire::example_reply();
  foreign.stream = "another";
  const auto good = wire::encode(wire::example_reply());
  peer.reply({{1, 2, 3}});
  peer.reply({good, good});  // two frames
  peer.reply({wire::encode(foreign)});
  peer.reply({good});
  EXPECT_THROW(client.receive(patience_ms), InputError);
  EXPECT_THROW(client.receive(patience_ms), InputError);
  EXPECT_THROW(client.receive(patience_ms), InputError);
  EXPECT_EQ(client.receive(patience_ms), wire::example_reply());
}

TEST(DecisionClient, LosesNothingWhenSignalsBreakOffItsCalls) {
  Peer peer;
  DecisionClient client(settings_for(peer));
  send_at_last(client, wire::example_request());
  peer.take();
  constexpr int replies = 50;
  for (int i = 0; i < replies; ++i) {
    peer.reply({wire::encode(wire::example_reply())});
  }
  int received = 0;
  {
    const test::SignalStorm storm;
    for (int i = 0; i < 20'000 || (received < replies && i < 2'000'000); ++i) {
      ASSERT_NO_THROW(received += client.receive(0).has_value() ? 1 : 0) << "call " << i;
      if (i % 100 == 0) {
        ASSERT_NO_THROW(client.send_heartbeat()) << "call " << i;
      }
    }
  }
  EXPECT_EQ(received, replies);
  EXPECT_GT(test::SignalStorm::count, 100);
}

TEST(DecisionClient, WrongSettingsAndRequestsAreNamed) {
  ClientSettings settings;
  settings.endpoint = "nonsense";
  try {
    DecisionClient client(settings);
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'nonsense'"));
  }
  settings = {};
  settings.stream.clear();
  EXPECT_THROW(DecisionClient{settings}, InputError);
  settings = {};
  settings.pending_max = 0;
  EXPECT_THROW(DecisionClient{settings}, InputError);

  Peer peer;
  DecisionClient client(settings_for(peer));
  wire::DecisionRequest request = wire::example_request();
  request.stream = "another";
  EXPECT_THROW(client.send(request), InputError);
  request = wire::example_request();
  request.deadline_ms = 0;
  EXPECT_THROW(client.send(request), InputError);
}

}  // namespace
}  // namespace regent::client
