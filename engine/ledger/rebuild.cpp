#include "engine/ledger/rebuild.hpp"

#include "base/error.hpp"
#include "engine/ledger/canonical_json.hpp"
#include "engine/ledger/reader.hpp"

namespace regent::engine {

namespace {

std::string shortened(const std::string& text) {
  constexpr std::size_t length_max = 300;
  return text.size() <= length_max ? text : text.substr(0, length_max) + "…";
}

}  // namespace

void Rebuild::follow(const Started& event) {
  venue.set({event.fee_fraction, event.slippage_fraction});
}

void Rebuild::apply(const LedgerRow& row) {
  try {
    ++rows;
    if (is_input_kind(row.kind)) {
      apply_input(row);
    } else if (is_output_kind(row.kind)) {
      apply_output(row);
    } else {
      throw InputError("has the unknown kind '" + row.kind + "'");
    }
  } catch (const InputError& error) {
    throw InputError("row " + std::to_string(row.sequence) + ": " + error.what());
  } catch (const nlohmann::json::exception& error) {
    throw InputError("row " + std::to_string(row.sequence) + ": its payload is no JSON: " + error.what());
  }
}

void Rebuild::apply_input(const LedgerRow& row) {
  if (!expected_.empty()) {
    throw InputError("comes too early: the core says '" + expected_.front().kind +
                     "' first: " + shortened(canonical(expected_.front().payload)));
  }
  const nlohmann::json payload = nlohmann::json::parse(row.payload);
  const Event event = event_from(row.kind, payload);
  const auto* started = std::get_if<Started>(&event);
  if (!core.started() && started == nullptr)
    throw InputError("a ledger begins with 'started', not '" + row.kind + "'");
  if (started != nullptr) follow(*started);
  if (const auto* update = std::get_if<OrderUpdate>(&event)) recorded_.push_back(*update);
  if (const auto* bar = std::get_if<Bar>(&event)) {
    venue.on_bar(bar->view());
    bars.push_back(*bar);
    if (bars.size() > bars_max_) bars.pop_front();
  }
  const std::vector<Action> actions = core.step(event, now_ns_from(payload));
  for (const Action& action : actions) {
    if (auto content = row_of(action, core.settings().symbols)) expected_.push_back(std::move(*content));
  }
  ++inputs;
  // fills are recorded just before the bar that made them
  if (std::holds_alternative<Bar>(event)) match_updates(row.sequence);
}

void Rebuild::apply_output(const LedgerRow& row) {
  if (expected_.empty()) throw InputError("'" + row.kind + "' was recorded, but the core says nothing here");
  const RowContent expected = std::move(expected_.front());
  expected_.pop_front();
  const std::string text = canonical(expected.payload);
  if (expected.kind != row.kind || text != row.payload) {
    throw InputError("differs from what the core says: recorded " + row.kind + " " + shortened(row.payload) +
                     ", rebuilt " + expected.kind + " " + shortened(text));
  }
  ++outputs;
  if (row.kind == "order") venue.submit(order_from(expected.payload, core.settings().symbols));
  if (row.kind == "cancel") venue.cancel(expected.payload.at("client_order_id").get<std::string>());
}

void Rebuild::match_updates(std::uint64_t sequence) {
  for (OrderUpdate& update : venue.take_updates()) produced_.push_back(std::move(update));
  while (!recorded_.empty()) {
    if (produced_.empty() || !(produced_.front() == recorded_.front())) {
      throw InputError("before row " + std::to_string(sequence) + " the ledger holds '" +
                       to_text(recorded_.front().kind) + "' of order " + recorded_.front().client_order_id +
                       ", which the paper venue did not say");
    }
    produced_.pop_front();
    recorded_.pop_front();
  }
}

void Rebuild::finish() {
  match_updates(rows + 1);
  if (!expected_.empty()) {
    throw InputError("the ledger ends too early: after row " + std::to_string(rows) + " the core says '" +
                     expected_.front().kind + "'");
  }
}

Rebuild rebuild(const std::filesystem::path& ledger, std::size_t bars_max) {
  Rebuild result(bars_max);
  LedgerReader reader(ledger);
  reader.for_each([&](const LedgerRow& row) {
    result.apply(row);
    return true;
  });
  result.finish();
  return result;
}

}  // namespace regent::engine
