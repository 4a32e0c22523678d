#include "serving/server/served_bundles.hpp"

#include <algorithm>

namespace regent::server {

std::optional<std::size_t> bundle_for(std::span<const BundleLabel> labels, TimestampMs timestamp_ms) {
  const auto after =
      std::upper_bound(labels.begin(), labels.end(), timestamp_ms,
                       [](TimestampMs t, const BundleLabel& label) { return t < label.serve_from_ms; });
  if (after == labels.begin()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(after - labels.begin()) - 1;
}

}  // namespace regent::server
