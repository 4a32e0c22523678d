#include "engine/shell/telemetry.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/shell/control_socket.hpp"

namespace regent::engine {

namespace {

constexpr std::array states{State::active, State::hold, State::reducing, State::halted};
constexpr double seconds_per_ns = 1e-9;
const prometheus::Histogram::BucketBoundaries latency_buckets{1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2,
                                                              5e-2, 0.1,  0.2,  0.5,  1,    2,    5,    10};

template <typename Build>
auto& family(prometheus::Registry& registry, Build build, const char* name, const char* help) {
  return build().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Telemetry::Metrics {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Gauge>& state = family(
      registry, prometheus::BuildGauge, "regent_engine_state", "1 for the state that the engine is in.");
  prometheus::Gauge& equity =
      family(registry, prometheus::BuildGauge, "regent_equity", "Equity at the last bar's close.").Add({});
  prometheus::Gauge& drawdown = family(registry, prometheus::BuildGauge, "regent_drawdown",
                                       "Fraction below the peak equity since start or re-arming.")
                                    .Add({});
  prometheus::Family<prometheus::Counter>& orders =
      family(registry, prometheus::BuildCounter, "regent_orders_total", "Orders by what became of them.");
  prometheus::Family<prometheus::Counter>& denials =
      family(registry, prometheus::BuildCounter, "regent_denials_total", "Orders that a gate denied.");
  prometheus::Family<prometheus::Counter>& decisions = family(
      registry, prometheus::BuildCounter, "regent_engine_decisions_total", "Requests by their outcome.");
  prometheus::Histogram& latency =
      family(registry, prometheus::BuildHistogram, "regent_decision_latency_seconds",
             "From asking for a decision to having it.")
          .Add({}, latency_buckets);
  prometheus::Gauge& ledger_rows =
      family(registry, prometheus::BuildGauge, "regent_ledger_rows", "Durable rows of the ledger.").Add({});
  prometheus::Counter& bars =
      family(registry, prometheus::BuildCounter, "regent_bars_total", "Bars taken from the feed.").Add({});
};

Telemetry::Telemetry() : metrics_(std::make_unique<Metrics>()), health_(R"({"status":"starting"})") {
  for (const State state : states) metrics_->state.Add({{"state", to_text(state)}});
  // what has not happened yet is zero, not absent
  for (const char* result : {"submitted", "filled", "rejected", "cancelled", "denied"}) {
    metrics_->orders.Add({{"result", result}});
  }
}

Telemetry::~Telemetry() = default;

void Telemetry::note_event(const Event& event) {
  if (std::holds_alternative<Bar>(event)) {
    ++counts_.bars;
    metrics_->bars.Increment();
  } else if (const auto* decision = std::get_if<DecisionArrived>(&event)) {
    const double latency_s = static_cast<double>(decision->latency_ns) * seconds_per_ns;
    ++counts_.decisions;
    metrics_->decisions.Add({{"outcome", to_text(decision->status)}}).Increment();
    metrics_->latency.Observe(latency_s);
    if (latencies_s_.size() < latencies_max) latencies_s_.push_back(latency_s);
  } else if (std::holds_alternative<Timer>(event)) {
    ++counts_.missed;
    metrics_->decisions.Add({{"outcome", "missed"}}).Increment();
  } else if (const auto* update = std::get_if<OrderUpdate>(&event)) {
    if (update->kind == UpdateKind::accepted) return;
    counts_.fills += update->kind == UpdateKind::filled ? 1 : 0;
    counts_.rejected += update->kind == UpdateKind::rejected ? 1 : 0;
    counts_.cancelled += update->kind == UpdateKind::cancelled ? 1 : 0;
    metrics_->orders.Add({{"result", to_text(update->kind)}}).Increment();
  }
}

void Telemetry::note_action(const Action& action) {
  if (const auto* denied = std::get_if<OrderDenied>(&action)) {
    const std::string gate = to_text(denied->denial.gate), reason = to_text(denied->denial.reason);
    ++counts_.denials[gate + ": " + reason];
    metrics_->denials.Add({{"gate", gate}, {"reason", reason}}).Increment();
    metrics_->orders.Add({{"result", "denied"}}).Increment();
  } else if (std::holds_alternative<SubmitOrder>(action)) {
    ++counts_.orders;
    metrics_->orders.Add({{"result", "submitted"}}).Increment();
  } else if (const auto* valuation = std::get_if<Valuation>(&action)) {
    ++counts_.traded_bars;
    ++counts_.bars_in_state[to_text(valuation->state)];
  }
}

void Telemetry::on_step(const Event& event, const std::vector<Action>& actions, const Core& core) {
  note_event(event);
  for (const Action& action : actions) note_action(action);
  for (const State state : states) {
    metrics_->state.Add({{"state", to_text(state)}}).Set(core.state() == state ? 1 : 0);
  }
  metrics_->equity.Set(core.equity());
  metrics_->drawdown.Set(core.drawdown());
  const std::string health = R"({"status":"alive","engine":)" + status_json(core) + "}";
  const std::lock_guard lock(mutex_);
  health_ = health;
  if (std::holds_alternative<LedgerFailed>(event)) ledger_failed_ = true;
}

void Telemetry::on_commit(std::uint64_t ledger_rows) {
  counts_.ledger_rows = ledger_rows;
  metrics_->ledger_rows.Set(static_cast<double>(ledger_rows));
}

std::string Telemetry::metrics() const {
  return prometheus::TextSerializer().Serialize(metrics_->registry.Collect());
}

http::HttpPages Telemetry::pages() const {
  return {{"/health",
           [this] {
             return http::HttpReply{healthy() ? 200 : 503, health() + "\n"};
           }},
          {"/metrics", [this] { return http::prometheus_reply(metrics()); }}};
}

std::string Telemetry::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

bool Telemetry::healthy() const {
  const std::lock_guard lock(mutex_);
  return !ledger_failed_;
}

namespace {

std::string listed(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(count);
  }
  return text.empty() ? "none" : text;
}

// Nearest-rank quantile in milliseconds.
double quantile_ms(std::vector<double> values_s, double q) {
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(q * static_cast<double>(values_s.size()))) - 1;
  std::nth_element(values_s.begin(), values_s.begin() + rank, values_s.end());
  return values_s[static_cast<std::size_t>(rank)] * 1e3;
}

}  // namespace

std::string Telemetry::summary(const Core& core) const {
  const auto line = [](const char* name, const std::string& value) {
    std::string text = std::string("  ") + name;
    text.resize(14, ' ');
    return text + value + "\n";
  };
  char equity[160];
  std::snprintf(equity, sizeof equity, "%.2f (%+.2f %% since the ledger began), fees %.2f, drawdown %.2f %%",
                core.equity(), 100 * (core.equity() / core.portfolio().initial_cash() - 1),
                core.portfolio().fees(), 100 * core.drawdown());
  std::string text = "stream " + core.settings().stream + ", " +
                     (core.bars() > 0 ? format_timestamp(core.stream_ms()) : std::string("no bars")) + ", " +
                     to_text(core.state());
  if (!core.latch_cause().empty()) text += " (" + core.latch_cause() + ")";
  text += "\n";
  text += line("bars", std::to_string(counts_.bars) + ", traded " + std::to_string(counts_.traded_bars) +
                           "; " + listed(counts_.bars_in_state));
  text += line("decisions", std::to_string(counts_.decisions) + ", missed " + std::to_string(counts_.missed));
  text += line("orders", std::to_string(counts_.orders) + ", filled " + std::to_string(counts_.fills) +
                             ", cancelled " + std::to_string(counts_.cancelled) + ", rejected " +
                             std::to_string(counts_.rejected));
  text += line("denials", listed(counts_.denials));
  text += line("equity", equity);
  if (!latencies_s_.empty()) {
    char latency[96];
    std::snprintf(latency, sizeof latency, "p50 %.3f ms, p99 %.3f ms", quantile_ms(latencies_s_, 0.5),
                  quantile_ms(latencies_s_, 0.99));
    text += line("latency", latency);
  }
  text += line("ledger", std::to_string(counts_.ledger_rows) + " rows");
  return text;
}

}  // namespace regent::engine
