#include "trainer/decision_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "base/terminal.hpp"

namespace regent::trainer {
namespace {

using models::Explanation;
using models::number_or_null;
using nlohmann::json;

constexpr std::size_t reasons_shown = 3;
constexpr std::size_t explained_symbols = 5;

std::vector<Reason> top(const Explanation& explanation, std::size_t inputs_considered, std::size_t symbol,
                        std::size_t count, double Reason::*measure) {
  const std::size_t inputs = explanation.inputs.size();
  std::vector<Reason> reasons;
  for (std::size_t i = 0; i < inputs_considered; ++i) {
    reasons.push_back({explanation.inputs[i], explanation.values[symbol * inputs + i],
                       explanation.contributions[symbol * inputs + i]});
  }
  std::stable_sort(reasons.begin(), reasons.end(), [measure](const Reason& a, const Reason& b) {
    return std::abs(a.*measure) > std::abs(b.*measure);
  });
  reasons.resize(std::min(count, reasons.size()));
  return reasons;
}

std::string reason_text(const Reason& reason) {
  return fmt::format("{} {:+.2f} → {:+.3f}", reason.input, reason.value, reason.contribution);
}

std::string percent(double value) {
  return std::isfinite(value) ? fmt::format("{:.1f} %", 100 * value) : "-";
}

std::vector<std::size_t> by_weight(const models::Decision& decision) {
  std::vector<std::size_t> order(decision.weights.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::stable_sort(order.begin(), order.end(), [&decision](std::size_t a, std::size_t b) {
    return std::abs(decision.weights[a]) > std::abs(decision.weights[b]);
  });
  return order;
}

std::string head_text(const DecisionReport& r) {
  std::string text =
      coloured("decision after " + format_timestamp(r.decision.timestamp_ms), Colour::bold) + "\n";
  text += fmt::format("  bundle      {}…, decides from {} on\n", r.manifest.fingerprint.substr(0, 16),
                      format_timestamp(r.manifest.serve_from_ms));
  text += fmt::format("  regime      {} ({})", coloured(r.decision.regime, Colour::bold),
                      percent(r.decision.confidence));
  for (std::size_t i = 0; i < r.macro_labels.size(); ++i) {
    text += fmt::format("  {} {:.3f}", r.macro_labels[i], r.decision.macro_posterior[i]);
  }
  text += "\n  states     ";
  for (const double p : r.decision.micro_posterior) {
    text += fmt::format(" {:.3f}", p);
  }
  text += fmt::format("\n  volatility  {} a year predicted, {} before the caps\n",
                      percent(r.decision.predicted_volatility), percent(r.explanation.uncapped_volatility));
  text += fmt::format(
      "  caps        {} symbols at {} of equity{}\n",
      std::count(r.explanation.position_capped.begin(), r.explanation.position_capped.end(), 1),
      percent(r.position_max),
      r.explanation.gross_capped ? ", all weights shrunk to a gross of " + percent(r.gross_max) : "");
  const auto cut = std::ranges::count_if(r.explanation.kept, [](double kept) { return kept < 1; });
  if (cut > 0 || r.explanation.risk_multiplier < 1) {
    text +=
        fmt::format("  risk        {} positions cut for their correlation, budget × {:.3f} by the regime\n",
                    cut, r.explanation.risk_multiplier);
  }
  if (!r.note.empty()) {
    text += "  " + coloured("note        " + r.note, Colour::yellow) + "\n";
  }
  return text;
}

std::string weights_text(const DecisionReport& r, const std::vector<std::size_t>& order) {
  std::size_t width = 6;
  for (const std::string& symbol : r.manifest.symbols) {
    width = std::max(width, symbol.size());
  }
  std::string text = fmt::format("\n  {:<{}}  {:>10}  {:>10}  {:>8}  {:>10}  {}\n", "symbol", width, "close",
                                 "conviction", "weight", "volatility", "cap");
  for (const std::size_t i : order) {
    const double weight = r.decision.weights[i];
    const std::string shown = fmt::format("{:>8}", fmt::format("{:+.2f} %", 100 * weight));
    text += fmt::format("  {:<{}}  {:>10}  {:>10}  {}  {:>10}  {}\n", r.manifest.symbols[i], width,
                        std::isnan(r.closes[i]) ? "missing" : fmt::format("{:.4g}", r.closes[i]),
                        fmt::format("{:+.3f}", r.decision.convictions[i]),
                        coloured(shown, weight > 0   ? Colour::green
                                        : weight < 0 ? Colour::red
                                                     : Colour::grey),
                        percent(r.explanation.volatilities[i]),
                        r.explanation.position_capped[i] != 0 ? "yes" : "");
  }
  return text;
}

std::string reasons_text(const DecisionReport& r, const std::vector<std::size_t>& order) {
  std::string text = "\n  why (input: normalised value → its part of the conviction, gradient × value)\n";
  for (std::size_t k = 0; k < std::min(explained_symbols, order.size()); ++k) {
    const std::size_t i = order[k];
    text += "  " + coloured(r.manifest.symbols[i], Colour::bold) + "\n    moved by ";
    for (const Reason& reason : top_contributions(r.explanation, i, reasons_shown)) {
      text += "  " + reason_text(reason);
    }
    text += "\n    unusual  ";
    for (const Reason& reason : top_values(r.explanation, r.manifest.features.size(), i, reasons_shown)) {
      text += "  " + reason_text(reason);
    }
    text += "\n";
  }
  return text;
}

json reasons_json(const std::vector<Reason>& reasons) {
  json list = json::array();
  for (const Reason& reason : reasons) {
    list.push_back({{"input", reason.input}, {"value", reason.value}, {"contribution", reason.contribution}});
  }
  return list;
}

json symbol_json(const DecisionReport& r, std::size_t i) {
  return {{"symbol", r.manifest.symbols[i]},
          {"close", number_or_null(r.closes[i])},
          {"conviction", r.decision.convictions[i]},
          {"weight", r.decision.weights[i]},
          {"volatility", number_or_null(r.explanation.volatilities[i])},
          {"position_capped", r.explanation.position_capped[i] != 0},
          {"moved_by", reasons_json(top_contributions(r.explanation, i, reasons_shown))},
          {"unusual", reasons_json(top_values(r.explanation, r.manifest.features.size(), i, reasons_shown))}};
}

}  // namespace

std::vector<Reason> top_contributions(const Explanation& explanation, std::size_t symbol, std::size_t count) {
  return top(explanation, explanation.inputs.size(), symbol, count, &Reason::contribution);
}

std::vector<Reason> top_values(const Explanation& explanation, std::size_t features, std::size_t symbol,
                               std::size_t count) {
  return top(explanation, features, symbol, count, &Reason::value);
}

std::string to_text(const DecisionReport& report) {
  const std::vector<std::size_t> order = by_weight(report.decision);
  return head_text(report) + weights_text(report, order) + reasons_text(report, order);
}

json to_json(const DecisionReport& r) {
  json macro = json::object();
  for (std::size_t i = 0; i < r.macro_labels.size(); ++i) {
    macro[r.macro_labels[i]] = r.decision.macro_posterior[i];
  }
  json symbols = json::array();
  for (std::size_t i = 0; i < r.manifest.symbols.size(); ++i) {
    symbols.push_back(symbol_json(r, i));
  }
  return {{"timestamp_ms", r.decision.timestamp_ms},
          {"time", format_timestamp(r.decision.timestamp_ms)},
          {"bundle", r.manifest.fingerprint},
          {"serve_from_ms", r.manifest.serve_from_ms},
          {"regime", r.decision.regime},
          {"confidence", r.decision.confidence},
          {"macro_posterior", macro},
          {"micro_posterior", r.decision.micro_posterior},
          {"predicted_volatility", number_or_null(r.decision.predicted_volatility)},
          {"uncapped_volatility", number_or_null(r.explanation.uncapped_volatility)},
          {"gross_capped", r.explanation.gross_capped},
          {"risk_multiplier", r.explanation.risk_multiplier},
          {"symbols", symbols},
          {"note", r.note}};
}

}  // namespace regent::trainer
