#include "strategies/commands/sweep_table.hpp"

#include <algorithm>

#include "base/nan_value.hpp"
#include "strategies/commands/result_text.hpp"

namespace regent::strategies {
namespace {

constexpr std::size_t chunk_rows = 65'536;
// Rows whose regimes are found in one go: progress is seen between them.
constexpr std::size_t regime_rows = 4096;

}  // namespace

SweepTable::SweepTable(const std::vector<Combinations>& all, SweepColumns more, market::SeriesWriter file)
    : more_(std::move(more)), file_(std::move(file)) {
  columns_ = {{.name = "symbol"}, {.name = "strategy"}};
  for (const Combinations& combinations : all) {
    for (const auto& parameter : combinations.parameters()) {
      if (std::ranges::find(parameters_, parameter.name) != parameters_.end()) continue;
      parameters_.push_back(parameter.name);
      columns_.push_back({.name = parameter.name});
    }
  }
  for (const auto& metric : named_metrics()) columns_.push_back({.name = metric.name});
  for (int k = 1; k <= more_.folds; ++k) {
    columns_.push_back({.name = "train_sharpe_" + std::to_string(k)});
    columns_.push_back({.name = "test_sharpe_" + std::to_string(k)});
  }
  for (const auto& label : more_.regimes) {
    for (const auto& metric : named_metrics())
      columns_.push_back({.name = std::string(metric.name) + "_" + label});
  }
}

void SweepTable::add(const SymbolResult& result, const ByRegimeOf& by_regime) {
  const std::size_t regimes = result.regime_plan.regimes.size();
  for (const FamilySweep& family : result.families) {
    const ByRegime find = more_.regimes.empty() ? ByRegime() : by_regime(*family.combinations);
    for (std::size_t first = 0; first < family.rows.size(); first += regime_rows) {
      const std::size_t end = std::min(family.rows.size(), first + regime_rows);
      std::vector<Metrics> metrics;
      if (find) metrics = find(first, end);
      for (std::size_t i = first; i < end; ++i) {
        add_row(result, family, i,
                metrics.empty() ? std::span<const Metrics>()
                                : std::span(metrics).subspan((i - first) * regimes, regimes));
      }
    }
  }
}

void SweepTable::add_row(const SymbolResult& result, const FamilySweep& family, std::size_t combination,
                         std::span<const Metrics> by_regime) {
  columns_[0].texts.push_back(result.series->symbol);
  columns_[1].texts.push_back(family.combinations->family().name);
  auto next = columns_.begin() + 2;
  const auto put = [&](double value) { (next++)->reals.push_back(value); };
  const auto put_all = [&](const Metrics& metrics) {
    for (const auto& metric : named_metrics()) put(metrics.*metric.value);
  };
  const auto& own = family.combinations->parameters();
  const auto values = family.combinations->values(combination);
  for (const auto& name : parameters_) {
    const auto at = std::ranges::find(own, name, &Parameter::name);
    put(at == own.end() ? nan_value : values[static_cast<std::size_t>(at - own.begin())]);
  }
  put_all(family.rows[combination].metrics);
  for (int k = 0; k < more_.folds; ++k) {
    const Fold& fold = result.plan.folds[static_cast<std::size_t>(k)];
    for (const Span& span : {fold.train, fold.test})
      put(sharpe_of(sums_of(family, combination, result.plan, span), result.series->periods_per_year));
  }
  const auto& labels = result.regime_plan.regimes;
  for (const auto& label : more_.regimes) {
    // missing where the symbol has no such regime
    const auto at = std::ranges::find(labels, label);
    put_all(at == labels.end() ? Metrics{} : by_regime[static_cast<std::size_t>(at - labels.begin())]);
  }
  if (columns_[0].texts.size() == chunk_rows) flush();
}

void SweepTable::flush() {
  if (columns_[0].texts.empty()) return;
  file_.add(columns_);
  for (auto& column : columns_) {
    column.texts.clear();
    column.reals.clear();
  }
}

void SweepTable::finish() {
  flush();
  file_.finish();
}

}  // namespace regent::strategies
