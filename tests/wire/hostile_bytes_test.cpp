// Bytes from outside may be anything. Whatever they are, decoding either gives a message that check() accepts
// or throws InputError; it never reads outside the buffer (run under ASan and UBSan by the dev preset).
#include <decision_generated.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "base/error.hpp"
#include "tests/wire/examples.hpp"

namespace regent::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;

// True when the bytes were accepted as a request or as a reply.
bool survives(const Bytes& bytes) {
  bool accepted = false;
  try {
    check(decode_request(bytes));
    accepted = true;
  } catch (const InputError&) {
  }
  try {
    check(decode_reply(bytes));
    accepted = true;
  } catch (const InputError&) {
  }
  address_of_request(bytes);
  return accepted;
}

void mutate(Bytes& bytes, std::mt19937_64& random) {
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < changes && !bytes.empty(); ++i) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[at] ^= static_cast<std::uint8_t>(1U << (random() % 8));
        break;
      case 1:
        bytes[at] = static_cast<std::uint8_t>(random());
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:  // a large offset or length
        for (std::size_t k = at / 4 * 4; k < std::min(bytes.size(), at / 4 * 4 + 4); ++k) {
          bytes[k] = 0xff;
        }
        break;
      default:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
    }
  }
}

TEST(Wire, MutatedMessagesNeverCrashAndAreOftenRefused) {
  const std::uint64_t seed = 20'240'229;
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<Bytes> originals = {encode(example_request(1)), encode(example_request(5)),
                                        encode(example_reply())};
  int accepted = 0;
  constexpr int rounds = 30'000;
  for (int i = 0; i < rounds; ++i) {
    Bytes bytes = originals[random() % originals.size()];
    mutate(bytes, random);
    accepted += survives(bytes) ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);  // some mutations hit a price, and the message stays a good one
  EXPECT_LT(accepted, rounds / 2);
}

TEST(Wire, EveryTruncationIsRefused) {
  for (const Bytes& original : {encode(example_request()), encode(example_reply())}) {
    for (std::size_t size = 0; size + 8 < original.size(); ++size) {  // the last bytes may be padding
      EXPECT_FALSE(survives(Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(size))))
          << size;
    }
  }
}

TEST(Wire, NoiseIsRefused) {
  const std::uint64_t seed = 7;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 5'000; ++i) {
    Bytes bytes(random() % 300);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::uint8_t>(random()); });
    if (i % 2 == 0 && bytes.size() >= 8) {
      std::copy_n("RGN1", 4, bytes.begin() + 4);
    }
    EXPECT_FALSE(survives(bytes));
  }
}

Bytes finished(flatbuffers::FlatBufferBuilder& builder, flatbuffers::Offset<flat::DecisionRequest> request) {
  flat::FinishMessageBuffer(builder,
                            flat::CreateMessage(builder, flat::Body::DecisionRequest, request.Union()));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

std::string refusal_of(const Bytes& bytes) {
  try {
    decode_request(bytes);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Wire, MessageOfAnotherKindOfFileIsRefusedByThatName) {
  Bytes bytes = encode(example_request());
  std::copy_n("RGN2", 4, bytes.begin() + 4);
  EXPECT_THAT(refusal_of(bytes), testing::HasSubstr("file identifier is not RGN1"));
}

TEST(Wire, UnknownVersionIsRefusedAndItsSenderCanBeTold) {
  flatbuffers::FlatBufferBuilder builder;
  const auto stream = builder.CreateString("future");
  const Bytes bytes = finished(builder, flat::CreateDecisionRequest(builder, 2, stream, 9));
  EXPECT_THAT(refusal_of(bytes), testing::HasSubstr("version is 2"));
  const auto address = address_of_request(bytes);
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->stream, "future");
  EXPECT_EQ(address->sequence, 9U);
}

TEST(Wire, SenderWithAnUnusableNameCannotBeTold) {
  flatbuffers::FlatBufferBuilder builder;
  const auto stream = builder.CreateString("new\nline");
  EXPECT_FALSE(
      address_of_request(finished(builder, flat::CreateDecisionRequest(builder, 1, stream, 9))).has_value());
  EXPECT_FALSE(address_of_request(encode(example_reply())).has_value());
}

// Ten thousand references to one symbol or one column cost the sender little; they must not cost us much.
TEST(Wire, SharedColumnsOfWrongLengthAreRefusedBeforeTheyAreCopied) {
  flatbuffers::FlatBufferBuilder builder;
  const auto stream = builder.CreateString("s");
  const auto symbols = builder.CreateVectorOfStrings({"A"});
  const auto timestamps = builder.CreateVector(std::vector<std::int64_t>{1});
  const auto column = builder.CreateVector(std::vector<double>(1'000'000, 1.0));
  const auto bars = flat::CreateBars(builder, 1, timestamps, column, column, column, column, column);
  const Bytes bytes =
      finished(builder, flat::CreateDecisionRequest(builder, 1, stream, 1, 10, symbols, bars));
  EXPECT_THAT(refusal_of(bytes), testing::HasSubstr("a column of bars has 1000000 values"));
}

TEST(Wire, TooManySymbolsAndBarsAreRefused) {
  flatbuffers::FlatBufferBuilder builder;
  const auto stream = builder.CreateString("s");
  const std::vector<flatbuffers::Offset<flatbuffers::String>> many(symbols_max + 1,
                                                                   builder.CreateString("A"));
  const auto symbols = builder.CreateVector(many);
  EXPECT_THAT(refusal_of(finished(builder, flat::CreateDecisionRequest(builder, 1, stream, 1, 10, symbols))),
              testing::HasSubstr("symbols has 10001 entries"));

  flatbuffers::FlatBufferBuilder other;
  const auto name = other.CreateString("s");
  const auto one = other.CreateVectorOfStrings({"A"});
  const auto timestamps = other.CreateVector(std::vector<std::int64_t>(bars_per_message_max + 1, 1));
  const auto bars = flat::CreateBars(other, 1, timestamps);
  EXPECT_THAT(refusal_of(finished(other, flat::CreateDecisionRequest(other, 1, name, 4097, 10, one, bars))),
              testing::HasSubstr("4097 bars"));
}

TEST(Wire, StatusThatNobodyKnowsIsRefused) {
  flatbuffers::FlatBufferBuilder builder;
  const auto stream = builder.CreateString("s");
  const auto reply = flat::CreateDecisionReply(builder, 1, stream, 1, static_cast<flat::Status>(17));
  flat::FinishMessageBuffer(builder, flat::CreateMessage(builder, flat::Body::DecisionReply, reply.Union()));
  const Bytes bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  EXPECT_THROW(decode_reply(bytes), InputError);
}

}  // namespace
}  // namespace regent::wire
