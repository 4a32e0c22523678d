#include "scenario/commands/dream_report.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/gauge_text.hpp"
#include "base/table.hpp"
#include "base/time.hpp"
#include "market/io/panel_file.hpp"

namespace regent::scenario {
namespace {

namespace fs = std::filesystem;

std::string digits(double value, int count = 3) {
  if (!std::isfinite(value)) return "–";
  std::ostringstream text;
  text.precision(count);
  text << value;
  return text.str();
}

std::string band(double low, double high) {
  return percent(low) + " … " + percent(high);
}

// A loss, marked where ruin has cut it off.
std::string marked(double loss, bool cut_off) {
  return percent(loss) + (cut_off ? " †" : "");
}

// What the mark means; "" where there is none.
std::string note_of_marks(const DreamFlags& flags, const DreamSummary& summary) {
  const bool any = std::ranges::any_of(summary.stresses, [&](const auto& s) {
    return var_cut_off(s, flags.ruin) || es_cut_off(s, flags.ruin);
  });
  if (!any) return "";
  return "† cut off at ruin: the account stops at " + percent(flags.ruin, 0) +
         " of the first equity; --ruin 0 shows what it would have lost beyond";
}

std::string robustness_text(const DreamFlags& flags, const DreamSummary& summary) {
  const Robustness robustness = robustness_of(summary);
  std::string text = "Robust, never down by more than " + percent(flags.drawdown_limit, 0) +
                     " from a peak and not ruined: " + percent(robustness.mean) + " of the paths";
  if (summary.stresses.size() > 1)
    text += " of all scenarios, fewest under " + robustness.least->name + " (" +
            percent(robustness.least->robust.share) + ")";
  return text;
}

// The command that shows a path again.
std::string again(const DreamFlags& flags, const std::string& stress, std::int64_t path) {
  std::string text = "--seed " + std::to_string(flags.seed) + " --path " + std::to_string(path);
  return stress == baseline_name ? text : text + " --stress " + stress;
}

Colour colour_of(const Comparison& row) {
  return !std::isfinite(row.real) ? Colour::grey : row.within ? Colour::green : Colour::yellow;
}

std::string verdict(const Comparison& row) {
  return !std::isfinite(row.real) || !std::isfinite(row.low) ? "–" : row.within ? "yes" : "no";
}

// Which bars of history the comparisons are about.
std::string compared_text(const DreamSetup& setup, const DreamSummary& summary) {
  const std::size_t bars = summary.compared_bars, all = setup.returns->bars();
  return (bars == all ? "all " : "the last " + grouped(bars) + " of ") + grouped(all) +
         " bars of history beside dreams as long";
}

Table comparison_table(const std::vector<Comparison>& rows, const std::string& title) {
  Table table;
  table.header = {title, "history", "dream", "95 % of dreams from", "to", "agree"};
  table.right = {false, true, true, true, true, false};
  for (const auto& row : rows) {
    table.rows.push_back({{row.name},
                          {digits(row.real)},
                          {digits(row.dreamed)},
                          {digits(row.low)},
                          {digits(row.high)},
                          {verdict(row), colour_of(row)}});
  }
  return table;
}

std::string agreement(const std::vector<Comparison>& rows) {
  std::size_t within = 0, judged = 0;
  for (const auto& row : rows) {
    judged += verdict(row) != "–" ? 1 : 0;
    within += verdict(row) == "yes" ? 1 : 0;
  }
  return std::to_string(within) + " of " + std::to_string(judged);
}

std::string source_text(const DreamFlags& flags, const DreamSetup& setup) {
  if (setup.calibration) {
    const auto& c = *setup.calibration;
    const bool given = setup.policy->regimes() != nullptr && flags.calibration.empty();
    return std::to_string(c.law.regimes) + (given ? " regimes of the bundle, with moments" : " regimes") +
           " fitted to " + std::to_string(c.bars) + " bars, " + format_timestamp(c.from_ms) + " to " +
           format_timestamp(c.to_ms);
  }
  std::string text = flags.source == "replay" ? "replay of history" : flags.source + " bootstrap of history";
  if (setup.block_bars > 0) text += ", blocks of " + digits(setup.block_bars) + " bars";
  return text + " (" + std::to_string(setup.returns->bars()) + " bars)";
}

void markdown_table(std::ostream& out, const std::vector<std::string>& header,
                    const std::vector<std::vector<std::string>>& rows) {
  const auto line = [&](const std::vector<std::string>& cells) {
    out << '|';
    for (const auto& cell : cells) out << ' ' << cell << " |";
    out << '\n';
  };
  line(header);
  line(std::vector<std::string>(header.size(), "---"));
  for (const auto& row : rows) line(row);
  out << '\n';
}

std::vector<StressSummary> by_damage(const DreamSummary& summary) {
  std::vector<StressSummary> sorted = summary.stresses;
  std::ranges::stable_sort(sorted, std::greater<>(),
                           [](const auto& s) { return s.risk99.expected_shortfall; });
  return sorted;
}

void write_breaks(std::ostream& out, const DreamSetup& setup, const DreamSummary& summary) {
  const StressSummary& base = summary.stresses.front();
  const StressSummary worst = by_damage(summary).front();
  out << "## What breaks this " << (setup.policy->sets_weights() ? "portfolio" : "policy")
      << ", how likely\n\n"
      << "Without any stress it loses a fifth or more with probability " << percent(base.loses_fifth.share)
      << " (" << band(base.loses_fifth.low, base.loses_fifth.high) << ") and is ruined with "
      << percent(base.ruined.share) << " (" << band(base.ruined.low, base.ruined.high) << "). ";
  if (worst.name == base.name) {
    out << "No stress does more harm in the worst hundredth than the baseline itself.\n\n";
    return;
  }
  out << "Most harm is done by **" << worst.name << "**: where it happens, the mean outcome changes by "
      << percent(worst.against_baseline) << ", a fifth or more is lost with "
      << percent(worst.loses_fifth.share) << ", and it is ruined with " << percent(worst.ruined.share)
      << ". How likely the stress itself is, the dream does not say.\n\n";
}

void write_stresses(std::ostream& out, const DreamFlags& flags, const DreamSetup& setup,
                    const DreamSummary& summary) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& s : by_damage(summary)) {
    rows.push_back({s.name, percent(s.mean), percent(s.worst_twentieth),
                    marked(s.risk99.value_at_risk, var_cut_off(s, flags.ruin)) + " (" +
                        band(s.risk99.var_low, s.risk99.var_high) + ")",
                    marked(s.risk99.expected_shortfall, es_cut_off(s, flags.ruin)) + " (" +
                        band(s.risk99.es_low, s.risk99.es_high) + ")",
                    percent(s.drawdown_median) + " / " + percent(s.drawdown_95), percent(s.ruined.share),
                    percent(s.robust.share) + " (" + band(s.robust.low, s.robust.high) + ")",
                    percent(s.costs)});
  }
  markdown_table(out,
                 {"scenario", "mean", "5 % quantile", "VaR 99 %", "ES 99 %", "drawdown median / 95 %",
                  "ruined", "robust", "costs"},
                 rows);
  const std::string note = note_of_marks(flags, summary);
  if (!note.empty()) out << note << "\n\n";
  out << robustness_text(flags, summary) << ".\n\n";
  out << "## The worst paths\n\n";
  rows.clear();
  for (const auto& s : by_damage(summary)) {
    for (std::size_t i = 0; i < std::min<std::size_t>(2, s.worst_paths.size()); ++i)
      rows.push_back(
          {s.name, std::to_string(s.worst_paths[i]), "`" + again(flags, s.name, s.worst_paths[i]) + "`"});
  }
  out << "`regent dream` with the same data, model, stresses and "
      << (setup.policy->sets_weights() ? "portfolio" : "bundle")
      << ", and these flags, makes each of them again.\n\n";
  markdown_table(out, {"scenario", "path", "flags"}, rows);
}

void write_regimes(std::ostream& out, const DreamSummary& summary) {
  if (summary.regimes.empty()) return;
  out << "## By regime\n\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : summary.regimes)
    rows.push_back(
        {r.label, percent(r.share), percent(r.share_in_worst), percent(r.mean, 3), percent(r.deviation, 2)});
  markdown_table(
      out, {"regime", "share of bars", "share in the worst 5 % of paths", "mean a bar", "deviation a bar"},
      rows);
}

void write_comparison(std::ostream& out, const std::string& title, const std::vector<Comparison>& rows) {
  if (rows.empty()) return;
  out << "## " << title << ": " << agreement(rows) << " agree\n\n";
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows)
    cells.push_back({row.name, digits(row.real), digits(row.dreamed),
                     digits(row.low) + " … " + digits(row.high), verdict(row)});
  markdown_table(out, {"", "history", "dream", "95 % of dreams", "agree"}, cells);
}

void gauge(std::ostream& out, const std::string& name, const std::string& help) {
  put_gauge_head(out, "regent_dream_" + name, help);
}

template <class Value>
void gauge_by_stress(std::ostream& out, const std::string& name, const std::string& help,
                     const DreamSummary& summary, const Value& value) {
  gauge(out, name, help);
  for (const auto& s : summary.stresses)
    out << "regent_dream_" << name << "{scenario=\"" << label_text(s.name) << "\"} " << digits(value(s), 12)
        << '\n';
}

void write_outcomes(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed) {
  market::SeriesColumn stress{.name = "scenario"}, path{.name = "path"}, profit{.name = "profit"},
      equity{.name = "final_equity"}, drawdown{.name = "drawdown_max"}, turnover{.name = "turnover"},
      costs{.name = "costs"}, ruin{.name = "ruin_step"}, regime{.name = "final_regime"};
  for (std::size_t s = 0; s < setup.stresses.size(); ++s) {
    const auto& out = dreamed.outcomes[s];
    for (std::size_t p = 0; p < out.final_equity.size(); ++p) {
      stress.texts.push_back(setup.stresses[s].name);
      path.integers.push_back(static_cast<std::int64_t>(p));
      profit.reals.push_back(out.final_equity[p] - 1);
      equity.reals.push_back(out.final_equity[p]);
      drawdown.reals.push_back(out.drawdown_max[p]);
      turnover.reals.push_back(out.turnover[p]);
      costs.reals.push_back(out.costs[p]);
      ruin.integers.push_back(out.ruin_step[p]);
      regime.texts.push_back(setup.regime_name(out.final_regime[p]));
    }
  }
  market::write_series({stress, path, profit, equity, drawdown, turnover, costs, ruin, regime},
                       fs::path(flags.out) / "dream.parquet");
}

}  // namespace

std::string summary_text(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                         const DreamSummary& summary) {
  std::ostringstream out;
  if (!setup.policy->sets_weights()) out << "  decisions of " << setup.policy->name() << '\n';
  out << "  " << source_text(flags, setup) << '\n';
  out << "  " << grouped(static_cast<std::size_t>(dreamed.paths)) << " paths of " << flags.steps
      << " bars and " << setup.symbols.size() << " assets each, seed " << flags.seed << "\n\n";
  Table table;
  table.header = {"scenario",      "mean",   "5 %",    "VaR 99 %",  "ES 99 %",
                  "drawdown 95 %", "ruined", "robust", "worst path"};
  table.right = {false, true, true, true, true, true, true, true, true};
  for (const auto& s : summary.stresses) {
    table.rows.push_back({{s.name, Colour::bold},
                          {percent(s.mean)},
                          {percent(s.worst_twentieth)},
                          {marked(s.risk99.value_at_risk, var_cut_off(s, flags.ruin))},
                          {marked(s.risk99.expected_shortfall, es_cut_off(s, flags.ruin))},
                          {percent(s.drawdown_95)},
                          {percent(s.ruined.share), s.ruined.share > 0 ? Colour::red : Colour::plain},
                          {percent(s.robust.share)},
                          {std::to_string(s.worst_paths.front())}});
  }
  out << table.text();
  const std::string note = note_of_marks(flags, summary);
  if (!note.empty()) out << "  " << note << '\n';
  out << "  " << robustness_text(flags, summary) << '\n';
  if (!summary.facts.empty())
    out << "\n  " << compared_text(setup, summary) << '\n'
        << comparison_table(summary.facts, "stylised fact").text();
  if (!summary.tails.empty()) out << '\n' << comparison_table(summary.tails, "strategy").text();
  if (dreamed.paths < flags.scenarios)
    out << "\n  " << grouped(static_cast<std::size_t>(flags.scenarios - dreamed.paths))
        << " paths of each are missing; the same command goes on\n";
  return out.str();
}

std::string report_markdown(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                            const DreamSummary& summary) {
  std::ostringstream out;
  out << "# Dream of " << setup.symbols.size() << " assets\n\n";
  if (!setup.policy->sets_weights()) out << "Of the decisions of " << setup.policy->name() << ". ";
  out << dreamed.paths << " paths of " << flags.steps << " bars for each scenario; "
      << source_text(flags, setup) << "; seed " << flags.seed << ". Fee " << percent(flags.fee, 3)
      << ", slippage " << percent(flags.slippage, 3) << ", ruin at " << percent(flags.ruin, 0)
      << " of the first equity. Profits are of the whole path; bands hold at 95 %.\n\n";
  if (dreamed.paths < flags.scenarios)
    out << "**Not complete**: " << flags.scenarios << " paths were asked for.\n\n";
  write_breaks(out, setup, summary);
  write_stresses(out, flags, setup, summary);
  write_regimes(out, summary);
  if (!summary.facts.empty()) out << "Below stand " << compared_text(setup, summary) << ".\n\n";
  write_comparison(out, "Stylised facts (Cont 2001)", summary.facts);
  write_comparison(out, "Tails of strategies on history and dream", summary.tails);
  out << "What a dream cannot show is what neither the data nor a written-down stress holds.\n";
  return out.str();
}

std::string metrics_text(const DreamFlags& flags, const Dreamed& dreamed, const DreamSummary& summary) {
  std::ostringstream out;
  gauge(out, "paths", "Paths of every scenario.");
  out << "regent_dream_paths " << dreamed.paths << '\n';
  gauge(out, "complete", "1 when all paths that were asked for are there.");
  out << "regent_dream_complete " << (dreamed.paths == flags.scenarios ? 1 : 0) << '\n';
  gauge(out, "seconds", "Time of the last start.");
  out << "regent_dream_seconds " << digits(dreamed.seconds, 6) << '\n';
  gauge(out, "finished_timestamp_seconds", "When the last start ended.");
  out << "regent_dream_finished_timestamp_seconds " << wall_clock_now_ms() / 1000 << '\n';
  gauge_by_stress(out, "profit_mean", "Mean profit of a path, fraction of equity.", summary,
                  [](const auto& s) { return s.mean; });
  gauge_by_stress(out, "value_at_risk_99", "VaR 99 % of a path's profit.", summary,
                  [](const auto& s) { return s.risk99.value_at_risk; });
  gauge_by_stress(out, "expected_shortfall_99", "ES 99 % of a path's profit.", summary,
                  [](const auto& s) { return s.risk99.expected_shortfall; });
  gauge_by_stress(out, "drawdown_95", "95 % quantile of the deepest drawdown.", summary,
                  [](const auto& s) { return s.drawdown_95; });
  gauge_by_stress(out, "ruin_probability", "Share of paths that are ruined.", summary,
                  [](const auto& s) { return s.ruined.share; });
  gauge_by_stress(out, "robustness", "Share of paths within the limit of drawdown and not ruined.", summary,
                  [](const auto& s) { return s.robust.share; });
  return out.str();
}

void write_report(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                  const DreamSummary& summary) {
  const fs::path folder = flags.out;
  write_outcomes(flags, setup, dreamed);
  write_file_atomically(folder / "report.json", summary_json(flags, setup, dreamed, summary).dump(1) + "\n");
  write_file_atomically(folder / "metrics.prom", metrics_text(flags, dreamed, summary));
  write_file_atomically(folder / "dream_report.md", report_markdown(flags, setup, dreamed, summary));
}

}  // namespace regent::scenario
