#pragma once
// The configuration and the addresses that it names.

#include <string>

#include "base/config/config.hpp"
#include "base/doctor/finding.hpp"

namespace regent::doctor {

// Where values came from and which have none.
Findings describe_config(const Config& config);

// Whether a server could take the addresses of [serving].
Findings look_at_endpoints(const Config& config);

// `endpoint`: "tcp://HOST:PORT", "ipc://PATH" or "HOST:PORT". `key` names it in the finding.
Finding look_at_endpoint(const std::string& key, const std::string& endpoint);

}  // namespace regent::doctor
