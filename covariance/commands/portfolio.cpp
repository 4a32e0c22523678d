#include "covariance/commands/portfolio.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/table.hpp"
#include "covariance/sample.hpp"
#include "market/io/output.hpp"
#include "market/io/portfolio_file.hpp"

namespace regent::covariance {
namespace {

using market::digits;
using market::json_number;
using nlohmann::ordered_json;

constexpr std::size_t positions_shown = 12, risk_modes_shown = 5;

std::vector<double> read_weights(const std::string& file, const Table& table) {
  std::vector<double> weights(table.names.size(), 0.0);
  const auto stranger = [&](const std::string& name) { return table.file + " has no \"" + name + "\""; };
  for (const auto& [asset, weight, place] : market::read_portfolio(file, table.names, stranger)) {
    if (std::isnan(weight)) throw InputError(place + ": " + table.names[asset] + " has no weight");
    weights[asset] = weight;
  }
  return weights;
}

// By the covariance of the assets held alone: modes of others are no bets of this portfolio.
PortfolioRisk risk_of_held(const Matrix& covariance, const std::vector<double>& weights) {
  std::vector<std::size_t> held;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0) held.push_back(i);
  }
  if (held.empty()) return portfolio_risk(covariance, weights);  // which says so
  std::vector<double> of_held;
  for (const std::size_t asset : held) of_held.push_back(weights[asset]);
  PortfolioRisk risk = portfolio_risk(part_of(covariance, held), of_held);
  std::vector<double> by_asset(weights.size(), 0.0);
  for (std::size_t i = 0; i < held.size(); ++i) by_asset[held[i]] = risk.by_asset[i];
  risk.by_asset = std::move(by_asset);
  return risk;
}

// Of the rows that have a value of every asset held.
std::vector<double> past_returns(const Table& table, const std::vector<double>& weights) {
  std::vector<double> returns;
  for (std::size_t row = 0; row < table.rows; ++row) {
    double sum = 0;
    for (std::size_t c = 0; c < weights.size(); ++c) {
      if (weights[c] != 0) sum += weights[c] * table.values[row * weights.size() + c];
    }
    if (!std::isnan(sum)) returns.push_back(sum);
  }
  return returns;
}

ordered_json numbers_json(const std::vector<double>& values) {
  auto list = ordered_json::array();
  for (const double value : values) list.push_back(json_number(value));
  return list;
}

std::string amount(const Table& table, double value) {
  return table.returns == Returns::none ? digits(value, 4) : percent(value, 2);
}

std::string head_text(const Table& table, const Portfolio& portfolio) {
  const PortfolioRisk& risk = portfolio.risk;
  const bool in_years = table.returns != Returns::none && !std::isnan(table.periods_per_year);
  std::string text = "\n  " + coloured("portfolio", Colour::bold) + ": ";
  text += in_years ? "volatility " + percent(risk.volatility * std::sqrt(table.periods_per_year)) + " p.a."
                   : "deviation " + digits(risk.volatility, 5);
  return text + ", " + digits(risk.effective_bets, 3) + " effective bets, diversification ratio " +
         digits(risk.diversification_ratio, 3) + '\n';
}

std::string tails_text(const Table& table, const Portfolio& portfolio) {
  regent::Table shown;
  shown.header = {"level", "VaR, normal", "VaR, past", "ES, normal", "ES, past"};
  shown.right = {false, true, true, true, true};
  for (const auto& tail : portfolio.tails) {
    shown.rows.push_back({{percent(tail.level)},
                          {amount(table, tail.normal.value_at_risk)},
                          {amount(table, tail.historical.value_at_risk)},
                          {amount(table, tail.normal.expected_shortfall)},
                          {amount(table, tail.historical.expected_shortfall)}});
  }
  return "\n  losses of one row; past: " + grouped(portfolio.rows) + " rows\n" + shown.text();
}

std::string assets_text(const Table& table, const Portfolio& portfolio) {
  std::vector<std::size_t> order(portfolio.weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return portfolio.weights[i] == 0; });
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return std::abs(portfolio.risk.by_asset[i]); });
  regent::Table shown;
  shown.header = {"asset", "weight", "share of variance"};
  shown.right = {false, true, true};
  for (std::size_t k = 0; k < std::min(order.size(), positions_shown); ++k) {
    shown.rows.push_back({{table.names[order[k]]},
                          {digits(portfolio.weights[order[k]], 4)},
                          {percent(portfolio.risk.by_asset[order[k]])}});
  }
  const std::string more = order.size() > positions_shown
                               ? "      … and " + std::to_string(order.size() - positions_shown) + " more\n"
                               : "";
  return '\n' + shown.text() + more;
}

std::string modes_text(const Portfolio& portfolio) {
  regent::Table shown;
  shown.header = {"mode", "eigenvalue", "share of variance"};
  shown.right = {true, true, true};
  for (std::size_t k = 0; k < std::min(portfolio.risk.modes.size(), risk_modes_shown); ++k) {
    shown.rows.push_back({{std::to_string(k + 1)},
                          {digits(portfolio.risk.modes[k], 5)},
                          {percent(portfolio.risk.by_mode[k])}});
  }
  return '\n' + shown.text();
}

}  // namespace

Portfolio read_portfolio(const std::string& file, const Table& table, const Estimate& estimate) {
  if (estimate.undefined > 0) {
    throw InputError(table.file + ": " + pairs_have(estimate.undefined) +
                     " no covariance, so the portfolio has no known risk");
  }
  std::vector<double> weights = read_weights(file, table);
  try {
    return portfolio_of(std::move(weights), table, estimate.covariance);
  } catch (const InputError& error) {
    throw InputError(file + ": " + error.what());
  }
}

Portfolio portfolio_of(std::vector<double> weights, const Table& table, const Matrix& covariance) {
  Portfolio portfolio;
  portfolio.weights = std::move(weights);
  portfolio.risk = risk_of_held(covariance, portfolio.weights);
  const std::vector<double> returns = past_returns(table, portfolio.weights);
  portfolio.rows = returns.size();
  for (const double level : {0.95, 0.99}) {
    portfolio.tails.push_back(
        {level, normal_tail(portfolio.risk.volatility, level), historical_tail(returns, level)});
  }
  return portfolio;
}

ordered_json portfolio_json(const Table& table, const Portfolio& portfolio) {
  auto tails = ordered_json::array();
  for (const auto& tail : portfolio.tails) {
    tails.push_back({{"level", tail.level},
                     {"normal_var", tail.normal.value_at_risk},
                     {"normal_es", tail.normal.expected_shortfall},
                     {"historical_var", tail.historical.value_at_risk},
                     {"historical_es", tail.historical.expected_shortfall}});
  }
  const double per_year = std::sqrt(table.periods_per_year);
  return {{"weights", numbers_json(portfolio.weights)},
          {"volatility", portfolio.risk.volatility},
          {"annual_volatility", json_number(portfolio.risk.volatility * per_year)},
          {"by_asset", numbers_json(portfolio.risk.by_asset)},
          {"modes", numbers_json(portfolio.risk.modes)},
          {"by_mode", numbers_json(portfolio.risk.by_mode)},
          {"effective_bets", portfolio.risk.effective_bets},
          {"diversification_ratio", portfolio.risk.diversification_ratio},
          {"rows", portfolio.rows},
          {"tails", std::move(tails)}};
}

std::string risk_text(const Table& table, const Portfolio& portfolio) {
  return head_text(table, portfolio) + tails_text(table, portfolio) + modes_text(portfolio);
}

std::string portfolio_text(const Table& table, const Portfolio& portfolio) {
  return head_text(table, portfolio) + tails_text(table, portfolio) + assets_text(table, portfolio) +
         modes_text(portfolio);
}

}  // namespace regent::covariance
