#pragma once
// Events and actions as rows of the ledger: a kind and a JSON object, there and back without losing a bit.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/action.hpp"
#include "engine/core/event.hpp"

namespace regent::engine {

// Inputs of the core: started, bar, decision, heartbeat_seen, heartbeat_lost, feed_lost, order_accepted,
// order_rejected, order_filled, order_cancelled, ledger_failed, command, timer, stopped.
// Outputs: order, cancel, denial, state, equity.
bool is_input_kind(std::string_view kind);
bool is_output_kind(std::string_view kind);

struct RowContent {
  std::string kind;
  nlohmann::json payload;
};

// symbols: of the stream, to write orders with names instead of indices.
RowContent row_of(const Event& event, std::int64_t now_ns, const std::vector<std::string>& symbols);
// Nothing for RequestDecision, which follows from its bar.
std::optional<RowContent> row_of(const Action& action, const std::vector<std::string>& symbols);

// Throw InputError saying which field is absent or wrong.
Event event_from(const std::string& kind, const nlohmann::json& payload);
std::int64_t now_ns_from(const nlohmann::json& payload);
Order order_from(const nlohmann::json& payload, const std::vector<std::string>& symbols);

}  // namespace regent::engine
