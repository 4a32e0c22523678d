#include "base/config/schema.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace regent {
namespace {

std::vector<KeySpec> collect() {
  std::vector<KeySpec> all;
  for (auto* section : {data_keys, features_keys, hmm_keys, policy_keys, ppo_keys, environment_keys,
                        allocator_keys, walk_forward_keys, serving_keys, engine_keys, guardian_keys,
                        governor_keys, venue_keys, ledger_keys, report_keys, runtime_keys}) {
    std::vector<KeySpec> keys = section();
    std::move(keys.begin(), keys.end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const KeySpec& left, const KeySpec& right) { return left.key < right.key; });
  return all;
}

}  // namespace

std::span<const KeySpec> config_schema() {
  static const std::vector<KeySpec> schema = collect();
  return schema;
}

const KeySpec* find_key(std::string_view key) {
  const std::span<const KeySpec> schema = config_schema();
  const auto found =
      std::lower_bound(schema.begin(), schema.end(), key,
                       [](const KeySpec& spec, std::string_view wanted) { return spec.key < wanted; });
  return found != schema.end() && found->key == key ? &*found : nullptr;
}

}  // namespace regent
