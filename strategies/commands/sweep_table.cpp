#include "strategies/commands/sweep_table.hpp"

#include <algorithm>

#include "base/nan_value.hpp"
#include "strategies/commands/result_text.hpp"

namespace regent::strategies {
namespace {

constexpr std::size_t chunk_rows = 65'536;

struct RegimeMetrics {
  double sharpe = nan_value, annual_return = nan_value, exposure = nan_value;
};

// Missing where the symbol has no such regime.
RegimeMetrics of_regime(const SymbolResult& result, const FamilySweep& family, std::size_t combination,
                        const std::string& label) {
  const auto& labels = result.plan.regimes;
  const auto at = std::ranges::find(labels, label);
  if (at == labels.end()) return {};
  const std::size_t place = combination * labels.size() + static_cast<std::size_t>(at - labels.begin());
  const Sums& sums = family.regimes[place];
  return {sharpe_of(sums, result.periods_per_year), mean_of(sums) * result.periods_per_year,
          sums.held / sums.bars};
}

}  // namespace

SweepTable::SweepTable(const std::vector<Combinations>& all, const std::vector<std::string>& regimes,
                       std::vector<market::SeriesWriter> files)
    : regimes_(regimes), files_(std::move(files)) {
  columns_ = {{.name = "symbol"}, {.name = "strategy"}};
  for (const Combinations& combinations : all) {
    for (const auto& parameter : combinations.parameters()) {
      if (std::ranges::find(parameters_, parameter.name) != parameters_.end()) continue;
      parameters_.push_back(parameter.name);
      columns_.push_back({.name = parameter.name});
    }
  }
  for (const auto& metric : named_metrics()) columns_.push_back({.name = metric.name});
  for (const auto& label : regimes_) {
    for (const char* name : {"sharpe_", "annual_return_", "exposure_"})
      columns_.push_back({.name = name + label});
  }
}

void SweepTable::add(const SymbolResult& result) {
  for (const FamilySweep& family : result.families) {
    for (std::size_t i = 0; i < family.rows.size(); ++i) add_row(result, family, i);
  }
}

void SweepTable::add_row(const SymbolResult& result, const FamilySweep& family, std::size_t combination) {
  columns_[0].texts.push_back(result.symbol);
  columns_[1].texts.push_back(family.combinations->family().name);
  auto next = columns_.begin() + 2;
  const auto put = [&](double value) { (next++)->reals.push_back(value); };
  const auto& own = family.combinations->parameters();
  const auto values = family.combinations->values(combination);
  for (const auto& name : parameters_) {
    const auto at = std::ranges::find(own, name, &Parameter::name);
    put(at == own.end() ? nan_value : values[static_cast<std::size_t>(at - own.begin())]);
  }
  for (const auto& metric : named_metrics()) put(family.rows[combination].metrics.*metric.value);
  for (const auto& label : regimes_) {
    const RegimeMetrics regime = of_regime(result, family, combination, label);
    put(regime.sharpe);
    put(regime.annual_return);
    put(regime.exposure);
  }
  if (columns_[0].texts.size() == chunk_rows) flush();
}

void SweepTable::flush() {
  if (columns_[0].texts.empty()) return;
  for (auto& file : files_) file.add(columns_);
  for (auto& column : columns_) {
    column.texts.clear();
    column.reals.clear();
  }
}

void SweepTable::finish() {
  flush();
  for (auto& file : files_) file.finish();
}

}  // namespace regent::strategies
