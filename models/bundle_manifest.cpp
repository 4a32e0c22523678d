#include "models/bundle_manifest.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "market/panel.hpp"

namespace regent::models {
namespace {

using nlohmann::json;

constexpr std::size_t list_max = 100000;
constexpr int depth_max = 32;  // copying, writing and checking go down by one call for each level

[[noreturn]] void refuse(const std::string& origin, const std::string& field, const std::string& what) {
  throw InputError(origin + ": '" + field + "' " + what);
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// nlohmann writes NaN as null without a word; a number that is not finite must not get that far.
void check_finite(const json& value, const std::string& path) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    throw InputError("manifest: '" + path + "' is not finite; metrics hold finite numbers or null");
  }
  if (value.is_structured()) {
    for (const auto& [key, item] : value.items()) {
      check_finite(item, path + "." + key);
    }
  }
}

template <typename Value>
Value take(json& from, const std::string& field, const char* what, bool (json::*is_type)() const noexcept,
           const std::string& origin) {
  const auto found = from.find(field);
  if (found == from.end()) {
    refuse(origin, field, std::string("is missing; it must be ") + what);
  }
  if (!((*found).*is_type)()) {
    refuse(origin, field, std::string("must be ") + what + ", found " + found->dump());
  }
  Value value = found->get<Value>();
  from.erase(found);
  return value;
}

std::int64_t take_integer(json& from, const std::string& field, const std::string& origin) {
  return take<std::int64_t>(from, field, "an integer", &json::is_number_integer, origin);
}

std::string take_text(json& from, const std::string& field, const std::string& origin) {
  return take<std::string>(from, field, "a string", &json::is_string, origin);
}

std::vector<std::string> take_list(json& from, const std::string& field, const std::string& origin) {
  const json list = take<json>(from, field, "a list of strings", &json::is_array, origin);
  std::vector<std::string> texts;
  for (const json& item : list) {
    if (!item.is_string()) {
      refuse(origin, field, "must hold strings only, found " + item.dump());
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

void take_files(json& from, const std::string& origin, std::map<std::string, BundleFile>& files) {
  json list = take<json>(from, "files", "an object of files", &json::is_object, origin);
  for (auto& [name, entry] : list.items()) {
    const std::string where = "files." + name;
    if (!entry.is_object() || entry.size() != 2) {
      refuse(origin, where, "must hold sha256 and bytes");
    }
    BundleFile file;
    file.sha256 = take_text(entry, "sha256", origin + ": " + where);
    const std::int64_t bytes = take_integer(entry, "bytes", origin + ": " + where);
    if (!is_digest(file.sha256) || bytes < 0) {
      refuse(origin, where, "must hold a SHA-256 in lower-case hex and a size of at least 0 bytes");
    }
    file.bytes = static_cast<std::uint64_t>(bytes);
    files.emplace(name, file);
  }
}

void check_list(const std::vector<std::string>& list, const std::string& field, const std::string& origin) {
  if (list.empty() || list.size() > list_max) {
    refuse(origin, field,
           "must hold 1 to " + std::to_string(list_max) + " names, found " + std::to_string(list.size()));
  }
  if (std::set<std::string>(list.begin(), list.end()).size() != list.size()) {
    refuse(origin, field, "names something twice");
  }
}

}  // namespace

json number_or_null(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json to_json(const BundleManifest& manifest, const std::map<std::string, BundleFile>& files) {
  json list = json::object();
  for (const auto& [name, file] : files) {
    list[name] = {{"sha256", file.sha256}, {"bytes", file.bytes}};
  }
  check_finite(manifest.metrics, "metrics");
  return {{"format_version", manifest.format_version},
          {"creator", manifest.creator},
          {"symbols", manifest.symbols},
          {"features", manifest.features},
          {"columns", manifest.columns},
          {"periods_per_year", manifest.periods_per_year},
          {"data_fingerprint", manifest.data_fingerprint},
          {"train_start_ms", manifest.train_start_ms},
          {"train_end_ms", manifest.train_end_ms},
          {"validation_start_ms", manifest.validation_start_ms},
          {"serve_from_ms", manifest.serve_from_ms},
          {"parent", manifest.parent},
          {"metrics", manifest.metrics.is_null() ? json::object() : manifest.metrics},
          {"files", list}};
}

std::string fingerprint_of(const json& manifest_without_fingerprint) {
  return to_hex(sha256(manifest_without_fingerprint.dump()));
}

std::string manifest_text(const json& manifest) {
  return manifest.dump(2) + "\n";
}

void validate(const BundleManifest& manifest, const std::string& origin) {
  if (manifest.format_version != bundle_format_version) {
    refuse(origin, "format_version",
           "is " + std::to_string(manifest.format_version) + "; this program reads " +
               std::to_string(bundle_format_version));
  }
  check_list(manifest.symbols, "symbols", origin);
  if (!std::is_sorted(manifest.symbols.begin(), manifest.symbols.end())) {
    refuse(origin, "symbols", "must be sorted");
  }
  check_list(manifest.features, "features", origin);
  check_list(manifest.columns, "columns", origin);
  for (const std::string& column : manifest.columns) {
    if (std::find(market::column_names.begin(), market::column_names.end(), column) ==
        market::column_names.end()) {
      refuse(origin, "columns", "names '" + column + "'; known are open, high, low, close and volume");
    }
  }
  if (!std::isfinite(manifest.periods_per_year) || manifest.periods_per_year <= 0) {
    refuse(origin, "periods_per_year", "must be above 0");
  }
  if (!is_digest(manifest.data_fingerprint)) {
    refuse(origin, "data_fingerprint",
           "must be a SHA-256 in lower-case hex, found '" + manifest.data_fingerprint + "'");
  }
  if (!manifest.parent.empty() && !is_digest(manifest.parent)) {
    refuse(origin, "parent", "must be empty or a SHA-256 in lower-case hex, found '" + manifest.parent + "'");
  }
  if (manifest.train_start_ms >= manifest.train_end_ms || manifest.serve_from_ms <= manifest.train_end_ms ||
      (manifest.validation_start_ms != 0 && (manifest.validation_start_ms <= manifest.train_start_ms ||
                                             manifest.validation_start_ms > manifest.train_end_ms))) {
    refuse(origin, "train_start_ms",
           "< validation_start_ms <= train_end_ms < serve_from_ms must hold, found " +
               std::to_string(manifest.train_start_ms) + ", " + std::to_string(manifest.validation_start_ms) +
               ", " + std::to_string(manifest.train_end_ms) + ", " + std::to_string(manifest.serve_from_ms));
  }
}

BundleManifest parse_manifest(const std::string& text, const std::string& origin,
                              std::map<std::string, BundleFile>& files) {
  const auto check_depth = [&](int depth, json::parse_event_t, json&) {
    if (depth > depth_max) throw InputError(origin + ": is nested too deeply");
    return true;
  };
  json document;
  try {
    document = json::parse(text, check_depth);
  } catch (const json::exception& error) {
    throw InputError(origin + ": is not JSON: " + error.what());
  }
  if (!document.is_object()) {
    throw InputError(origin + ": must hold one JSON object");
  }
  BundleManifest m;
  // First, so that a newer format is named as such and not as a list of strange fields.
  json rest = document;
  m.format_version =
      static_cast<int>(std::clamp<std::int64_t>(take_integer(rest, "format_version", origin), -1, 1 << 30));
  if (m.format_version != bundle_format_version) {
    refuse(origin, "format_version",
           "is " + std::to_string(m.format_version) + "; this program reads " +
               std::to_string(bundle_format_version));
  }
  m.creator = take_text(rest, "creator", origin);
  m.symbols = take_list(rest, "symbols", origin);
  m.features = take_list(rest, "features", origin);
  m.columns = take_list(rest, "columns", origin);
  m.periods_per_year = take<double>(rest, "periods_per_year", "a number", &json::is_number, origin);
  m.data_fingerprint = take_text(rest, "data_fingerprint", origin);
  m.train_start_ms = take_integer(rest, "train_start_ms", origin);
  m.train_end_ms = take_integer(rest, "train_end_ms", origin);
  m.validation_start_ms = take_integer(rest, "validation_start_ms", origin);
  m.serve_from_ms = take_integer(rest, "serve_from_ms", origin);
  m.parent = take_text(rest, "parent", origin);
  m.metrics = take<json>(rest, "metrics", "an object", &json::is_object, origin);
  m.fingerprint = take_text(rest, "fingerprint", origin);
  take_files(rest, origin, files);
  if (!rest.empty()) {
    refuse(origin, rest.begin().key(),
           "is no field of a manifest of format " + std::to_string(bundle_format_version));
  }
  if (manifest_text(document) != text) {
    throw InputError(origin + ": was changed since it was written (its text is not in canonical form)");
  }
  document.erase("fingerprint");
  const std::string expected = fingerprint_of(document);
  if (m.fingerprint != expected) {
    refuse(origin, "fingerprint",
           "is " + m.fingerprint + " but the manifest's content gives " + expected +
               "; the manifest was changed since it was written");
  }
  validate(m, origin);
  return m;
}

}  // namespace regent::models
