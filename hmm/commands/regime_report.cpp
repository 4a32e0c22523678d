#include "hmm/commands/regime_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/table.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/labels.hpp"

namespace regent::hmm {
namespace {

using nlohmann::ordered_json;

// The feature that is a log return of one bar, so that a year's worth of it can be told; −1: none.
int bar_return_feature(const Model& model) {
  for (int d = 0; d < model.dimension(); ++d) {
    const std::string& name = model.features[static_cast<std::size_t>(d)];
    if (name == "log_return" || name == "market_return" || name == "return") return d;
  }
  return -1;
}

struct Yearly {
  double drift = std::nan(""), volatility = std::nan("");
};

Yearly yearly(const RegimeReport& report, const RegimeSummary& regime) {
  const int d = bar_return_feature(report.model);
  if (d < 0) return {};
  const auto at = static_cast<std::size_t>(d);
  return {regime.means[at] * report.periods_per_year,
          regime.deviations[at] * std::sqrt(report.periods_per_year)};
}

Table regime_table(const RegimeReport& report) {
  const bool in_years = bar_return_feature(report.model) >= 0 && !std::isnan(report.periods_per_year);
  Table table;
  table.header = {"regime", report.measured ? "share of bars" : "long-run share", "mean duration"};
  table.right = {false, true, true};
  if (in_years) {
    table.header.insert(table.header.end(), {"drift p.a.", "volatility p.a."});
    table.right.insert(table.right.end(), {true, true});
  }
  for (const auto& feature : report.model.features) {
    table.header.push_back(feature);
    table.right.push_back(true);
  }
  for (const auto& regime : report.regimes) {
    std::vector<Table::Cell> cells{{regime.label, Colour::bold},
                                   {percent(regime.share)},
                                   {duration_text(regime.mean_duration_bars, report.periods_per_year)}};
    if (in_years) {
      const Yearly year = yearly(report, regime);
      cells.push_back({percent(year.drift), year.drift < 0 ? Colour::red : Colour::green});
      cells.push_back({percent(year.volatility)});
    }
    for (std::size_t d = 0; d < regime.means.size(); ++d) {
      cells.push_back({digits(regime.means[d], 3) + " ± " + digits(regime.deviations[d], 2)});
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table transition_table(const RegimeReport& report) {
  Table table;
  table.header = {"from \\ to"};
  table.right = {false};
  for (const auto& regime : report.regimes) {
    table.header.push_back(regime.label);
    table.right.push_back(true);
  }
  for (const auto& regime : report.regimes) {
    std::vector<Table::Cell> cells{{regime.label, Colour::bold}};
    for (const double probability : regime.next) cells.push_back({percent(probability, 2)});
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace

RegimeReport report_of(const std::string& symbol, const Model& model,
                       const std::vector<double>& state_weights, double periods_per_year) {
  const bool measured = !state_weights.empty();
  return {symbol, model, summarise(model, measured ? state_weights : long_run_shares(model)), measured,
          periods_per_year};
}

Measured::Measured(const Model& model)
    : features_(model.features.size()),
      bars_(static_cast<std::size_t>(regimes_of(model)), 0),
      moments_(bars_.size() * features_) {}

// West (1979): a running weighted mean and sum of squares about it.
void Measured::Moments::add(double value, double weight_of_value) {
  if (!(weight_of_value > 0) || std::isnan(value)) return;
  weight += weight_of_value;
  const double away = value - mean;
  mean += away * weight_of_value / weight;
  squares += weight_of_value * away * (value - mean);
}

void Measured::add(const Model& model, std::span<const double> observations,
                   std::span<const double> smoothed) {
  const auto states = static_cast<std::size_t>(model.states());
  std::vector<double> regime(bars_.size());
  for (std::size_t bar = 0; bar < smoothed.size() / states; ++bar) {
    std::ranges::fill(regime, 0.0);
    for (std::size_t k = 0; k < states; ++k) {
      regime[regime_of_state(model, static_cast<int>(k))] += smoothed[bar * states + k];
    }
    for (std::size_t i = 0; i < regime.size(); ++i) {
      bars_[i] += regime[i];
      for (std::size_t d = 0; d < features_; ++d) {
        moments_[i * features_ + d].add(observations[bar * features_ + d], regime[i]);
      }
    }
  }
}

void Measured::put(RegimeReport& report) const {
  const double total = std::accumulate(bars_.begin(), bars_.end(), 0.0);
  report.measured = true;
  for (std::size_t i = 0; i < bars_.size(); ++i) {
    RegimeSummary& regime = report.regimes[i];
    regime.share = bars_[i] / total;
    for (std::size_t d = 0; d < features_; ++d) {
      const Moments& own = moments_[i * features_ + d];
      const bool seen = own.weight > 0;
      regime.means[d] = seen ? own.mean : std::nan("");
      regime.deviations[d] = seen ? std::sqrt(own.squares / own.weight) : std::nan("");
    }
  }
}

std::string duration_text(double bars, double periods_per_year) {
  if (std::isinf(bars)) return "for ever";
  if (std::isnan(periods_per_year)) return digits(bars, 3) + " bars";
  // 252 bars a year are trading days, which people count as such
  const double days = periods_per_year == 252 ? bars : bars * 365.25 / periods_per_year;
  if (days >= 1.5) return digits(days, 3) + (periods_per_year == 252 ? " trading days" : " days");
  return digits(days * 24, 3) + " hours";
}

std::string report_text(const RegimeReport& report) {
  std::string text = report.symbol.empty() ? "" : "  " + coloured(report.symbol, Colour::bold) + '\n';
  return text + regime_table(report).text() + '\n' + transition_table(report).text();
}

ordered_json report_json(const RegimeReport& report) {
  auto regimes = ordered_json::array();
  for (const auto& regime : report.regimes) {
    const Yearly year = yearly(report, regime);
    ordered_json means = ordered_json::object(), deviations = ordered_json::object();
    for (std::size_t d = 0; d < regime.means.size(); ++d) {
      means[report.model.features[d]] = json_number(regime.means[d]);
      deviations[report.model.features[d]] = json_number(regime.deviations[d]);
    }
    regimes.push_back({{"label", regime.label},
                       {"share", json_number(regime.share)},
                       {"mean_duration_bars", json_number(regime.mean_duration_bars)},
                       {"drift_per_year", json_number(year.drift)},
                       {"volatility_per_year", json_number(year.volatility)},
                       {"means", means},
                       {"deviations", deviations},
                       {"next", regime.next}});
  }
  ordered_json out;
  if (!report.symbol.empty()) out["symbol"] = report.symbol;
  out["states"] = report.model.states();
  out["macros"] = report.model.macros;
  out["micros"] = report.model.micros;
  out["emission"] = report.model.has_emission() ? ordered_json(name_of(report.model.emission)) : nullptr;
  out["features"] = report.model.features;
  out["shares_means_and_deviations_are"] = report.measured ? "of the bars" : "of the model";
  out["periods_per_year"] = json_number(report.periods_per_year);
  out["regimes"] = std::move(regimes);
  return out;
}

}  // namespace regent::hmm
