// Every rule of check(), each broken alone; the message must name what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.hpp"
#include "tests/wire/examples.hpp"

namespace regent::wire {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <typename Message>
struct Fault {
  const char* name;
  const char* words;  // of the error
  std::function<void(Message&)> breaks;
};

template <typename Message>
void expect_refused(Message message, const Fault<Message>& fault) {
  ASSERT_NO_THROW(check(message));
  fault.breaks(message);
  try {
    encode(message);
    FAIL() << fault.name << " was accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(fault.words)) << fault.name;
  }
}

TEST(Wire, RequestWithOneFaultIsRefusedByName) {
  const std::vector<Fault<DecisionRequest>> faults = {
      {"empty stream", "stream has 0 bytes", [](auto& r) { r.stream.clear(); }},
      {"long stream", "stream has 129 bytes", [](auto& r) { r.stream.assign(129, 'x'); }},
      {"broken UTF-8", "stream must be UTF-8", [](auto& r) { r.stream = "a\xff"; }},
      {"control character", "without control characters; byte 1", [](auto& r) { r.stream = "a\nb"; }},
      {"no deadline", "deadline_ms is 0", [](auto& r) { r.deadline_ms = 0; }},
      {"endless deadline", "deadline_ms is 3600001", [](auto& r) { r.deadline_ms = 3'600'001; }},
      {"no symbols", "symbols has 0 entries", [](auto& r) { r.symbols.clear(); }},
      {"unsorted symbols", "'AAPL' follows 'MSFT'",
       [](auto& r) {
         r.symbols = {"MSFT", "AAPL"};
       }},
      {"duplicate symbols", "'AAPL' follows 'AAPL'",
       [](auto& r) {
         r.symbols = {"AAPL", "AAPL"};
       }},
      {"empty symbol", "a symbol has 0 bytes", [](auto& r) { r.symbols[0].clear(); }},
      {"no bars", "has 0 bars", [](auto& r) { r.bars.timestamps_ms.clear(); }},
      {"bars from 0", "first_sequence is 0", [](auto& r) { r.bars.first_sequence = 0; }},
      {"sequence behind bars", "sequence is 2", [](auto& r) { r.sequence = 2; }},
      {"sequence before bars", "sequence is 1,", [](auto& r) { r.bars.first_sequence = 2, r.sequence = 1; }},
      {"overflowing sequence", "end elsewhere",
       [](auto& r) { r.bars.first_sequence = std::numeric_limits<std::uint64_t>::max(), r.sequence = 1; }},
      {"equal timestamps", "must rise strictly: bar 2",
       [](auto& r) { r.bars.timestamps_ms[1] = r.bars.timestamps_ms[0]; }},
      {"timestamp past 9999", "years 1 to 9999",
       [](auto& r) { r.bars.timestamps_ms[2] = 253'402'300'800'000; }},
      {"timestamp before 1", "years 1 to 9999",
       [](auto& r) { r.bars.timestamps_ms[0] = -62'135'596'800'001; }},
      {"no closes", "bars.close has 0 values", [](auto& r) { r.bars.close.clear(); }},
      {"short closes", "bars.close has 5 values", [](auto& r) { r.bars.close.pop_back(); }},
      {"long volume", "bars.volume has 7 values", [](auto& r) { r.bars.volume.push_back(1); }},
      {"infinite close", "bars.close of MSFT at bar 2 is inf", [](auto& r) { r.bars.close[3] = infinity; }},
      {"negative infinite open", "bars.open of AAPL at bar 1 is -inf",
       [](auto& r) { r.bars.open[0] = -infinity; }},
      {"zero low", "bars.low of AAPL at bar 3 is 0;", [](auto& r) { r.bars.low[4] = 0; }},
      {"negative high", "bars.high of AAPL at bar 1 is -1;", [](auto& r) { r.bars.high[0] = -1; }},
      {"negative volume", "a volume is not negative", [](auto& r) { r.bars.volume[5] = -1; }},
      {"heartbeat with bars", "heartbeat", [](auto& r) { r.sequence = 0; }},
  };
  for (const auto& fault : faults) {
    expect_refused(example_request(), fault);
  }
}

TEST(Wire, ReplyWithOneFaultIsRefusedByName) {
  const std::vector<Fault<DecisionReply>> faults = {
      {"empty stream", "stream has 0 bytes", [](auto& r) { r.stream.clear(); }},
      {"long reason", "reason has 2049 bytes", [](auto& r) { r.reason.assign(2049, 'x'); }},
      {"NaN weight", "weights[1] is nan", [](auto& r) { r.weights[1] = nan; }},
      {"infinite conviction", "convictions[0] is inf", [](auto& r) { r.convictions[0] = infinity; }},
      {"no weights", "0 weights and 2 convictions", [](auto& r) { r.weights.clear(); }},
      {"unequal lengths", "3 weights and 2 convictions", [](auto& r) { r.weights.push_back(0); }},
      {"negative probability", "macro_posterior[0]", [](auto& r) { r.macro_posterior[0] = -0.1; }},
      {"label without posterior", "macro_labels", [](auto& r) { r.macro_labels.emplace_back("odd"); }},
      {"empty label", "macro label", [](auto& r) { r.macro_labels[1].clear(); }},
      {"NaN probability", "micro_posterior[2] is nan", [](auto& r) { r.micro_posterior[2] = nan; }},
      {"probability above one", "micro_posterior[0]", [](auto& r) { r.micro_posterior[0] = 1.1; }},
      {"NaN confidence", "confidence", [](auto& r) { r.confidence = nan; }},
      {"infinite volatility", "predicted_volatility", [](auto& r) { r.predicted_volatility = infinity; }},
      {"no fingerprint", "fingerprint", [](auto& r) { r.fingerprint.clear(); }},
      {"expires before its bar", "expires_ms", [](auto& r) { r.expires_ms = r.timestamp_ms - 1; }},
      {"weights without a decision", "status late carries weights", [](auto& r) { r.status = Status::late; }},
      {"decision about no bar", "sequence is 0", [](auto& r) { r.sequence = 0; }},
  };
  for (const auto& fault : faults) {
    expect_refused(example_reply(), fault);
  }
}

TEST(Wire, TextIsUtf8AsRfc3629HasIt) {
  const auto accepted = [](const std::string& name) {
    DecisionRequest heartbeat;
    heartbeat.stream = name;
    try {
      check(heartbeat);
      return true;
    } catch (const InputError&) {
      return false;
    }
  };
  for (const char* good : {"a", "\x7e", "\u00e9", "\u0800", "\u20ac", "\ud7ff", "\ue000", "\uffff",
                           "\U00010000", "\U0010ffff"}) {
    EXPECT_TRUE(accepted(good)) << good;
  }
  for (const char* bad : {"\x7f", "\x1f", "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf",
                          "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xff", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(accepted(bad)) << testing::PrintToString(std::string(bad));
    EXPECT_FALSE(accepted(std::string("fine ") + bad + " fine"));
  }
}

TEST(Wire, AnyTextBecomesAReasonThatMayBeSent) {
  EXPECT_EQ(printable_reason("a\nb\xff\u20ac\xe2\x82"), "a?b?\u20ac??");
  std::string many;
  for (std::size_t i = 0; i < reason_bytes_max; ++i) {
    many += "\u20ac";
  }
  const std::string cut = printable_reason(many);
  EXPECT_EQ(cut.size(), reason_bytes_max / 3 * 3);
  DecisionReply reply;
  reply.stream = "s";
  reply.reason = cut;
  EXPECT_NO_THROW(check(reply));
}

TEST(Wire, RequestTooLargeForOneMessageIsRefusedBeforeItIsBuilt) {
  DecisionRequest request;
  request.stream = "wide";
  request.deadline_ms = 1;
  request.bars.first_sequence = 1;
  constexpr std::size_t symbols = 4'000;
  constexpr std::size_t bars = 2'200;  // 4000 * 2200 closes of 8 bytes: 70.4 million
  for (std::size_t i = 0; i < symbols; ++i) {
    request.symbols.push_back("S" + std::to_string(100'000 + i));
  }
  for (std::size_t i = 0; i < bars; ++i) {
    request.bars.timestamps_ms.push_back(static_cast<TimestampMs>(i));
  }
  request.sequence = bars;
  request.bars.close.assign(symbols * bars, 1.0);
  try {
    encode(request);
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("send fewer bars at a time"));
  }
}

}  // namespace
}  // namespace regent::wire
