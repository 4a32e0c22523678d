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

void add_metric_header(Table& table) {
  for (const char* name :
       {"return", "Sharpe", "Sortino", "drawdown", "win", "factor", "exposure", "turnover/y", "trades"}) {
    table.header.emplace_back(name);
    table.right.push_back(true);
  }
}

void add_metric_cells(const Metrics& m, std::vector<Table::Cell>& row) {
  for (const std::string& text : {percent(m.total_return), digits(m.sharpe, 3), digits(m.sortino, 3),
                                  percent(m.drawdown_max), percent(m.win_rate), digits(m.profit_factor, 3),
                                  percent(m.exposure), digits(m.turnover, 3), digits(m.trades, 6)})
    row.push_back({text});
}

}  // namespace regent::strategies
