#include "report/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/error.hpp"
#include "base/time.hpp"

namespace regent::report {

namespace {

nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

nlohmann::json performance_json(const std::vector<double>& equity, double periods_per_year) {
  const market::Performance p = market::performance_of(returns_of(equity), periods_per_year);
  return {{"total_return", number(p.total_return)},
          {"annual_return", number(p.annual_return)},
          {"annual_volatility", number(p.annual_volatility)},
          {"sharpe", number(p.sharpe)},
          {"sharpe_probabilistic", number(market::probabilistic_sharpe(p, periods_per_year))},
          {"sortino", number(p.sortino)},
          {"drawdown_max", number(p.drawdown_max)},
          {"skewness", number(p.skewness)},
          {"kurtosis", number(p.kurtosis)},
          {"final_equity", equity.back()}};
}

// Linear interpolation between order statistics (the default of R and NumPy).
double quantile(std::vector<double> values, double probability) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const double position = probability * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

nlohmann::json cost_json(const RunRecord& run, double years) {
  double fees = 0, slippage = 0, traded = 0;
  for (const RecordedFill& fill : run.fills) {
    fees += fill.fee;
    slippage += fill.slippage_cost;
    traded += std::abs(fill.quantity * fill.price);
  }
  double mean_equity = 0;
  for (double equity : run.equity) mean_equity += equity / static_cast<double>(run.equity.size());
  return {{"fees", fees},
          {"slippage", slippage},
          {"total", fees + slippage},
          {"traded_value", traded},
          {"turnover_annual", number(traded / mean_equity / years)},
          {"cost_annual", number((fees + slippage) / mean_equity / years)}};
}

nlohmann::json order_json(const RunRecord& run) {
  std::size_t denied = 0;
  nlohmann::json reasons = nlohmann::json::object();
  for (const auto& [gate, counts] : run.denials) {
    for (const auto& [reason, count] : counts) {
      reasons[gate][reason] = count;
      denied += count;
    }
  }
  return {{"submitted", run.orders_submitted},
          {"filled", run.fills.size()},
          {"rejected_by_venue", run.orders_rejected_by_venue},
          {"denied", denied},
          {"denials", reasons}};
}

nlohmann::json decision_json(const RunRecord& run) {
  const auto decided =
      std::count_if(run.decisions.begin(), run.decisions.end(), [](const auto& d) { return d.decided; });
  std::set<std::string> bundles;
  for (const RecordedDecision& decision : run.decisions) {
    if (decision.decided) bundles.insert(decision.fingerprint);
  }
  return {{"bars", run.decisions.size()},
          {"decided", decided},
          {"bundles", bundles},
          {"latency_us",
           {{"p50", number(quantile(run.latencies_us, 0.5))},
            {"p99", number(quantile(run.latencies_us, 0.99))},
            {"max", number(quantile(run.latencies_us, 1))}}}};
}

nlohmann::json state_json(const RunRecord& run) {
  nlohmann::json days = {{"ACTIVE", 0}, {"HOLD", 0}, {"REDUCING", 0}, {"HALTED", 0}};
  for (const std::string& state : run.states) days[state] = days.value(state, 0) + 1;
  return days;
}

// The order in which labels first appear among the bundles' macro regimes: calm before chaos.
std::vector<std::string> labels_of(const RunRecord& run) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const RecordedDecision& decision : run.decisions) {
    for (std::size_t macro = 0; macro < decision.macro_labels.size(); ++macro) {
      const std::pair entry(macro, decision.macro_labels[macro]);
      const auto same = [&](const auto& other) { return other.second == entry.second; };
      if (std::none_of(ranked.begin(), ranked.end(), same)) ranked.push_back(entry);
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> labels;
  for (auto& [rank, label] : ranked) labels.push_back(std::move(label));
  return labels;
}

nlohmann::json regime_json(const RunRecord& run, double periods_per_year) {
  const std::vector<double> returns = returns_of(run.equity);
  nlohmann::json regimes = {{"labels", labels_of(run)},
                            {"days", nlohmann::json::object()},
                            {"policy_annual_return", nlohmann::json::object()}};
  for (const std::string& label : labels_of(run)) {
    std::size_t days = 0;
    double sum = 0;
    for (std::size_t bar = 0; bar + 1 < run.decisions.size(); ++bar) {
      if (!run.decisions[bar].decided || run.decisions[bar].regime != label) continue;
      ++days;
      sum += returns[bar];  // of the next bar: what was earned after the regime was seen
    }
    regimes["days"][label] = days;
    regimes["policy_annual_return"][label] =
        days == 0 ? nlohmann::json(nullptr) : number(sum / static_cast<double>(days) * periods_per_year);
  }
  return regimes;
}

}  // namespace

std::vector<double> returns_of(const std::vector<double>& equity) {
  for (std::size_t i = 0; i < equity.size(); ++i) {
    if (std::isnan(equity[i])) {
      throw InputError("traded bar " + std::to_string(i) + " has no equity; returns need one of every bar");
    }
  }
  std::vector<double> returns;
  returns.reserve(equity.size());
  bool ruined = false;
  for (std::size_t i = 1; i < equity.size(); ++i) {
    ruined = ruined || equity[i - 1] <= 0;
    returns.push_back(ruined ? 0 : std::max(equity[i], 0.0) / equity[i - 1] - 1);
  }
  return returns;
}

Trials trials_from_training(const nlohmann::json& training) {
  std::vector<double> sharpes;
  for (const auto& sharpe : training.at("trials").at("sharpe")) sharpes.push_back(sharpe.get<double>());
  Trials trials{.count = training.at("trials").at("count").get<std::size_t>()};
  if (sharpes.size() < 2) return trials;
  double mean = 0;
  for (double sharpe : sharpes) mean += sharpe / static_cast<double>(sharpes.size());
  for (double sharpe : sharpes) {
    trials.sharpe_variance += (sharpe - mean) * (sharpe - mean) / static_cast<double>(sharpes.size() - 1);
  }
  return trials;
}

nlohmann::json compute_metrics(const RunRecord& run, const Curves& curves, const Trials& trials) {
  const double per_year = market::periods_per_year(run.panel.timestamps_ms);
  const double years = static_cast<double>(run.traded_bars()) / per_year;
  nlohmann::json metrics;
  metrics["run"] = {
      {"stream", run.stream},
      {"symbols", run.panel.symbols},
      {"first_bar", format_timestamp(run.panel.timestamps_ms[run.first_traded_bar])},
      {"last_bar", format_timestamp(run.panel.timestamps_ms.back())},
      {"bars", run.traded_bars()},
      {"periods_per_year", per_year},
      {"start_equity", run.start_cash},
      {"fee_rate", run.fee_rate},
      {"slippage_rate", run.slippage_rate},
      {"fill_rule", run.panel.has(market::Column::open) ? "next bar's open" : "next bar's close"}};
  metrics["policy"] = performance_json(curves.policy, per_year);
  metrics["policy_ungated"] = performance_json(curves.ungated, per_year);
  metrics["buy_and_hold"] = performance_json(curves.hold, per_year);
  metrics["policy"]["trials"] = trials.count;
  if (trials.count > 1) {
    const market::Performance p = market::performance_of(returns_of(curves.policy), per_year);
    metrics["policy"]["sharpe_deflated"] =
        number(market::deflated_sharpe(p, per_year, trials.count, trials.sharpe_variance));
  }
  metrics["costs"] = cost_json(run, years);
  metrics["orders"] = order_json(run);
  metrics["decisions"] = decision_json(run);
  metrics["states"] = state_json(run);
  metrics["regimes"] = regime_json(run, per_year);
  metrics["verdict"] = verdict(metrics);
  return metrics;
}

std::string verdict(const nlohmann::json& metrics) {
  const auto read = [&](const char* curve, const char* key) {
    const auto& value = metrics.at(curve).at(key);
    return value.is_number() ? value.get<double>() : std::nan("");
  };
  const double policy_return = read("policy", "total_return"),
               hold_return = read("buy_and_hold", "total_return");
  const double policy_sharpe = read("policy", "sharpe"), hold_sharpe = read("buy_and_hold", "sharpe");
  const bool more_return = policy_return > hold_return, more_sharpe = policy_sharpe > hold_sharpe;
  char text[256];
  const char* opening =
      more_return && more_sharpe ? "The policy beat equal-weight buy and hold in return and in Sharpe ratio"
      : more_sharpe ? "The policy did not beat equal-weight buy and hold in return, only in Sharpe ratio"
      : more_return ? "The policy beat equal-weight buy and hold in return, but not in Sharpe ratio"
                    : "The policy did not beat equal-weight buy and hold";
  std::snprintf(text, sizeof text, "%s: %.1f %% against %.1f %% in total, Sharpe %.2f against %.2f.", opening,
                100 * policy_return, 100 * hold_return, policy_sharpe, hold_sharpe);
  return text;
}

}  // namespace regent::report
