#pragma once
// The account: cash, quantities, average cost, fees, profit. Double precision, fractional units, negative
// quantities are short positions. Average-cost method: a fill against the position realises profit at the
// average cost, a fill across zero closes the old position and opens a new one at the fill's price.
//
// Identities, checked by `is_conserved`: cash = initial - sum(quantity x price) - fees over all fills, and
// equity = cash + sum(quantity x price) = initial + realised + unrealised - fees.

#include <cstddef>
#include <vector>

namespace regent::engine {

class Portfolio {
 public:
  Portfolio() = default;
  // initial_cash > 0, finite
  Portfolio(std::size_t symbols, double initial_cash);

  // REQUIRES a finite quantity, a positive finite price and a finite fee >= 0.
  void fill(std::size_t symbol, double quantity, double price, double fee);

  double cash() const { return cash_; }
  double initial_cash() const { return initial_cash_; }
  double fees() const { return fees_; }
  double realised() const { return realised_; }
  double quantity(std::size_t symbol) const { return quantities_[symbol]; }
  double average_cost(std::size_t symbol) const { return costs_[symbol]; }
  const std::vector<double>& quantities() const { return quantities_; }
  // prices [symbols]; a symbol without a position may be NaN. The result is NaN when one with a position is.
  double equity(const std::vector<double>& prices) const;
  double unrealised(const std::vector<double>& prices) const;
  // Sum of |quantity x price|.
  double gross(const std::vector<double>& prices) const;
  // Do both ways of computing equity agree to 1e-9 of the money that moved?
  bool is_conserved(const std::vector<double>& prices) const;

 private:
  double initial_cash_ = 0, cash_ = 0, fees_ = 0, realised_ = 0, moved_ = 0;
  std::vector<double> quantities_, costs_;  // [symbols]
};

}  // namespace regent::engine
