#include "serving/http/address.hpp"

#include <arpa/inet.h>

#include <charconv>

#include "base/error.hpp"
#include "base/log.hpp"

namespace regent::http {
namespace {

constexpr std::string_view scheme = "tcp://";

int parse_port(std::string_view text, const std::string& whole, const std::string& key) {
  if (text == "*") {
    return 0;
  }
  int port = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 0 || port > 65'535) {
    throw InputError(key + " is '" + whole + "': the port must be 1 to 65535, or 0 for a free one");
  }
  return port;
}

bool is_ipv6(const std::string& host) {
  return host.find(':') != std::string::npos;
}

std::string bracketed(const std::string& host) {
  return is_ipv6(host) ? "[" + host + "]" : host;
}

}  // namespace

bool Address::loopback() const {
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) {
    return (ntohl(four.s_addr) >> 24) == 127;
  }
  in6_addr six{};
  return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Address parse_address(const std::string& text, const std::string& key) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    throw InputError(key + " is '" + text + "': an address and a port are needed, as in 127.0.0.1:8080");
  }
  Address address;
  address.host = text.substr(0, colon);
  address.port = parse_port(std::string_view(text).substr(colon + 1), text, key);
  if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (is_ipv6(address.host)) {
    throw InputError(key + " is '" + text + "': an IPv6 address stands in brackets, as in [::1]:8080");
  }
  if (address.host == "localhost") {
    address.host = "127.0.0.1";
  } else if (address.host == "*") {
    address.host = "0.0.0.0";
  }
  return address;
}

Address parse_endpoint(const std::string& text, const std::string& key) {
  if (text.rfind(scheme, 0) != 0) {
    throw InputError(key + " is '" + text +
                     "': a server listens on tcp://ADDRESS:PORT, as in tcp://127.0.0.1:5555");
  }
  return parse_address(text.substr(scheme.size()), key);
}

void permit(const Address& address, bool allow_remote, const std::string& key) {
  if (address.loopback()) {
    return;
  }
  if (!allow_remote) {
    throw InputError(
        key + " is '" + bracketed(address.host) + ":" + std::to_string(address.port) +
        "', which other machines may reach, and there is no authentication: use 127.0.0.1; for the server, "
        "serving.allow_remote=true permits it behind a firewall");
  }
  spdlog::warn("{} listens on {}, which other machines may reach, without authentication", key, address.host);
}

std::string to_endpoint(const Address& address) {
  return "tcp://" + bracketed(address.host) + ":" + (address.port == 0 ? "*" : std::to_string(address.port));
}

std::string to_url(const Address& address) {
  return "http://" + bracketed(address.host) + ":" + std::to_string(address.port);
}

}  // namespace regent::http
