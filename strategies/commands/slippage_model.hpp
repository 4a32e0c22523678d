#pragma once
// --slippage-model on the bars of a command: rates, what is said of them, and what bars cannot say.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "strategies/commands/trading_flags.hpp"
#include "strategies/tradable.hpp"

namespace regent::strategies {

// [bars of the series] rates of the liquidity model, for orders of the start cash times --size; empty: fixed.
std::vector<double> slippage_rates(const TradingFlags& flags, const market::Panel& panel, std::size_t symbol,
                                   const TradableSeries& series);

// Says on standard error, once, which term of the liquidity model some symbols go without.
void tell_missing_terms(const TradingFlags& flags, const market::Panel& panel);

struct SlippageSummary {
  std::string model = "fixed";
  double median_bps = 0;  // over all bars
};
SlippageSummary slippage_summary(const TradingFlags& flags, const std::vector<double>& rates);
nlohmann::ordered_json slippage_json(const SlippageSummary& summary);
// For a title: "" where the model is fixed.
std::string slippage_text(const SlippageSummary& summary);

}  // namespace regent::strategies
