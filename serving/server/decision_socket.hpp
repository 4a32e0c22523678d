#pragma once
// The ZeroMQ ROUTER that requests come to. The thread that calls run() owns the socket and the service.

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "serving/server/decision_service.hpp"

namespace regent::server {

// What other threads may know of the loop.
struct LoopState {
  std::atomic<bool> running{false};
  std::atomic<std::int64_t> busy_since_ns{0};  // when work on the present request began; 0: idle
};

class DecisionSocket {
 public:
  // Binds. Throws InputError when the address is taken or not permitted.
  explicit DecisionSocket(const SocketSettings& settings);
  ~DecisionSocket();

  const std::string& endpoint() const;  // with the port that was chosen

  // Answers until `stop_descriptor` is readable. Requests that waited longest come first. A request's arrival
  // is the moment it was found in the socket; one that came during work on another counts as come when that
  // work began, so that waiting inside the server counts against its deadline.
  void run(DecisionService& service, Metrics& metrics, LoopState& loop, int stop_descriptor,
           const std::function<std::int64_t()>& monotonic_ns);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::server
