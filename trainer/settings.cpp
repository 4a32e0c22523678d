#include "trainer/settings.hpp"

#include <algorithm>
#include <array>

#include "rl/settings.hpp"

namespace regent::trainer {
namespace {

constexpr std::array<std::string_view, 8> sections{"allocator.", "environment.", "features.",     "hmm.",
                                                   "policy.",    "ppo.",         "walk_forward.", "venue."};

bool shapes_bundles(std::string_view key) {
  return key == "runtime.seed" ||
         std::any_of(sections.begin(), sections.end(),
                     [key](std::string_view section) { return key.starts_with(section); });
}

hmm::FitSettings regime_settings(const Config& config) {
  hmm::FitSettings settings;
  settings.macros = static_cast<int>(config.integer("hmm.macros"));
  settings.micros = static_cast<int>(config.integer("hmm.micros"));
  settings.restarts = static_cast<int>(config.integer("hmm.restarts"));
  settings.iterations_max = static_cast<int>(config.integer("hmm.iterations_max"));
  settings.tolerance = config.real("hmm.tolerance");
  settings.covariance_floor = config.real("hmm.covariance_floor");
  settings.dirichlet = config.real("hmm.dirichlet");
  settings.sticky = config.real("hmm.sticky");
  settings.inverse_wishart_strength = config.real("hmm.inverse_wishart_strength");
  return settings;
}

}  // namespace

TrainingSettings training_settings(const Config& config) {
  TrainingSettings settings;
  settings.walk_forward = walk_forward_settings(config);
  settings.regimes = regime_settings(config);
  settings.ppo = rl::ppo_settings_from(config);
  settings.hidden = config.integer("policy.hidden");
  settings.layers = config.integer("policy.layers");
  settings.seed = static_cast<std::uint64_t>(config.integer("runtime.seed"));
  return settings;
}

std::uint64_t seed_of_fold(std::uint64_t seed, std::size_t fold) {
  // The finaliser of SplitMix64 (Steele, Lea, Flood, 2014): close seeds give unrelated keys.
  std::uint64_t z = seed + 0x9E3779B97F4A7C15ULL * (static_cast<std::uint64_t>(fold) + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::map<std::string, std::string> identity_of(const Config& config) {
  std::map<std::string, std::string> identity;
  for (const KeySpec& spec : config_schema()) {
    if (shapes_bundles(spec.key)) {
      identity[spec.key] = config.display(spec.key);
    }
  }
  return identity;
}

}  // namespace regent::trainer
