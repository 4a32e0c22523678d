#include "base/doctor/settings.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

namespace regent::doctor {
namespace {

std::string source_of(const std::string& origin) {
  const std::size_t colon = origin.rfind(':');
  return origin.rfind("environment", 0) == 0 ? "environment" : origin.substr(0, colon);
}

Finding advise(const std::string& key, const std::string& found, Status status, const std::string& advice) {
  return {status, "addresses", key, found, advice};
}

// Binds and closes at once: what a server would try, without listening.
int try_to_bind(const addrinfo& address) {
  const int socket_descriptor =
      ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
  if (socket_descriptor < 0) return errno;
  const int yes = 1;  // as ZeroMQ does: a port in TIME_WAIT is free
  ::setsockopt(socket_descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const int error = ::bind(socket_descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  // SO_REUSEADDR alone lets two sockets bind until one listens
  const int listening = error == 0 && ::listen(socket_descriptor, 1) != 0 ? errno : error;
  ::close(socket_descriptor);
  return listening;
}

Finding look_at_tcp(const std::string& key, const std::string& endpoint, const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size()) {
    return advise(key, endpoint, Status::fail, "write it as HOST:PORT, for example 127.0.0.1:5555");
  }
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (port == "*" || port == "0") return advise(key, endpoint + ": a free port is chosen", Status::ok, "");
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const bool any = host == "*" || host.empty();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(any ? nullptr : host.c_str(), port.c_str(), &hints, &found); code != 0) {
    return advise(key, endpoint + ": " + ::gai_strerror(code), Status::fail,
                  "name an address of this machine and a port from 1 to 65535");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  const int error = try_to_bind(*found);
  if (error == 0) return advise(key, endpoint + " is free", Status::ok, "");
  if (error == EADDRINUSE) {
    return advise(key, endpoint + " is taken", Status::warn,
                  "fine when that is regent serve; else choose another port");
  }
  return advise(key, endpoint + ": " + std::strerror(error), Status::fail,
                error == EACCES ? "ports below 1024 need root: choose a higher one"
                                : "name an address of this machine");
}

Finding look_at_ipc(const std::string& key, const std::string& endpoint, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  if (path.size() >= 108)
    return advise(key, endpoint, Status::fail, "a socket's path has at most 107 characters");
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return advise(key, endpoint, Status::ok, "");
  return advise(key, endpoint + ": " + folder.string() + ": " + std::strerror(errno), Status::fail,
                "make the folder, or choose another path");
}

}  // namespace

Findings describe_config(const Config& config) {
  std::map<std::string, int> counts;
  std::string unset;
  for (const KeySpec& spec : config_schema()) {
    if (!config.is_set(spec.key)) {
      unset += (unset.empty() ? "" : ", ") + spec.key;
    } else {
      ++counts[source_of(config.origin(spec.key))];
    }
  }
  std::string sources;
  for (const auto& [source, count] : counts) {
    sources += (sources.empty() ? "" : ", ") + std::to_string(count) + " from " +
               (source == "default" ? "defaults" : source);
  }
  Findings findings{{Status::ok, "configuration", "values", sources, ""}};
  if (!unset.empty()) {
    findings.push_back(
        {Status::ok, "configuration", "unset", unset + " (an unset limit rejects orders)", ""});
  }
  return findings;
}

Finding look_at_endpoint(const std::string& key, const std::string& endpoint) {
  if (endpoint.rfind("tcp://", 0) == 0) return look_at_tcp(key, endpoint, endpoint.substr(6));
  if (endpoint.rfind("ipc://", 0) == 0) return look_at_ipc(key, endpoint, endpoint.substr(6));
  if (endpoint.find("://") != std::string::npos) {
    return advise(key, endpoint, Status::fail, "expected tcp://HOST:PORT or ipc://PATH");
  }
  return look_at_tcp(key, endpoint, endpoint);
}

Findings look_at_endpoints(const Config& config) {
  Findings findings;
  for (const char* key : {"serving.endpoint", "serving.http", "engine.http", "engine.control"}) {
    const KeySpec* spec = find_key(key);
    const bool given =
        spec != nullptr && spec->type == ValueType::text && config.is_set(key) && !config.text(key).empty();
    if (given) findings.push_back(look_at_endpoint(key, config.text(key)));
  }
  return findings;
}

}  // namespace regent::doctor
