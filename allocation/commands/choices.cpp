#include "allocation/commands/choices.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/command_line.hpp"
#include "base/config/suggest.hpp"
#include "base/error.hpp"

namespace regent::allocation {
namespace {

template <class T>
using Names = std::vector<std::pair<std::string, T>>;

const Names<Sizing> sizings{{"eigen-risk", Sizing::eigen_risk},
                            {"volatility", Sizing::volatility},
                            {"given", Sizing::given},
                            {"equal", Sizing::equal},
                            {"inverse-variance", Sizing::inverse_variance},
                            {"minimum-variance", Sizing::minimum_variance},
                            {"risk-parity", Sizing::risk_parity}};
const Names<Estimator> estimators{{"ewma", Estimator::ewma},
                                  {"sample", Estimator::sample},
                                  {"ledoit-wolf", Estimator::ledoit_wolf},
                                  {"ledoit-wolf-identity", Estimator::ledoit_wolf_identity},
                                  {"oas", Estimator::oas}};

template <class T>
T named(const Names<T>& names, const std::string& flag, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [text, value] : names) {
    if (text == name) return value;
    known.push_back(text);
  }
  std::string all;
  for (const auto& text : known) all += (all.empty() ? "" : ", ") + text;
  throw InputError(flag + " " + name + " is unknown" + suggestion(name, known) + "; there are " + all);
}

constexpr std::int64_t window_default = 252;

// Flags of ewma alone, and the keys that they set.
const std::map<std::string, std::string> ewma_flags{
    {"--half-life", "allocator.half_life_bars"},
    {"--half-life-level", "allocator.half_life_level_bars"},
    {"--half-life-correlation", "allocator.half_life_correlation_bars"},
    {"--warmup", "allocator.warmup_bars"}};

// Flags of a portfolio over time, and the keys that they set.
const std::map<std::string, std::string> walk_flags{{"--calibration", "allocator.calibration_half_life_bars"},
                                                    {"--turnover-penalty", "allocator.turnover_penalty"}};

// Where neither a flag nor the configuration says anything. A bundle's defaults leave these steps out.
const std::map<std::string, std::string> own_defaults{{"allocator.risk", "full"},
                                                      {"allocator.denoise", "true"},
                                                      {"allocator.derisk_from", "0.7"},
                                                      {"allocator.half_life_bars", "126"},
                                                      {"allocator.half_life_level_bars", "10"},
                                                      {"allocator.half_life_correlation_bars", "252"},
                                                      {"allocator.calibration_half_life_bars", "126"},
                                                      {"allocator.warmup_bars", "126"}};

Config config_of(const AllocateFlags& flags) {
  std::map<std::string, std::string> given = flags.settings;
  if (flags.no_hedges) given["allocator.hedges"] = "false";
  if (flags.no_denoise) given["allocator.denoise"] = "false";
  const Config config = load_config(flags.bars.common, given);
  for (const auto& [key, value] : own_defaults) {
    if (config.origin(key) == "default") given.emplace(key, value);
  }
  return load_config(flags.bars.common, given);
}

AllocatorSettings settings_of(const AllocateFlags& flags, double periods_per_year) {
  AllocatorSettings settings = allocator_settings(config_of(flags), periods_per_year);
  settings.sizing = named(sizings, "--method", flags.method);
  if (!flags.regime_risk.empty()) {
    settings.regime_risk = regime_risk_of(split_names(flags.regime_risk), "--regime-risk");
  }
  return settings;
}

void add_compared(const AllocateFlags& flags, std::vector<Candidate>& candidates) {
  const AllocatorSettings own = candidates.front().settings;
  std::set<std::string> seen;
  for (const auto& name : split_names(flags.compare)) {
    if (!seen.insert(name).second) throw InputError("--compare: " + name + " stands twice");
    AllocatorSettings settings = own;
    settings.sizing = named(sizings, "--compare", name);
    settings.derisk_from = 1;
    settings.turnover_penalty = 0;
    if (name != flags.method) candidates.push_back({name + ", to target", settings, false});
    candidates.push_back({name, settings, true});
  }
}

// A flag of the estimator that was not asked for would say nothing.
void check_covariance_flags(const AllocateFlags& flags, bool is_ewma) {
  refuse_unless(flags.window.has_value(), !is_ewma, "--window",
                "--covariance sample, ledoit-wolf, ledoit-wolf-identity or oas; ewma has --half-life");
  if (flags.window && *flags.window < 2)
    throw InputError("--window " + std::to_string(*flags.window) + ": 2 returns or more");
  for (const auto& [flag, key] : ewma_flags)
    refuse_unless(flags.settings.contains(key), is_ewma, flag,
                  "--covariance ewma; " + flags.covariance + " has --window");
}

// A decision alone has no past of its own, and no weights before it that it could move from.
void check_walk_flags(const AllocateFlags& flags) {
  for (const auto& [flag, key] : walk_flags)
    refuse_unless(flags.settings.contains(key), flags.walk_forward, flag,
                  "--walk-forward, in which there is a past of the portfolio's own");
}

void check_hedges(const AllocateFlags& flags, const std::vector<Candidate>& candidates) {
  refuse_unless(flags.no_hedges,
                std::ranges::any_of(candidates,
                                    [](const Candidate& candidate) {
                                      return candidate.settings.sizing == Sizing::eigen_risk;
                                    }),
                "--no-hedges", "eigen-risk, as --method or among --compare; no other method hedges");
}

}  // namespace

Choices choices_of(const AllocateFlags& flags, double periods_per_year) {
  Choices choices;
  choices.risk.estimator = named(estimators, "--covariance", flags.covariance);
  const bool is_ewma = choices.risk.estimator == Estimator::ewma;
  check_covariance_flags(flags, is_ewma);
  check_walk_flags(flags);
  choices.risk.window = static_cast<std::size_t>(flags.window.value_or(window_default));
  if (flags.every < 1)
    throw InputError("--every " + std::to_string(flags.every) + ": it must be 1 bar or more");
  const AllocatorSettings settings = settings_of(flags, periods_per_year);
  choices.candidates.push_back({flags.method, settings, false});
  if (flags.walk_forward) add_compared(flags, choices.candidates);
  check_hedges(flags, choices.candidates);
  choices.first_bar = is_ewma ? static_cast<std::size_t>(settings.warmup_bars) : choices.risk.window;
  return choices;
}

}  // namespace regent::allocation
