#include <gtest/gtest.h>

#include <cstring>

#include "base/error.hpp"
#include "tests/wire/examples.hpp"

namespace regent::wire {
namespace {

TEST(Wire, RequestComesBackUnchanged) {
  const DecisionRequest request = example_request();
  EXPECT_EQ(decode_request(encode(request)), request);
}

TEST(Wire, RequestOfClosesOnlyComesBackUnchanged) {
  DecisionRequest request = example_request();
  request.bars.open = request.bars.high = request.bars.low = request.bars.volume = {};
  EXPECT_EQ(decode_request(encode(request)), request);
}

TEST(Wire, HeartbeatComesBackUnchanged) {
  DecisionRequest heartbeat;
  heartbeat.stream = "paper-eu";
  EXPECT_EQ(decode_request(encode(heartbeat)), heartbeat);
}

TEST(Wire, MissingPriceStaysMissingAndItsNeighboursStayTheSame) {
  DecisionRequest request = example_request();
  request.bars.close[1] = std::numeric_limits<double>::quiet_NaN();
  DecisionRequest decoded = decode_request(encode(request));
  EXPECT_TRUE(std::isnan(decoded.bars.close[1]));
  decoded.bars.close[1] = request.bars.close[1] = 1;
  EXPECT_EQ(decoded, request);
}

TEST(Wire, DecisionComesBackUnchanged) {
  const DecisionReply reply = example_reply();
  EXPECT_EQ(decode_reply(encode(reply)), reply);
}

TEST(Wire, UnknownVolatilityStaysUnknown) {
  DecisionReply reply = example_reply();
  reply.predicted_volatility = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(decode_reply(encode(reply)).predicted_volatility));
}

TEST(Wire, EveryStatusComesBackUnchanged) {
  for (int status = 1; status <= 5; ++status) {
    DecisionReply reply;
    reply.stream = "paper-eu";
    reply.status = static_cast<Status>(status);
    reply.reason = "because";
    EXPECT_EQ(decode_reply(encode(reply)), reply) << to_text(reply.status);
  }
}

TEST(Wire, TheSameMessageGivesTheSameBytes) {
  EXPECT_EQ(encode(example_request()), encode(example_request()));
  EXPECT_EQ(encode(example_reply()), encode(example_reply()));
}

TEST(Wire, LargestPermittedBatchComesBackUnchanged) {
  const DecisionRequest request = example_request(bars_per_message_max);
  EXPECT_EQ(decode_request(encode(request)), request);
}

// A socket hands over bytes wherever its buffer begins.
TEST(Wire, AnyAlignmentIsReadTheSame) {
  const std::vector<std::uint8_t> bytes = encode(example_request());
  std::vector<std::uint8_t> room(bytes.size() + 8);
  for (std::size_t offset = 0; offset < 8; ++offset) {
    std::memcpy(room.data() + offset, bytes.data(), bytes.size());
    EXPECT_EQ(decode_request({room.data() + offset, bytes.size()}), example_request()) << "offset " << offset;
  }
}

TEST(Wire, RequestIsNotReadAsAReplyNorTheOtherWayRound) {
  EXPECT_THROW(decode_reply(encode(example_request())), InputError);
  EXPECT_THROW(decode_request(encode(example_reply())), InputError);
}

}  // namespace
}  // namespace regent::wire
