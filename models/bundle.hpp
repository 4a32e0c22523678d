#pragma once
// A bundle is a folder: manifest.json, hmm.safetensors, policy.safetensors, normaliser.safetensors, config.toml.
// Written to a temporary folder, synced and renamed; loading verifies every hash, shape and that every number is finite
// before anything else sees it.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/config/config.hpp"
#include "hmm/model.hpp"
#include "models/observation.hpp"
#include "models/policy_network.hpp"

namespace regent::models {

struct BundleManifest {
  int format_version = 1;
  std::string creator;                     // "regent 0.1.0"
  std::vector<std::string> symbols;        // that it was trained on, sorted
  std::vector<std::string> features;       // policy inputs, in order
  std::vector<std::string> columns;        // bar columns that the features need
  std::string data_fingerprint;            // of the training bars
  TimestampMs train_start_ms = 0, train_end_ms = 0;            // first and last bar learnt from (validation included)
  TimestampMs validation_start_ms = 0;                         // 0: none
  TimestampMs serve_from_ms = 0;                               // first bar that it may decide on
  std::string parent;                      // fingerprint of the previous fold's bundle, or ""
  nlohmann::json metrics;                  // numbers that are the same for the same seed; never times
  std::string fingerprint;                 // SHA-256 over all the above and the hashes of the other files
};

struct Bundle {
  BundleManifest manifest;
  hmm::Model regimes;
  Normaliser normaliser;
  PolicyNetwork policy{nullptr};
  Config config;                           // sections features, hmm, policy, allocator
};

// Returns the fingerprint. An existing folder is an InputError.
std::string write_bundle(Bundle& bundle, const std::filesystem::path& folder);
// Throws InputError naming the file and what is wrong.
Bundle load_bundle(const std::filesystem::path& folder);
// `folder` is a bundle, or a walk-forward set: a folder whose sub-folders are bundles. Sorted by serve_from_ms; two that
// serve from the same bar are an InputError.
std::vector<Bundle> load_bundles(const std::filesystem::path& folder);

}  // namespace regent::models
