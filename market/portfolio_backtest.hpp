#pragma once
// Target weights into net returns of one account, in double. Weights decided after bar t are traded at the
// execution prices of bar t+1 (buys at price·(1 + slippage), sells at price·(1 − slippage), a fee on what was
// paid), and the account is valued at every bar's execution prices before it trades.

#include <cstddef>
#include <span>
#include <vector>

namespace regent::market {

struct PortfolioCosts {
  double fee_rate = 0.00075;      // fraction of the traded value
  double slippage_rate = 0.0005;  // fraction of the price
};

struct PortfolioResult {
  std::vector<double> returns;  // [decisions], simple, from the execution prices of t+1 to those of t+2
  double turnover = 0;          // traded value / equity, mean per decision
  double costs = 0;             // fees and slippage, fraction of equity, summed over decisions
  double fees = 0;              // of them
  double gross_exposure = 0;    // mean Σ|w| after trading
  bool ruined = false;          // the last period before the zeros lost everything
  std::size_t unfilled = 0;     // weights whose symbol had no fill price while it was wanted or held
};

class PortfolioBacktest {
 public:
  PortfolioBacktest(const PortfolioCosts& costs, std::size_t symbols);
  // weights [symbols], decided at some bar t, or empty: no decision, nothing is traded; fill and next
  // [symbols], the execution prices of t+1 and t+2. A symbol without a fill price keeps its position; one
  // without a next price is valued at its last known one. Consecutive calls continue the account: `next` of a
  // call is `fill` of the following one. Returns the period's simple return. An account that is worth nothing
  // or less is ruined: that period returns −1, it holds nothing from then on, and later ones return 0.
  // slippage_rates: [symbols] of these fills, or empty: costs.slippage_rate of all.
  double step(std::span<const double> weights, std::span<const double> fill, std::span<const double> next,
              std::span<const double> slippage_rates = {});
  PortfolioResult result() const;

 private:
  double value(std::span<const double> prices);
  // of one step, in the account's money
  struct Traded {
    double value = 0, lost = 0;
  };
  void trade(std::size_t symbol, double weight, double price, double slippage_rate, double equity,
             Traded& sums);
  double end_period(double before, std::span<const double> next);
  PortfolioCosts costs_;
  double cash_ = 1.0;
  std::vector<double> units_, last_price_;
  PortfolioResult total_;
};

}  // namespace regent::market
