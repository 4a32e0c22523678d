#include "allocation/score.hpp"

#include <cmath>
#include <limits>

namespace regent::allocation {
namespace {

double mean_yearly_miss(std::span<const double> returns, double target, double periods_per_year) {
  const auto year = static_cast<std::size_t>(std::lround(periods_per_year));
  double sum = 0;
  std::size_t years = 0;
  for (std::size_t first = 0; year > 1 && first + year <= returns.size(); first += year, ++years) {
    const auto realised =
        market::performance_of(returns.subspan(first, year), periods_per_year).annual_volatility;
    sum += std::abs(realised - target) / target;
  }
  return years == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(years);
}

}  // namespace

Score score_of(const market::PortfolioResult& account, double target_volatility, double periods_per_year) {
  Score score;
  score.performance = market::performance_of(account.returns, periods_per_year);
  score.miss = std::abs(score.performance.annual_volatility - target_volatility) / target_volatility;
  score.yearly_miss = mean_yearly_miss(account.returns, target_volatility, periods_per_year);
  score.turnover = account.turnover * periods_per_year;
  score.costs = account.costs / static_cast<double>(account.returns.size()) * periods_per_year;
  score.gross = account.gross_exposure;
  return score;
}

}  // namespace regent::allocation
