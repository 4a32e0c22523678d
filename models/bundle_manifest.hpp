#pragma once
// What a bundle says of itself (manifest.json), and its fingerprint. No torch here.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace regent::models {

inline constexpr int bundle_format_version = 1;

struct BundleManifest {
  int format_version = bundle_format_version;
  std::string creator;                               // "regent 0.1.0"
  std::vector<std::string> symbols;                  // that it was trained on, sorted
  std::vector<std::string> features;                 // policy inputs, in order
  std::vector<std::string> columns;                  // bar columns that the features need
  double periods_per_year = 252;                     // bars, for annual volatilities
  std::string data_fingerprint;                      // of the training bars
  TimestampMs train_start_ms = 0, train_end_ms = 0;  // first and last bar learnt from (validation included)
  TimestampMs validation_start_ms = 0;               // 0: none
  TimestampMs serve_from_ms = 0;                     // first bar that it may decide on
  std::string parent;                                // fingerprint of the previous fold's bundle, or ""
  nlohmann::json metrics;   // numbers that are the same for the same seed; never times, never NaN (null)
  std::string fingerprint;  // SHA-256 over all the above and the hashes of the other files
};

struct BundleFile {
  std::string sha256;  // hex
  std::uint64_t bytes = 0;
};

// The manifest as JSON, the fingerprint left out.
nlohmann::json to_json(const BundleManifest& manifest, const std::map<std::string, BundleFile>& files);
// SHA-256 (hex) over that JSON in its canonical text: keys sorted, no spaces, UTF-8, shortest numbers.
std::string fingerprint_of(const nlohmann::json& manifest_without_fingerprint);
// What manifest.json holds: keys sorted, indented by two, one newline at the end.
std::string manifest_text(const nlohmann::json& manifest);
// Every field present, of its type and in its range, nothing else, the text canonical and the fingerprint
// right. Throws InputError naming file and field.
BundleManifest parse_manifest(const std::string& text, const std::string& origin,
                              std::map<std::string, BundleFile>& files);
// The ranges alone, also before writing.
void validate(const BundleManifest& manifest, const std::string& origin);

// A number for metrics: null when it is not finite.
nlohmann::json number_or_null(double value);

}  // namespace regent::models
