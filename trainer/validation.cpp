#include "trainer/validation.hpp"

#include <cmath>
#include <limits>

#include "market/performance.hpp"
#include "models/bundle_manifest.hpp"
#include "models/policy_runner.hpp"

namespace regent::trainer {

using models::number_or_null;

nlohmann::json to_json(const ValidationReport& report) {
  nlohmann::json json{{"sharpe", number_or_null(report.sharpe)},
                      {"annual_return", number_or_null(report.annual_return)},
                      {"annual_volatility", number_or_null(report.annual_volatility)},
                      {"drawdown_max", number_or_null(report.drawdown_max)},
                      {"turnover", number_or_null(report.turnover)},
                      {"gross_exposure", number_or_null(report.gross_exposure)},
                      {"conviction", number_or_null(report.conviction)}};
  if (report.ruined) json["ruined"] = true;
  return json;
}

ValidationReport validate_policy(const TrainingData& data, const Fold& fold, const FoldData& fold_data,
                                 models::PolicyNetwork policy, const allocation::AllocatorSettings& settings,
                                 const market::PortfolioCosts& costs) {
  const std::size_t symbols = data.panel.symbol_count();
  const models::ObservationLayout& layout = fold_data.layout;
  models::PolicyRunner runner(std::move(policy), layout, symbols);
  allocation::Allocator allocator(settings, symbols);
  market::PortfolioBacktest account(costs, symbols);
  std::vector<double> positions(symbols, 0.0), convictions(symbols, 0.0);
  ValidationReport report;
  double size = 0;
  std::size_t decisions = 0;
  const std::size_t end = fold.validation_end - label_bars;
  for (std::size_t bar = 0; bar < end && !report.ruined; ++bar) {
    const std::span<const double> closes = data.panel.bar(bar)[market::Column::close];
    allocator.update(closes);
    if (bar < fold.validation_first) {
      continue;
    }
    const std::size_t row = symbols * layout.features;
    const auto macro = std::span(fold_data.macro).subspan(bar * layout.macros, layout.macros);
    runner.decide(std::span(fold_data.features).subspan(bar * row, row), positions, macro,
                  std::span(fold_data.micro).subspan(bar * layout.states, layout.states), convictions);
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      if (std::isnan(closes[symbol])) {
        convictions[symbol] = 0;
      }
      size += std::abs(convictions[symbol]);
    }
    positions = convictions;
    const std::span<const double> prices(data.execution_price);
    const double multiplier = allocation::regime_multiplier(settings, fold_data.labels, macro);
    ++decisions;
    const double earned = account.step(allocator.allocate(convictions, multiplier).weights,
                                       prices.subspan((bar + 1) * symbols, symbols),
                                       prices.subspan((bar + 2) * symbols, symbols));
    report.ruined = earned <= -1;
  }
  const market::PortfolioResult result = account.result();
  const market::Performance performance = market::performance_of(result.returns, settings.periods_per_year);
  report.sharpe = report.ruined ? std::numeric_limits<double>::quiet_NaN() : performance.sharpe;
  report.annual_return = performance.annual_return;
  report.annual_volatility = performance.annual_volatility;
  report.drawdown_max = performance.drawdown_max;
  report.turnover = result.turnover;
  report.gross_exposure = result.gross_exposure;
  report.conviction = size / static_cast<double>(decisions * symbols);
  return report;
}

}  // namespace regent::trainer
