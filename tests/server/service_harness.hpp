#pragma once
// The service with a clock that the test turns, asked in plain structs.

#include <gtest/gtest.h>

#include "serving/server/decision_service.hpp"
#include "tests/server/fake_bundles.hpp"

namespace regent::server {

constexpr TimestampMs minute_ms = 60'000;
constexpr std::int64_t ms = 1'000'000;  // in nanoseconds

// Bars first..first+count-1 of one endless series; bar n opens at minute n.
inline wire::DecisionRequest make_request(std::uint64_t first, std::size_t count = 1,
                                          const std::string& stream = "s",
                                          std::vector<std::string> symbols = {"A", "B"}) {
  wire::DecisionRequest request;
  request.stream = stream;
  request.symbols = std::move(symbols);
  request.deadline_ms = 100;
  request.sequence = first + count - 1;
  request.bars.first_sequence = first;
  for (std::uint64_t bar = first; bar < first + count; ++bar) {
    request.bars.timestamps_ms.push_back(static_cast<TimestampMs>(bar) * minute_ms);
    for (std::size_t symbol = 0; symbol < request.symbols.size(); ++symbol) {
      const bool missing = bar % 7 == 3 && symbol == 1;
      request.bars.close.push_back(missing ? std::numeric_limits<double>::quiet_NaN()
                                           : 100 + std::sin(static_cast<double>(bar * (symbol + 2))));
    }
  }
  return request;
}

class ServiceHarness {
 public:
  explicit ServiceHarness(FakeBundles fake = FakeBundles(), const ServiceSettings& settings = {})
      : bundles(std::move(fake)), service(bundles, settings, metrics, [this] { return now_ns; }) {}
  ServiceHarness(const ServiceHarness&) = delete;
  ServiceHarness& operator=(const ServiceHarness&) = delete;

  std::vector<std::uint8_t> ask_bytes(const wire::DecisionRequest& request, std::int64_t waited_ns = 0) {
    const auto reply = service.handle(wire::encode(request), now_ns - waited_ns);
    EXPECT_TRUE(reply.has_value());
    return reply.value_or(std::vector<std::uint8_t>());
  }
  wire::DecisionReply ask(const wire::DecisionRequest& request, std::int64_t waited_ns = 0) {
    return wire::decode_reply(ask_bytes(request, waited_ns));
  }
  double metric(const std::string& line) const {
    const std::string text = "\n" + metrics.text();
    const std::size_t at = text.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
  }

  FakeBundles bundles;
  Metrics metrics;
  std::int64_t now_ns = 5'000 * ms;
  DecisionService service;
};

}  // namespace regent::server
