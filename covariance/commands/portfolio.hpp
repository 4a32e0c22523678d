#pragma once
// --weights: a portfolio, its risk by the estimated covariance, and its past tails.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "covariance/commands/estimate.hpp"
#include "covariance/risk.hpp"

namespace regent::covariance {

struct Portfolio {
  std::vector<double> weights;  // [columns of the table], 0 where the file has none
  PortfolioRisk risk;           // by_asset [columns]; modes and by_mode of the assets held alone
  struct Tail {
    double level = 0;
    TailRisk normal, historical;
  };
  std::vector<Tail> tails;
  std::size_t rows = 0;  // of the table behind the historical tails: those with a value of every asset held
};

// A table with a column `symbol` (or ticker, …) and a column `weight`. Throws InputError naming file and
// symbol for one that the table does not have, that stands twice, or whose weight is missing; and as
// portfolio_risk does.
Portfolio read_portfolio(const std::string& file, const Table& table, const Estimate& estimate);

// weights [columns of the table], not all 0; covariance [columns, columns] per row, of which only the assets
// held are read. Throws InputError as portfolio_risk does.
Portfolio portfolio_of(std::vector<double> weights, const Table& table, const Matrix& covariance);

nlohmann::ordered_json portfolio_json(const Table& table, const Portfolio& portfolio);
std::string portfolio_text(const Table& table, const Portfolio& portfolio);
std::string risk_text(const Table& table, const Portfolio& portfolio);  // the same without the assets

}  // namespace regent::covariance
