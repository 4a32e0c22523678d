#pragma once
// Where a server may listen. Anything but the machine itself needs the user's word for it.

#include <string>

namespace regent::http {

struct Address {
  std::string host;  // without brackets
  int port = 0;      // 0: a free one
  bool loopback() const;
};

// "127.0.0.1:8080", "[::1]:8080", "localhost:0"; `key` names the setting in errors. Throws InputError.
Address parse_address(const std::string& text, const std::string& key);
// "tcp://127.0.0.1:5555", port * or 0 for a free one. Throws InputError.
Address parse_endpoint(const std::string& text, const std::string& key);
// Throws InputError for an address that others can reach unless `allow_remote`; then it warns in the log.
void permit(const Address& address, bool allow_remote, const std::string& key);

std::string to_endpoint(const Address& address);  // for ZeroMQ
std::string to_url(const Address& address);       // "http://127.0.0.1:8080"

}  // namespace regent::http
