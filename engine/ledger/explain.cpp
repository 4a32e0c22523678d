#include "engine/ledger/explain.hpp"

#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "engine/ledger/reader.hpp"

namespace regent::engine {

namespace {

using nlohmann::json;

std::string number(const json& value, int digits = 4) {
  if (!value.is_number()) return "missing";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value.get<double>());
  return text;
}

std::string percent(const json& value) {
  return value.is_number() ? number(100 * value.get<double>(), 2) + " %" : "missing";
}

double real(const json& value) {
  return value.is_number() ? value.get<double>() : std::nan("");
}

// What the ledger says about one bar.
struct Story {
  std::vector<std::string> symbols;
  json bar, decision, equity;
  std::vector<json> orders, denials;
  std::map<std::string, std::vector<std::string>> updates;  // by client_order_id
  std::string state = "HOLD", cause;                        // when the decision came
  bool missed = false;
};

std::string update_text(const std::string& kind, const json& payload) {
  const std::string when = format_timestamp(payload.at("timestamp_ms").get<TimestampMs>());
  if (kind != "order_filled")
    return kind.substr(6) + " " + when + " " + payload.at("reason").get<std::string>();
  return "filled " + when + ": " + number(payload.at("quantity")) + " at " + number(payload.at("price")) +
         ", fee " + number(payload.at("fee"), 2);
}

class Collector {
 public:
  explicit Collector(std::uint64_t sequence) : sequence_(sequence) {}

  void row(const LedgerRow& row) {
    const json payload = json::parse(row.payload);
    if (row.kind == "started") story.symbols = payload.at("symbols").get<std::vector<std::string>>();
    if (row.kind == "bar") at_ = payload.at("sequence").get<std::uint64_t>();
    if (row.kind.rfind("order_", 0) == 0) note_update(row.kind, payload);
    if (at_ != sequence_) {
      if (row.kind == "state" && at_ < sequence_) note_state(payload);
      return;
    }
    if (row.kind == "bar") story.bar = payload;
    if (row.kind == "equity") story.equity = payload;
    if (row.kind == "decision") story.decision = payload;
    if (row.kind == "timer") story.missed = true;
    if (row.kind == "state") note_state(payload);
    if (row.kind == "denial") story.denials.push_back(payload);
    if (row.kind == "order") {
      story.orders.push_back(payload);
      ids_.insert(payload.at("client_order_id").get<std::string>());
    }
  }
  Story story;

 private:
  void note_state(const json& payload) {
    story.state = payload.at("to").get<std::string>();
    story.cause = payload.at("cause").get<std::string>();
    const auto causes = payload.at("hold_causes").get<std::string>();
    if (!causes.empty()) story.cause += (story.cause.empty() ? "" : ", ") + causes;
  }
  void note_update(const std::string& kind, const json& payload) {
    const auto id = payload.at("client_order_id").get<std::string>();
    if (kind != "order_accepted" && ids_.contains(id))
      story.updates[id].push_back(update_text(kind, payload));
  }

  std::uint64_t sequence_, at_ = 0;
  std::set<std::string> ids_;
};

std::string decision_text(const Story& story) {
  const json& d = story.decision;
  if (d.is_null())
    return story.missed ? "  no decision came before the deadline\n" : "  no decision was asked for\n";
  std::string text = "  decision  " + d.at("status").get<std::string>();
  const auto reason = d.at("reason").get<std::string>();
  if (!reason.empty()) text += " (" + reason + ")";
  text += ", " + number(d.at("latency_ns").get<double>() * 1e-6, 3) + " ms\n";
  if (d.at("status") != "decided") return text;
  text += "  regime    " + d.at("regime").get<std::string>() + ", confidence " + percent(d.at("confidence")) +
          ";";
  const json &posterior = d.at("macro_posterior"), &labels = d.at("macro_labels");
  for (std::size_t i = 0; i < posterior.size(); ++i) {
    text += " " + (i < labels.size() ? labels[i].get<std::string>() : std::to_string(i)) + " " +
            percent(posterior[i]);
  }
  text += "\n  volatility expected " + percent(d.at("predicted_volatility")) + " a year\n";
  text += "  bundle    " + d.at("fingerprint").get<std::string>() + ", learnt until " +
          format_timestamp(d.at("bundle_end_ms").get<TimestampMs>()) + "\n";
  return text;
}

std::string order_text(const json& order) {
  const double value = order.at("quantity").get<double>() * order.at("reference_price").get<double>();
  return order.at("symbol").get<std::string>() + (value > 0 ? " buy " : " sell ") +
         number(std::abs(order.at("quantity").get<double>())) + " (" + number(std::abs(value), 2) + ")" +
         (order.at("reducing").get<bool>() ? ", reducing" : "");
}

std::string weights_text(const Story& story) {
  const json& d = story.decision;
  if (d.is_null() || d.at("status") != "decided") return {};
  const double equity = story.equity.is_null() ? std::nan("") : real(story.equity.at("equity"));
  std::string text = "  symbol        target      held  conviction\n";
  for (std::size_t i = 0; i < story.symbols.size() && i < d.at("weights").size(); ++i) {
    double held = std::nan("");
    if (!story.equity.is_null() && story.bar.at("close").at(i).is_number()) {
      held = story.equity.at("quantities").at(i).get<double>() * story.bar.at("close").at(i).get<double>() /
             equity;
    }
    const double conviction = i < d.at("convictions").size() ? real(d.at("convictions").at(i)) : std::nan("");
    char line[128];
    std::snprintf(line, sizeof line, "  %-10s %7.2f %% %7.2f %%  %10.4f\n", story.symbols[i].c_str(),
                  100 * real(d.at("weights").at(i)), 100 * held, conviction);
    text += line;
  }
  return text;
}

std::string orders_text(const Story& story) {
  std::string text;
  for (const json& denial : story.denials) {
    text += "  denied    " + order_text(denial.at("order")) + ": " + denial.at("gate").get<std::string>() +
            " says " + denial.at("reason").get<std::string>();
    const auto limit = denial.at("limit_name").get<std::string>();
    if (!limit.empty())
      text += ", " + number(denial.at("value")) + " against " + limit + " = " + number(denial.at("limit"));
    text += "\n";
  }
  for (const json& order : story.orders) {
    text += "  order     " + order_text(order) + "\n";
    const auto updates = story.updates.find(order.at("client_order_id").get<std::string>());
    if (updates == story.updates.end()) {
      text += "              still open\n";
      continue;
    }
    for (const std::string& update : updates->second) text += "              " + update + "\n";
  }
  if (story.orders.empty() && story.denials.empty()) text += "  no order was needed or possible\n";
  return text;
}

}  // namespace

std::string explain_decision(const std::filesystem::path& ledger, std::uint64_t sequence) {
  LedgerReader reader(ledger);
  Collector collector(sequence);
  reader.for_each([&](const LedgerRow& row) {
    collector.row(row);
    return true;
  });
  const Story& story = collector.story;
  if (story.bar.is_null()) throw InputError(ledger.string() + ": holds no bar " + std::to_string(sequence));
  std::string text = "bar " + std::to_string(sequence) + ", " +
                     format_timestamp(story.bar.at("timestamp_ms").get<TimestampMs>()) + "\n";
  text += "  state     " + story.state + (story.cause.empty() ? "" : " (" + story.cause + ")") + "\n";
  if (!story.equity.is_null()) {
    text += "  equity    " + number(story.equity.at("equity"), 2) + ", drawdown " +
            percent(story.equity.at("drawdown")) + ", gross " + percent(story.equity.at("gross")) + "\n";
  }
  return text + decision_text(story) + weights_text(story) + orders_text(story);
}

}  // namespace regent::engine
