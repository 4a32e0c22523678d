#pragma once
// The peer: a ROUTER that answers every request of a size with a reply of a size and does nothing else.

#include <memory>
#include <string>

namespace regent::bench {

// Writes its endpoint to `announce` and echoes until it is killed.
int run_echo_server(const std::string& announce, std::size_t reply_bytes);

class EchoClient {
 public:
  EchoClient(const std::string& endpoint, std::size_t request_bytes);
  ~EchoClient();
  double round_trip_us();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::bench
