#include "strategies/commands/result_text.hpp"

namespace regent::strategies {

const std::vector<NamedMetric>& named_metrics() {
  static const std::vector<NamedMetric> metrics{{"total_return", &Metrics::total_return},
                                                {"annual_return", &Metrics::annual_return},
                                                {"annual_volatility", &Metrics::annual_volatility},
                                                {"sharpe", &Metrics::sharpe},
                                                {"sortino", &Metrics::sortino},
                                                {"drawdown_max", &Metrics::drawdown_max},
                                                {"win_rate", &Metrics::win_rate},
                                                {"profit_factor", &Metrics::profit_factor},
                                                {"exposure", &Metrics::exposure},
                                                {"turnover", &Metrics::turnover},
                                                {"trades", &Metrics::trades},
                                                {"fees", &Metrics::fees},
                                                {"slippage", &Metrics::slippage}};
  return metrics;
}

nlohmann::ordered_json metrics_json(const Metrics& metrics) {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : named_metrics()) json[name] = json_number(metrics.*value);
  return json;
}

}  // namespace regent::strategies
