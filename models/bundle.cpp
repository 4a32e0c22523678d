#include "models/bundle.hpp"

#include <algorithm>
#include <array>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "market/feature_stream.hpp"
#include "models/bundle_manifest.hpp"
#include "models/policy_file.hpp"

namespace regent::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* manifest_name = "manifest.json";
constexpr std::array<const char*, 4> content_names{"config.toml", "hmm.safetensors", "normaliser.safetensors",
                                                   "policy.safetensors"};
constexpr std::size_t manifest_bytes_max = std::size_t{64} << 20;
constexpr std::size_t bundles_max = 10000;
constexpr std::array<const char*, 4> config_sections{"allocator", "features", "hmm", "policy"};

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text.empty() ? "none" : text;
}

// What the parts say of each other.
void check_parts(const Bundle& bundle, const std::string& origin) {
  if (bundle.normaliser.names != bundle.manifest.features) {
    throw InputError(origin + ": the normaliser's features (" + list_of(bundle.normaliser.names) +
                     ") are not the manifest's (" + list_of(bundle.manifest.features) + ")");
  }
  for (const std::string& feature : bundle.manifest.features) {
    if (market::find_feature(feature) == nullptr) {
      throw InputError(origin + ": looks at the feature '" + feature + "', which this program does not know");
    }
  }
  const ObservationLayout layout = bundle.layout();
  const PolicyShape& shape = bundle.policy->shape();
  if (shape.inputs != static_cast<std::int64_t>(layout.inputs()) ||
      shape.regimes != static_cast<std::int64_t>(layout.macros)) {
    throw InputError(origin + ": the policy has " + std::to_string(shape.inputs) + " inputs and " +
                     std::to_string(shape.regimes) + " heads; " + std::to_string(layout.features) +
                     " features, the position, " + std::to_string(layout.macros) + " macro regimes and " +
                     std::to_string(layout.states) + " states need " + std::to_string(layout.inputs()) +
                     " and " + std::to_string(layout.macros));
  }
}

void check_entries(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool known = name == manifest_name ||
                       std::find(content_names.begin(), content_names.end(), name) != content_names.end();
    if (!known) {
      throw InputError(entry.path().string() + ": does not belong into a bundle");
    }
    if (entry.symlink_status().type() != fs::file_type::regular) {
      throw InputError(entry.path().string() + ": must be a plain file");
    }
  }
}

void check_hashes(const fs::path& folder, const std::map<std::string, BundleFile>& files) {
  for (const auto& [name, file] : files) {
    if (std::find(content_names.begin(), content_names.end(), name) == content_names.end()) {
      throw InputError((folder / manifest_name).string() + ": 'files' names '" + name +
                       "', which does not belong into a bundle");
    }
  }
  for (const char* const name : content_names) {
    const fs::path path = folder / name;
    const auto listed = files.find(name);
    if (listed == files.end()) {
      throw InputError((folder / manifest_name).string() + ": 'files' does not name " + name);
    }
    if (!fs::exists(path)) {
      throw InputError(path.string() + ": is missing");
    }
    if (fs::file_size(path) != listed->second.bytes) {
      throw InputError(path.string() + ": has " + std::to_string(fs::file_size(path)) +
                       " bytes, the manifest says " + std::to_string(listed->second.bytes));
    }
    const std::string found = to_hex(sha256_file(path));
    if (found != listed->second.sha256) {
      throw InputError(path.string() + ": its SHA-256 is " + found + ", the manifest says " +
                       listed->second.sha256 + "; the file was changed since the bundle was written");
    }
  }
}

std::map<std::string, BundleFile> hash_contents(const fs::path& folder) {
  std::map<std::string, BundleFile> files;
  for (const char* const name : content_names) {
    files[name] = {to_hex(sha256_file(folder / name)), fs::file_size(folder / name)};
  }
  return files;
}

}  // namespace

ObservationLayout Bundle::layout() const {
  return {normaliser.names.size(), static_cast<std::size_t>(regimes.macros),
          static_cast<std::size_t>(regimes.states())};
}

std::string write_bundle(Bundle& bundle, const fs::path& folder) {
  validate(bundle.manifest, folder.string());
  hmm::validate(bundle.regimes, folder.string());
  validate(bundle.normaliser, folder.string());
  check_parts(bundle, folder.string());
  const std::vector<std::string> sections(config_sections.begin(), config_sections.end());
  write_folder_atomically(folder, false, [&](const fs::path& temporary) {
    hmm::write_safetensors(bundle.regimes, temporary / "hmm.safetensors");
    write_safetensors(bundle.normaliser, temporary / "normaliser.safetensors");
    write_safetensors(bundle.policy, temporary / "policy.safetensors");
    write_file_atomically(temporary / "config.toml", bundle.config.to_toml(sections));
    nlohmann::json manifest = to_json(bundle.manifest, hash_contents(temporary));
    bundle.manifest.fingerprint = fingerprint_of(manifest);
    manifest["fingerprint"] = bundle.manifest.fingerprint;
    write_file_atomically(temporary / manifest_name, manifest_text(manifest));
  });
  return bundle.manifest.fingerprint;
}

Bundle load_bundle(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw InputError(folder.string() + ": is no folder; a bundle is a folder with " + manifest_name);
  }
  if (!fs::exists(folder / manifest_name)) {
    throw InputError((folder / manifest_name).string() + ": is missing, so this folder is no bundle");
  }
  check_entries(folder);
  Bundle bundle;
  std::map<std::string, BundleFile> files;
  bundle.manifest = parse_manifest(read_file(folder / manifest_name, manifest_bytes_max),
                                   (folder / manifest_name).string(), files);
  check_hashes(folder, files);
  bundle.regimes = hmm::read_safetensors(folder / "hmm.safetensors");
  bundle.normaliser = read_normaliser(folder / "normaliser.safetensors");
  bundle.policy = read_policy(folder / "policy.safetensors");
  const fs::path config = folder / "config.toml";
  bundle.config = Config::from_toml(read_file(config), config.string());
  check_parts(bundle, folder.string());
  return bundle;
}

std::vector<Bundle> load_bundles(const fs::path& folder) {
  std::vector<Bundle> bundles;
  if (fs::exists(folder / manifest_name)) {
    bundles.push_back(load_bundle(folder));
    return bundles;
  }
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw InputError(folder.string() + ": is no folder; give a bundle or a folder of bundles");
  }
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(".")) {
      continue;
    }
    if (!fs::exists(entry.path() / manifest_name)) {
      const bool training_run = fs::exists(folder / "training.json");
      throw InputError(entry.path().string() + ": is no bundle" +
                       (training_run ? "; did you mean " + (folder / "bundles").string() + "?" : ""));
    }
    folders.push_back(entry.path());
    if (folders.size() > bundles_max) {
      throw InputError(folder.string() + ": holds more than " + std::to_string(bundles_max) + " bundles");
    }
  }
  if (folders.empty()) {
    throw InputError(folder.string() + ": holds neither a bundle nor folders of bundles");
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& path : folders) {
    bundles.push_back(load_bundle(path));
  }
  std::stable_sort(bundles.begin(), bundles.end(), [](const Bundle& a, const Bundle& b) {
    return a.manifest.serve_from_ms < b.manifest.serve_from_ms;
  });
  for (std::size_t i = 1; i < bundles.size(); ++i) {
    if (bundles[i].manifest.serve_from_ms == bundles[i - 1].manifest.serve_from_ms) {
      throw InputError(folder.string() + ": two bundles serve from " +
                       format_timestamp(bundles[i].manifest.serve_from_ms) +
                       "; a walk-forward set has one for each date");
    }
  }
  return bundles;
}

}  // namespace regent::models
