#include "report/buy_and_hold.hpp"

#include <cmath>

#include "base/error.hpp"

namespace regent::report {

namespace {

bool usable(double price) {
  return std::isfinite(price) && price > 0;
}

}  // namespace

std::vector<double> buy_and_hold_equity(const market::Panel& panel, std::size_t first_bar, double start_cash,
                                        double fee_rate, double slippage_rate) {
  REGENT_INVARIANT(first_bar < panel.bars(), "buy and hold starts inside the panel");
  const std::size_t symbols = panel.symbol_count();
  const market::Column execution = panel.execution_column();
  const double budget = start_cash / static_cast<double>(symbols);
  std::vector<double> quantity(symbols, 0), mark(symbols, 0), equity;
  equity.reserve(panel.bars() - first_bar);
  double cash = start_cash;
  for (std::size_t bar = first_bar; bar < panel.bars(); ++bar) {
    double value = 0;
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      const double price = panel.at(execution, bar, symbol);
      if (bar > first_bar && quantity[symbol] == 0 && usable(price)) {
        const double paid = price * (1 + slippage_rate);
        quantity[symbol] = budget / (paid * (1 + fee_rate));  // the fee comes out of the same budget
        cash -= budget;
        mark[symbol] = price;
      }
      const double close = panel.at(market::Column::close, bar, symbol);
      if (usable(close)) mark[symbol] = close;
      value += quantity[symbol] * mark[symbol];
    }
    equity.push_back(cash + value);
  }
  return equity;
}

}  // namespace regent::report
