#include "scenario/commands/dream_setup.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "market/io/output.hpp"
#include "market/io/portfolio_file.hpp"
#include "market/performance.hpp"
#include "scenario/block_length.hpp"
#include "scenario/calibration_json.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::HistoryKind;

std::optional<market::Panel> read_data(const DreamFlags& flags) {
  market::DataFlags bars = flags.bars;
  bars.files.insert(bars.files.end(), flags.data.begin(), flags.data.end());
  if (bars.files.empty() && load_config(bars.common).text_list("data.files").empty()) return {};
  return market::read_input(bars);
}

// The panel does not know its files, the complaint should.
Returns returns_of_data(const DreamFlags& flags, const market::Panel& panel) {
  try {
    return returns_of(panel);
  } catch (const InputError& error) {
    std::string files;
    for (const auto& named : {flags.bars.files, flags.data})
      for (const auto& file : named) files += (files.empty() ? "" : ", ") + file;
    throw InputError((files.empty() ? "data.files" : files) + ": " + error.what());
  }
}

// The equally weighted market's absolute returns: their dependence lasts longest.
std::vector<double> market_sizes(const Returns& returns) {
  std::vector<double> sizes;
  for (std::size_t bar = 0; bar < returns.bars(); ++bar) {
    double sum = 0;
    for (std::size_t i = 0; i < returns.assets(); ++i) sum += returns.log_returns[bar * returns.assets() + i];
    sizes.push_back(std::abs(sum) / static_cast<double>(returns.assets()));
  }
  return sizes;
}

void put_history(const DreamFlags& flags, DreamSetup& setup) {
  auto& history = setup.history;
  history.kind = flags.source == "stationary" ? HistoryKind::stationary
                 : flags.source == "circular" ? HistoryKind::circular
                                              : HistoryKind::replay;
  history.assets = static_cast<int>(setup.returns->assets());
  history.log_returns = setup.returns->log_returns;
  if (history.kind != HistoryKind::replay) {
    const auto bars = static_cast<double>(setup.returns->bars());
    if (flags.block > bars)
      throw InputError("--block " + market::digits(flags.block, 15) + ": a block must not be longer than " +
                       "the history, which has " + market::digits(bars, 15) + " bars");
    const BlockLength automatic = block_length(market_sizes(*setup.returns));
    const double chosen = history.kind == HistoryKind::stationary ? automatic.stationary : automatic.circular;
    history.block_bars = flags.block > 0 ? flags.block : chosen;
    if (history.kind == HistoryKind::circular) history.block_bars = std::round(history.block_bars);
    setup.block_bars = history.block_bars;
  }
  setup.symbols = setup.returns->symbols;
  setup.bars_per_year = market::periods_per_year(setup.returns->timestamps_ms);
  setup.task.history = &history;
}

Calibration read_or_fit(const DreamFlags& flags, const std::optional<market::Panel>& panel,
                        DreamSetup& setup) {
  if (!flags.calibration.empty() && std::filesystem::exists(flags.calibration))
    return calibration_from_json(read_file(flags.calibration), flags.calibration);
  if (!panel) {
    throw InputError(flags.calibration.empty()
                         ? "name a panel with --data FILE, or a model with --calibration FILE.json"
                         : flags.calibration + " is not there; with --data it is fitted and written");
  }
  CalibrationSettings settings{.seed = static_cast<std::uint64_t>(flags.seed),
                               .regimes = setup.policy->regimes()};
  settings.macros = flags.macros.value_or(settings.macros);
  settings.micros = flags.micros.value_or(settings.micros);
  settings.factors = flags.factors.value_or(settings.factors);
  settings.jump_threshold = flags.jump_threshold.value_or(settings.jump_threshold);
  setup.fitted = true;
  return calibrate(*panel, *setup.returns, settings).calibration;
}

// A file that is there was fitted elsewhere, maybe to other data.
void check_fits(const Calibration& calibration, const DreamFlags& flags, const Returns& returns) {
  const std::string instead = "; remove that file to fit it again, or choose with ";
  if (returns.symbols != calibration.symbols)
    throw InputError("the data's symbols are not those of " + flags.calibration + instead + "--symbols");
  // gaps and holidays move a year's bars by less; fewer days do not show which hours a market keeps
  constexpr double most = 1.5;
  constexpr TimestampMs enough = TimestampMs{14} * 24 * 3'600'000;
  const double bars = market::periods_per_year(returns.timestamps_ms);
  const bool known = bars > 0 && returns.timestamps_ms.back() - returns.timestamps_ms.front() >= enough;
  if (!known || (bars < most * calibration.bars_per_year && calibration.bars_per_year < most * bars)) return;
  const auto rounded = [](double number) { return std::to_string(std::llround(number)); };
  throw InputError("the data have about " + rounded(bars) + " bars a year, and " + flags.calibration +
                   " is of bars of which there are " + rounded(calibration.bars_per_year) + instead +
                   "--timeframe");
}

void put_law(const DreamFlags& flags, const std::optional<market::Panel>& panel, DreamSetup& setup) {
  setup.calibration = read_or_fit(flags, panel, setup);
  Calibration& c = *setup.calibration;
  if (setup.returns) check_fits(c, flags, *setup.returns);
  setup.law_json = calibration_to_json(c);
  if (flags.start == "now") {
    c.law.start = c.now;
    c.law.volatility.start = c.now_variance;
    c.law.own_volatility.start = c.now_own_variance;
  }
  setup.symbols = c.symbols;
  setup.labels = c.labels;
  setup.bars_per_year = c.bars_per_year;
  setup.task.law = &c.law;
}

std::vector<double> weights_of(const std::string& file, const std::vector<std::string>& symbols) {
  std::vector<double> weights(symbols.size(), 0);
  const auto stranger = [](const std::string& name) {
    return "symbol '" + name + "' is none of the source's";
  };
  for (const auto& [symbol, weight, place] : market::read_portfolio(file, symbols, stranger)) {
    if (!(std::abs(weight) <= 100))
      throw InputError(place + ": the weight of " + symbols[symbol] + " is " + market::digits(weight, 6) +
                       "; a number from -100 to 100 is needed");
    weights[symbol] = weight;
  }
  return weights;
}

// Of a policy from elsewhere the weights are those of the portfolio whose facts are compared with history.
void put_policy(const DreamFlags& flags, DreamSetup& setup) {
  auto& task = setup.task;
  const std::size_t n = setup.symbols.size();
  task.policy.target = flags.portfolio == "equal" ? std::vector<double>(n, 1 / static_cast<double>(n))
                                                  : weights_of(flags.portfolio, setup.symbols);
  if (std::ranges::all_of(task.policy.target, [](double w) { return w == 0; }))
    throw InputError("--portfolio " + flags.portfolio + ": every weight is 0");
  task.policy.rebalance_bars = flags.rebalance;
  task.policy.volatility_target = flags.volatility_target / std::sqrt(setup.bars_per_year);
  task.policy.trend_half_life_bars = flags.trend;
  task.policy.exposure_max = flags.exposure_max;
  task.costs = {.fee = flags.fee, .half_spread = flags.slippage, .impact = flags.impact};
  task.ruin_equity = flags.ruin;
  task.steps = static_cast<int>(flags.steps);
  task.seed = static_cast<std::uint64_t>(flags.seed);
}

// Rises where the same task makes other paths than before: a folder does not mix them.
constexpr int path_version = 2;

// Without the number of scenarios: more of them begin with the same.
nlohmann::ordered_json settings_of(const DreamFlags& flags, const DreamSetup& setup,
                                   const std::string& stresses) {
  const auto& task = setup.task;
  return {{"paths", path_version},
          {"source", flags.source},
          {"stresses", stresses},
          {"target", task.policy.target},
          {"rebalance", task.policy.rebalance_bars},
          {"volatility_target", task.policy.volatility_target},
          {"trend", task.policy.trend_half_life_bars},
          {"exposure_max", task.policy.exposure_max},
          {"costs", {task.costs.fee, task.costs.half_spread, task.costs.impact}},
          {"ruin", task.ruin_equity},
          {"start", flags.start},
          {"steps", task.steps},
          {"seed", task.seed}};
}
void add_data(const DreamSetup& setup, nlohmann::ordered_json& all) {
  all["policy"] = setup.policy->fingerprint();
  all["calibration"] = setup.calibration ? calibration_to_json(*setup.calibration) : "";
  all["history"] = setup.history.log_returns;
  all["block"] = setup.block_bars;
}
std::string mark_of(const nlohmann::ordered_json& values) {
  return to_hex(sha256(std::string_view(values.dump())));
}

// A law that was fitted to data without jumps; a history is refused (validate).
void tell_where_no_jumps_storm(const DreamSetup& setup, const std::string& name,
                               const std::vector<cuda::scenario::Stress>& schedule) {
  const auto* law = setup.task.law;
  const bool storms = std::ranges::any_of(schedule, [](const auto& stress) { return stress.jumps != 1; });
  if (law == nullptr || !storms) return;
  if (std::ranges::none_of(law->jumps.intensity, [](double intensity) { return intensity > 0; }))
    std::cerr << name << ": the law has no jumps, so that its jump_storm multiplies none\n";
}

}  // namespace

cuda::scenario::Task DreamSetup::stressed(std::size_t index,
                                          std::vector<cuda::scenario::Stress>& schedule) const {
  cuda::scenario::Task own = task;
  schedule = schedule_of(stresses[index], task.steps, labels);
  if (!stresses[index].parts.empty()) own.schedule = schedule;
  return own;
}

void set_up(const DreamFlags& flags, DreamPolicy& policy, DreamSetup& setup) {
  setup.policy = &policy;
  const std::string stresses = flags.stresses.empty() ? "" : read_file(flags.stresses);
  setup.stresses = {{baseline_name, {}}};
  if (!flags.stresses.empty())
    std::ranges::move(stresses_from_toml(stresses, flags.stresses), std::back_inserter(setup.stresses));
  std::optional<market::Panel> panel = read_data(flags);
  policy.see(panel);
  if (panel) setup.returns = returns_of_data(flags, *panel);
  if (flags.source != "regimes" && !panel)
    throw InputError("--source " + flags.source + " needs --data FILE");
  flags.source == "regimes" ? put_law(flags, panel, setup) : put_history(flags, setup);
  put_policy(flags, setup);
  std::vector<cuda::scenario::Stress> schedule;
  for (std::size_t s = 0; s < setup.stresses.size(); ++s) {
    try {
      cuda::scenario::validate(setup.stressed(s, schedule));
      tell_where_no_jumps_storm(setup, setup.stresses[s].name, schedule);
    } catch (const InputError& error) {
      throw InputError(setup.stresses[s].name + ": " + error.what());
    }
  }
  auto values = settings_of(flags, setup, stresses);
  setup.settings = mark_of(values);
  add_data(setup, values);
  setup.fingerprint = mark_of(values);
}

}  // namespace regent::scenario
