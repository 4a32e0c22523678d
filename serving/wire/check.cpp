#include <cmath>
#include <cstdio>
#include <string_view>

#include "base/error.hpp"
#include "serving/wire/messages.hpp"

namespace regent::wire {
namespace {

constexpr TimestampMs timestamp_ms_min = -62'135'596'800'000;  // 0001-01-01
constexpr TimestampMs timestamp_ms_max = 253'402'300'799'999;  // the end of 9999

[[noreturn]] void refuse(const std::string& message) {
  throw InputError(message);
}

// Bytes of the UTF-8 character that begins at `at`, or 0 when none does (RFC 3629: no overlong forms, no
// surrogates).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xc2 && first <= 0xdf && follows(1)) {
    return 2;
  }
  if (first >= 0xe0 && first <= 0xef && follows(1) && follows(2)) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4 && follows(1) && follows(2) && follows(3)) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Length of the longest beginning that is UTF-8 without control characters.
std::size_t printable_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && !is_control(text[at])) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) {
      break;
    }
    at += length;
  }
  return at;
}

// Short, and exact where it matters: 1e300 has no three hundred digits here.
std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

void check_text(const char* field, std::string_view text, std::size_t bytes_min, std::size_t bytes_max) {
  if (text.size() < bytes_min || text.size() > bytes_max) {
    refuse(std::string(field) + " has " + std::to_string(text.size()) + " bytes; " +
           std::to_string(bytes_min) + " to " + std::to_string(bytes_max) + " are allowed");
  }
  if (printable_length(text) != text.size()) {
    refuse(std::string(field) + " must be UTF-8 text without control characters; byte " +
           std::to_string(printable_length(text)) + " is neither");
  }
}

bool within_calendar(TimestampMs timestamp_ms) {
  return timestamp_ms >= timestamp_ms_min && timestamp_ms <= timestamp_ms_max;
}

void check_timestamp(const char* field, TimestampMs timestamp_ms) {
  if (!within_calendar(timestamp_ms)) {
    refuse(std::string(field) + " is " + std::to_string(timestamp_ms) +
           "; unix milliseconds within the years 1 to 9999 are allowed");
  }
}

void check_symbols(const std::vector<std::string>& symbols) {
  if (symbols.empty() || symbols.size() > symbols_max) {
    refuse("symbols has " + std::to_string(symbols.size()) + " entries; 1 to " + std::to_string(symbols_max) +
           " are allowed");
  }
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    check_text("a symbol", symbols[i], 1, name_bytes_max);
    if (i > 0 && symbols[i] <= symbols[i - 1]) {
      refuse("symbols must be sorted and unique: '" + symbols[i] + "' follows '" + symbols[i - 1] + "'");
    }
  }
}

void check_timestamps(const Bars& bars) {
  for (std::size_t bar = 0; bar < bars.timestamps_ms.size(); ++bar) {
    check_timestamp("a value of bars.timestamps_ms", bars.timestamps_ms[bar]);
    if (bar > 0 && bars.timestamps_ms[bar] <= bars.timestamps_ms[bar - 1]) {
      refuse("bars.timestamps_ms must rise strictly: bar " + std::to_string(bars.first_sequence + bar) +
             " has " + std::to_string(bars.timestamps_ms[bar]) + " after " +
             std::to_string(bars.timestamps_ms[bar - 1]));
    }
  }
}

// A price is positive, a volume may be zero; NaN is a missing value and allowed in both.
bool usable(double value, bool price) {
  return std::isnan(value) || (std::isfinite(value) && (price ? value > 0 : value >= 0));
}

void check_column(const char* name, const std::vector<double>& values, const DecisionRequest& request,
                  bool required) {
  const std::size_t expected = request.bars.timestamps_ms.size() * request.symbols.size();
  if (values.empty() && !required) {
    return;
  }
  if (values.size() != expected) {
    refuse("bars." + std::string(name) + " has " + std::to_string(values.size()) + " values; " +
           std::to_string(request.bars.timestamps_ms.size()) + " bars of " +
           std::to_string(request.symbols.size()) + " symbols need " + std::to_string(expected));
  }
  const bool price = std::string_view(name) != "volume";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!usable(values[i], price)) {
      refuse("bars." + std::string(name) + " of " + request.symbols[i % request.symbols.size()] + " at bar " +
             std::to_string(request.bars.first_sequence + i / request.symbols.size()) + " is " +
             number(values[i]) + "; " + (price ? "a price is positive" : "a volume is not negative") +
             " and finite, or NaN when it is missing");
    }
  }
}

void check_heartbeat(const DecisionRequest& request) {
  const Bars& bars = request.bars;
  if (!request.symbols.empty() || !bars.timestamps_ms.empty() || !bars.open.empty() || !bars.high.empty() ||
      !bars.low.empty() || !bars.close.empty() || !bars.volume.empty()) {
    refuse(
        "sequence 0 is a heartbeat and carries no symbols and no bars; the first bar of a stream has "
        "sequence 1");
  }
}

void check_sequence(const DecisionRequest& request) {
  const Bars& bars = request.bars;
  const std::uint64_t count = bars.timestamps_ms.size();
  if (count == 0 || count > bars_per_message_max) {
    refuse("bars.timestamps_ms has " + std::to_string(count) + " bars; 1 to " +
           std::to_string(bars_per_message_max) + " are allowed in one message");
  }
  if (bars.first_sequence == 0) {
    refuse("bars.first_sequence is 0; the first bar of a stream has sequence 1");
  }
  if (request.sequence < bars.first_sequence || request.sequence - bars.first_sequence != count - 1) {
    refuse("sequence is " + std::to_string(request.sequence) + ", but " + std::to_string(count) +
           " bars from first_sequence " + std::to_string(bars.first_sequence) + " end elsewhere");
  }
}

void check_finite(const char* field, const std::vector<double>& values, std::size_t count_max) {
  if (values.size() > count_max) {
    refuse(std::string(field) + " has " + std::to_string(values.size()) + " values; at most " +
           std::to_string(count_max) + " are allowed");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      refuse(std::string(field) + "[" + std::to_string(i) + "] is " + number(values[i]) +
             "; it must be finite");
    }
  }
}

void check_probabilities(const char* field, const std::vector<double>& values) {
  check_finite(field, values, states_max);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] > 1 + 1e-6) {
      refuse(std::string(field) + "[" + std::to_string(i) + "] is " + number(values[i]) +
             "; a probability lies in 0..1");
    }
  }
}

void check_macro_labels(const DecisionReply& reply) {
  if (reply.macro_labels.size() != reply.macro_posterior.size()) {
    refuse("macro_labels has " + std::to_string(reply.macro_labels.size()) + " entries and macro_posterior " +
           std::to_string(reply.macro_posterior.size()) + "; every macro regime has a label");
  }
  for (const std::string& label : reply.macro_labels) {
    check_text("a macro label", label, 1, name_bytes_max);
  }
}

void check_decision(const DecisionReply& reply) {
  if (reply.weights.empty() || reply.weights.size() != reply.convictions.size()) {
    refuse("a decision has " + std::to_string(reply.weights.size()) + " weights and " +
           std::to_string(reply.convictions.size()) + " convictions; one of each per symbol is needed");
  }
  if (reply.fingerprint.empty()) {
    refuse("a decision names the fingerprint of its bundle; it is empty");
  }
  if (reply.expires_ms < reply.timestamp_ms) {
    refuse("expires_ms " + std::to_string(reply.expires_ms) + " lies before timestamp_ms " +
           std::to_string(reply.timestamp_ms));
  }
  if (reply.sequence == 0) {
    refuse("a decision answers a bar; sequence is 0");
  }
}

}  // namespace

const char* to_text(Status status) {
  switch (status) {
    case Status::decided:
      return "decided";
    case Status::warming:
      return "warming";
    case Status::need_history:
      return "need_history";
    case Status::late:
      return "late";
    case Status::rejected:
      return "rejected";
    case Status::alive:
      return "alive";
  }
  return "unknown";
}

std::string printable_reason(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = is_control(text[at]) ? 0 : utf8_length(text, at);
    const std::string_view character = length == 0 ? std::string_view("?") : text.substr(at, length);
    if (result.size() + character.size() > reason_bytes_max) {
      break;
    }
    result += character;
    at += length == 0 ? 1 : length;
  }
  return result;
}

void check(const DecisionRequest& request) {
  check_text("stream", request.stream, 1, name_bytes_max);
  if (request.sequence == 0) {
    check_heartbeat(request);
    return;
  }
  if (request.deadline_ms == 0 || request.deadline_ms > deadline_ms_max) {
    refuse("deadline_ms is " + std::to_string(request.deadline_ms) + "; 1 to " +
           std::to_string(deadline_ms_max) + " are allowed");
  }
  check_symbols(request.symbols);
  check_sequence(request);
  check_timestamps(request.bars);
  check_column("open", request.bars.open, request, false);
  check_column("high", request.bars.high, request, false);
  check_column("low", request.bars.low, request, false);
  check_column("close", request.bars.close, request, true);
  check_column("volume", request.bars.volume, request, false);
}

void check(const DecisionReply& reply) {
  check_text("stream", reply.stream, 1, name_bytes_max);
  check_text("reason", reply.reason, 0, reason_bytes_max);
  check_text("regime", reply.regime, 0, name_bytes_max);
  check_text("fingerprint", reply.fingerprint, 0, name_bytes_max);
  check_timestamp("timestamp_ms", reply.timestamp_ms);
  check_timestamp("bundle_end_ms", reply.bundle_end_ms);
  check_finite("weights", reply.weights, symbols_max);
  check_finite("convictions", reply.convictions, symbols_max);
  check_probabilities("macro_posterior", reply.macro_posterior);
  check_probabilities("micro_posterior", reply.micro_posterior);
  check_macro_labels(reply);
  check_probabilities("confidence", {reply.confidence});
  if (std::isinf(reply.predicted_volatility) || reply.predicted_volatility < 0) {
    refuse("predicted_volatility is " + number(reply.predicted_volatility) +
           "; it is finite and not negative, or NaN when it is unknown");
  }
  if (reply.status == Status::decided) {
    check_decision(reply);
  } else if (!reply.weights.empty() || !reply.convictions.empty()) {
    refuse(std::string("a reply of status ") + to_text(reply.status) +
           " carries weights; only a decision may");
  }
}

}  // namespace regent::wire
