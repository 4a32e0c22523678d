#pragma once
// A bundle is a folder: manifest.json, hmm.safetensors, policy.safetensors, normaliser.safetensors,
// config.toml. Written to a temporary folder, synced and renamed; loading verifies every hash, shape and that
// every number is finite before anything else sees it. docs/concepts/bundle.md shows a manifest and how its
// fingerprint is made.

#include <filesystem>
#include <string>
#include <vector>

#include "base/config/config.hpp"
#include "hmm/model.hpp"
#include "models/bundle_manifest.hpp"
#include "models/observation.hpp"
#include "models/policy_network.hpp"

namespace regent::models {

struct Bundle {
  BundleManifest manifest;
  hmm::Model regimes;
  Normaliser normaliser;
  PolicyNetwork policy{nullptr};
  Config config;  // sections features, hmm, policy, allocator

  ObservationLayout layout() const;
};

// Returns the fingerprint, which it also puts into bundle.manifest. An existing folder is an InputError.
std::string write_bundle(Bundle& bundle, const std::filesystem::path& folder);
// Throws InputError naming the file and what is wrong. The policy lies on the CPU.
Bundle load_bundle(const std::filesystem::path& folder);
// `folder` is a bundle, or a walk-forward set: a folder whose sub-folders are bundles (hidden ones are
// unfinished writes and left out). Sorted by serve_from_ms; two that serve from the same bar are an
// InputError.
std::vector<Bundle> load_bundles(const std::filesystem::path& folder);

}  // namespace regent::models
