#include "engine/shell/settings.hpp"

#include <cmath>
#include <optional>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace regent::engine {

namespace {

constexpr std::size_t limits_bytes_max = 1 << 20;

// The stronger of two configurations, key by key.
class Layers {
 public:
  Layers(const Config& base, const std::filesystem::path& limits_file) : base_(base) {
    if (limits_file.empty()) return;
    limits_ = Config::from_toml(read_file(limits_file, limits_bytes_max), limits_file.string());
    for (const KeySpec& spec : config_schema()) {
      const bool is_limit = spec.key.rfind("guardian.", 0) == 0 || spec.key.rfind("governor.", 0) == 0;
      if (!is_limit && limits_->is_set(spec.key) && limits_->origin(spec.key) != "default") {
        throw InputError(
            limits_->origin(spec.key) + ": " + spec.key +
            " is no limit; a limits file holds [guardian] and [governor], the rest belongs in --config");
      }
    }
  }
  const Config& of(std::string_view key) const {
    const bool in_limits = limits_ && limits_->is_set(key) && limits_->origin(key) != "default";
    const bool by_flag = base_.is_set(key) && base_.origin(key) == "flag";  // what was typed just now
    return in_limits && !by_flag ? *limits_ : base_;
  }
  bool is_set(std::string_view key) const { return of(key).is_set(key); }
  double real(std::string_view key) const { return of(key).real(key); }
  std::int64_t integer(std::string_view key) const { return of(key).integer(key); }
  bool boolean(std::string_view key) const { return of(key).boolean(key); }

 private:
  const Config& base_;
  std::optional<Config> limits_;
};

GuardianLimits guardian_limits(const Layers& layers) {
  GuardianLimits limits;
  limits.reduce_drawdown = layers.real("guardian.reduce_drawdown");
  limits.halt_drawdown = layers.real("guardian.halt_drawdown");
  if (!(limits.reduce_drawdown <= limits.halt_drawdown)) {
    throw InputError("guardian.reduce_drawdown is " +
                     layers.of("guardian.reduce_drawdown").display("guardian.reduce_drawdown") +
                     ", above guardian.halt_drawdown, " +
                     layers.of("guardian.halt_drawdown").display("guardian.halt_drawdown"));
  }
  limits.data_age_max_ms = layers.integer("guardian.data_age_max_ms");
  limits.bar_gap_max_ms = layers.integer("guardian.bar_gap_max_ms");
  limits.bundle_age_max_ms =
      std::llround(layers.real("guardian.bundle_age_max_days") * static_cast<double>(day_ms));
  limits.allow_bundle_from_future = layers.boolean("guardian.allow_bundle_from_future");
  const bool flatten = layers.of("guardian.halt_action").text("guardian.halt_action") == "flatten";
  limits.halt_action = flatten ? HaltAction::flatten : HaltAction::hold_positions;
  return limits;
}

GovernorLimits governor_limits(const Layers& layers) {
  const auto real = [&](const char* key) {
    return layers.is_set(key) ? std::optional(layers.real(key)) : std::nullopt;
  };
  GovernorLimits limits;
  limits.position_weight_max = real("governor.position_weight_max");
  limits.gross_leverage_max = real("governor.gross_leverage_max");
  limits.order_value_max = real("governor.order_value_max");
  if (const char* key = "governor.orders_per_bar_max"; layers.is_set(key)) {
    limits.orders_per_bar_max = layers.integer(key);
  }
  if (const char* key = "governor.short_selling"; layers.is_set(key))
    limits.short_selling = layers.boolean(key);
  if (const char* key = "governor.restricted_symbols"; layers.is_set(key)) {
    limits.restricted_symbols = layers.of(key).text_list(key);
  }
  return limits;
}

}  // namespace

SessionSettings session_settings(const Config& config, const std::filesystem::path& limits_file) {
  const Layers layers(config, limits_file);
  const auto nanoseconds = [&](const char* key) { return config.integer(key) * ns_per_ms; };
  SessionSettings settings;
  settings.core.stream = config.text("engine.stream");
  settings.core.initial_cash = config.real("engine.initial_cash");
  settings.core.rebalance_band = config.real("engine.rebalance_band");
  settings.core.deadline_ns = nanoseconds("engine.deadline_ms");
  settings.core.guardian = guardian_limits(layers);
  settings.core.governor = governor_limits(layers);
  settings.paper.fee_fraction = config.real("venue.fee_fraction");
  settings.paper.slippage_fraction = config.real("venue.slippage_fraction");
  settings.warmup_deadline_ns = nanoseconds("engine.warmup_deadline_ms");
  settings.connect_timeout_ns = nanoseconds("engine.connect_timeout_ms");
  settings.heartbeat_ns = nanoseconds("engine.heartbeat_ms");
  settings.heartbeat_lost_ns = nanoseconds("engine.heartbeat_lost_ms");
  settings.pace_ns = nanoseconds("engine.pace_ms");
  settings.memory_bars = static_cast<std::size_t>(config.integer("engine.memory_bars"));
  return settings;
}

LedgerSettings ledger_settings(const Config& config) {
  return {static_cast<int>(config.integer("ledger.anchor_sync"))};
}

}  // namespace regent::engine
