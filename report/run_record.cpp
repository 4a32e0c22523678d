#include "report/run_record.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <variant>

#include "base/error.hpp"
#include "engine/ledger/event_json.hpp"
#include "engine/ledger/reader.hpp"
#include "engine/ledger/verify.hpp"

namespace regent::report {

namespace {

using engine::Bar;
using engine::DecisionArrived;
using engine::OrderUpdate;
using engine::Started;
using engine::UpdateKind;

// Walks the ledger's rows once and keeps what the report needs.
class Collector {
 public:
  void take(const engine::LedgerRow& row) {
    const auto payload = nlohmann::json::parse(row.payload);
    if (engine::is_input_kind(row.kind)) {
      std::visit([this](const auto& event) { on(event); }, engine::event_from(row.kind, payload));
    } else {
      on_output(row.kind, payload);
    }
  }

  RunRecord finish(const std::string& origin) {
    close_bar();
    if (!started_ || run_.panel.bars() == 0 || run_.equity.empty()) {
      throw InputError(origin + ": the ledger holds no traded bar; nothing to report");
    }
    return std::move(run_);
  }

 private:
  void on(const Started& event) {
    if (!started_) {
      run_.stream = event.settings.stream;
      run_.panel.symbols = event.settings.symbols;
      run_.start_cash = event.settings.initial_cash;
      run_.fee_rate = event.fee_fraction;
      run_.slippage_rate = event.slippage_fraction;
      run_.rebalance_band = event.settings.rebalance_band;
      trade_from_ms_ = event.settings.trade_from_ms;
      started_ = true;
    }
  }

  void on(const Bar& bar) {
    close_bar();
    run_.panel.append(bar.view());
    price_slippage(run_.panel.bars() - 1);
    in_traded_bar_ = bar.timestamp_ms >= trade_from_ms_;
    if (!in_traded_bar_) {
      run_.first_traded_bar = run_.panel.bars();
      return;
    }
    run_.decisions.emplace_back();
  }

  void on(const DecisionArrived& decision) {
    if (decision.latency_ns > 0) run_.latencies_us.push_back(static_cast<double>(decision.latency_ns) / 1000);
    if (decision.status != DecisionArrived::Status::decided || run_.decisions.empty()) return;
    if (decision.sequence != run_.panel.bars()) return;  // of an older bar: it came too late to be used
    run_.decisions.back() = {.decided = true,
                             .weights = decision.weights,
                             .macro_posterior = decision.macro_posterior,
                             .macro_labels = decision.macro_labels,
                             .regime = decision.regime,
                             .fingerprint = decision.fingerprint};
  }

  void on(const OrderUpdate& update) {
    run_.orders_rejected_by_venue += update.kind == UpdateKind::rejected;
    if (update.kind != UpdateKind::filled) return;
    const std::size_t bar = run_.panel.bars();  // fills are recorded just before the bar that made them
    run_.fills.push_back({.bar = bar,
                          .symbol = order_symbols_.at(update.client_order_id),
                          .quantity = update.quantity,
                          .price = update.price,
                          .fee = update.fee});
  }

  void price_slippage(std::size_t bar) {
    for (std::size_t i = run_.fills.size(); i-- > 0 && run_.fills[i].bar == bar;) {
      RecordedFill& fill = run_.fills[i];
      const double reference = run_.panel.at(run_.panel.execution_column(), bar, fill.symbol);
      fill.slippage_cost = fill.quantity * (fill.price - reference);
    }
  }

  template <typename Other>
  void on(const Other&) {}

  void on_output(const std::string& kind, const nlohmann::json& payload) {
    if (kind == "order") {
      const engine::Order order = engine::order_from(payload, run_.panel.symbols);
      order_symbols_[order.client_order_id] = order.symbol;
      ++run_.orders_submitted;
    } else if (kind == "denial") {
      ++run_.denials[payload.at("gate").get<std::string>()][payload.at("reason").get<std::string>()];
    } else if (kind == "state") {
      state_ = payload.at("to").get<std::string>();
    } else if (kind == "equity") {
      equity_ = payload.at("equity").get<double>();
      state_ = payload.at("state").get<std::string>();
    }
  }

  // The state of a bar is the one in force when its last event was over.
  void close_bar() {
    if (!in_traded_bar_) return;
    run_.equity.push_back(equity_);
    run_.states.push_back(state_);
    in_traded_bar_ = false;
  }

  RunRecord run_;
  std::map<std::string, std::size_t> order_symbols_;
  TimestampMs trade_from_ms_ = 0;
  bool started_ = false, in_traded_bar_ = false;
  double equity_ = std::numeric_limits<double>::quiet_NaN();
  std::string state_ = "HOLD";
};

}  // namespace

RunRecord read_run(const std::filesystem::path& ledger) {
  const engine::Verification verification = engine::verify_ledger(ledger);
  if (!verification.ok) {
    throw InputError(ledger.string() + ": the ledger does not verify: " + verification.problem);
  }
  Collector collector;
  engine::LedgerReader(ledger).for_each([&](const engine::LedgerRow& row) {
    collector.take(row);
    return true;
  });
  return collector.finish(ledger.string());
}

}  // namespace regent::report
