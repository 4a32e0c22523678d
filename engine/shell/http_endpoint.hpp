#pragma once
// /health and /metrics on this machine. Its threads only read what the session's thread left for them.

#include <memory>
#include <string>

#include "engine/shell/telemetry.hpp"

namespace regent::engine {

class HttpEndpoint {
 public:
  // address: "127.0.0.1:9101", "[::1]:0"; port 0 picks a free one. Throws InputError when it is taken,
  // malformed or not of this machine. The telemetry must outlive the endpoint.
  HttpEndpoint(const std::string& address, const Telemetry& telemetry);
  ~HttpEndpoint();
  const std::string& url() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::engine
