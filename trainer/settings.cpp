#include "trainer/settings.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <array>

#include "allocation/settings.hpp"
#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "hmm/labels.hpp"
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

// A cut of risk for a regime that no fit has would never be made, and nobody would know.
void check_regime_risk(const Config& config) {
  const auto macros = static_cast<int>(config.integer("hmm.macros"));
  const auto known = hmm::possible_labels(macros);
  const std::string key = "allocator.regime_risk";
  for (const auto& [label, multiplier] : allocation::regime_risk_of(config.text_list(key), key)) {
    if (std::ranges::find(known, label) != known.end()) continue;
    throw InputError(fmt::format("{}: \"{}\" is no regime{}; with hmm.macros = {} there are {}", key, label,
                                 suggestion(label, known), macros, fmt::join(known, ", ")));
  }
}

}  // namespace

TrainingSettings training_settings(const Config& config) {
  check_regime_risk(config);
  TrainingSettings settings;
  settings.walk_forward = walk_forward_settings(config);
  settings.regimes = regime_settings(config);
  settings.ppo = rl::ppo_settings_from(config);
  settings.hidden = config.integer("policy.hidden");
  settings.layers = config.integer("policy.layers");
  settings.costs.fee_rate = config.real("venue.fee_fraction");
  settings.costs.slippage_rate = config.real("venue.slippage_fraction");
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
