#include "report/ungated.hpp"

#include "engine/shadow.hpp"

namespace regent::report {

std::vector<double> ungated_equity(const RunRecord& run) {
  engine::ShadowBook book(run.panel.symbol_count(),
                          {.initial_cash = run.start_cash,
                           .rebalance_band = run.rebalance_band,
                           .paper = {.fee_fraction = run.fee_rate, .slippage_fraction = run.slippage_rate}});
  std::vector<double> equity;
  for (std::size_t bar = 0; bar < run.panel.bars(); ++bar) {
    book.on_bar(run.panel.bar(bar));
    if (bar < run.first_traded_bar) continue;
    equity.push_back(book.equity());
    const RecordedDecision& decision = run.decisions[bar - run.first_traded_bar];
    if (decision.decided) book.on_decision(decision.weights);
  }
  return equity;
}

}  // namespace regent::report
