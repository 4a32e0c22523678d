#pragma once
// /health, /ready and /metrics. Its threads only format what the others counted; they never touch the model.

#include <functional>
#include <memory>
#include <string>

#include "serving/server/settings.hpp"

namespace regent::server {

struct HttpAnswers {
  std::function<std::string()> metrics;    // Prometheus text
  std::function<std::string()> not_ready;  // "" when ready, else why not
};

class HttpEndpoint {
 public:
  // Binds and serves from then on. Throws InputError when the address is taken or not permitted. The answers
  // are called from several threads.
  HttpEndpoint(const HttpSettings& settings, HttpAnswers answers);
  ~HttpEndpoint();  // stops; waits up to about two seconds for requests in progress

  const std::string& url() const;  // with the port that was chosen

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::server
