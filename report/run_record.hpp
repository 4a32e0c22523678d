#pragma once
// Everything that a report needs of one run, read from its ledger (and nothing else): bars, decisions, fills,
// states.

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::report {

struct RecordedDecision {
  bool decided = false;                   // false: none came in time, or the server was warming
  std::vector<double> weights;            // [symbols]
  std::vector<double> macro_posterior;    // [M]
  std::vector<std::string> macro_labels;  // [M]
  std::string regime;                     // label of the likeliest macro regime
  std::string fingerprint;                // of the bundle
};

struct RecordedFill {
  std::size_t bar = 0, symbol = 0;  // indices into the panel
  double quantity = 0;              // signed
  double price = 0, fee = 0;
  double slippage_cost = 0;  // money lost to slippage, >= 0
};

struct RunRecord {
  std::string stream;
  market::Panel panel;  // every bar of the ledger, history included
  std::size_t first_traded_bar = 0;
  double start_cash = 0;
  double fee_rate = 0, slippage_rate = 0, rebalance_band = 0;
  // per traded bar, [panel.bars() - first_traded_bar]:
  std::vector<double> equity;       // marked at the bar's close
  std::vector<std::string> states;  // engine state when the bar's step was over
  std::vector<RecordedDecision> decisions;
  std::vector<RecordedFill> fills;
  std::size_t orders_submitted = 0, orders_rejected_by_venue = 0;
  std::map<std::string, std::map<std::string, std::size_t>> denials;  // gate → reason → count
  std::vector<double> latencies_us;  // decision round trips, as the engine measured them
  std::size_t traded_bars() const { return panel.bars() - first_traded_bar; }
};

// Throws InputError when the ledger does not verify, is empty, or holds no traded bar.
RunRecord read_run(const std::filesystem::path& ledger);

}  // namespace regent::report
