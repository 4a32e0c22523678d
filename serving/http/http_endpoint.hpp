#pragma once
// Pages that a process shows of itself (health, metrics). Its threads only format what others left for them.

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace regent::http {

struct HttpSettings {
  std::string key = "http";  // the setting that errors name
  std::string address;       // "127.0.0.1:8080", "[::1]:0"; port 0 picks a free one
  bool allow_remote = false;
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
};
HttpReply prometheus_reply(std::string text);

using HttpPages = std::map<std::string, std::function<HttpReply()>>;  // by path

class HttpEndpoint {
 public:
  // Binds and serves from then on; every other path is a 404. Throws InputError when the address is taken,
  // malformed or not permitted. The pages are called from several threads, and what they read must outlive
  // the endpoint.
  HttpEndpoint(const HttpSettings& settings, const HttpPages& pages);
  ~HttpEndpoint();  // stops; waits up to about two seconds for requests in progress

  const std::string& url() const;  // with the port that was chosen

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::http
