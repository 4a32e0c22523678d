#include "engine/venues/paper.hpp"

#include <algorithm>
#include <cmath>

namespace regent::engine {

const char* to_text(UpdateKind kind) {
  switch (kind) {
    case UpdateKind::accepted:
      return "accepted";
    case UpdateKind::rejected:
      return "rejected";
    case UpdateKind::filled:
      return "filled";
    case UpdateKind::cancelled:
      return "cancelled";
  }
  return "?";
}

namespace {

bool same_order(const Order& a, const Order& b) {
  return a.symbol == b.symbol && a.quantity == b.quantity && a.sequence == b.sequence;
}

OrderUpdate rejection(const std::string& client_order_id, TimestampMs timestamp_ms,
                      const std::string& reason) {
  return {UpdateKind::rejected, client_order_id, 0, 0, 0, 0, timestamp_ms, reason};
}

}  // namespace

void PaperVenue::emit(const std::string& client_order_id, OrderUpdate update) {
  update.client_order_id = client_order_id;
  known_.at(client_order_id).updates.push_back(update);
  updates_.push_back(std::move(update));
}

void PaperVenue::close(const std::string& client_order_id) {
  closed_.push_back(client_order_id);
  if (closed_.size() > closed_max) {
    known_.erase(closed_.front());
    closed_.pop_front();
  }
}

void PaperVenue::submit(const Order& order) {
  const std::string& id = order.client_order_id;
  if (const auto found = known_.find(id); found != known_.end()) {
    if (same_order(found->second.order, order)) {
      updates_.insert(updates_.end(), found->second.updates.begin(), found->second.updates.end());
    } else {
      updates_.push_back(rejection(id, order.timestamp_ms, "client_order_id was used for another order"));
    }
    return;
  }
  if (pending_.size() >= orders_max) {
    updates_.push_back(rejection(id, order.timestamp_ms, "too many pending orders"));
    return;
  }
  known_[id].order = order;
  if (!std::isfinite(order.quantity) || order.quantity == 0) {
    emit(id, rejection(id, order.timestamp_ms, "the quantity is not a number other than zero"));
    close(id);
    return;
  }
  pending_.push_back(id);
  emit(id, {UpdateKind::accepted, id, 0, 0, 0, 0, order.timestamp_ms, ""});
}

void PaperVenue::cancel(const std::string& client_order_id) {
  const auto found = std::find(pending_.begin(), pending_.end(), client_order_id);
  if (found == pending_.end()) return;  // it is finished already: its last update said how
  pending_.erase(found);
  const TimestampMs at = std::max(stream_ms_, known_.at(client_order_id).order.timestamp_ms);
  emit(client_order_id, {UpdateKind::cancelled, client_order_id, 0, 0, 0, 0, at, "cancelled by the engine"});
  close(client_order_id);
}

OrderUpdate PaperVenue::fill_of(const Order& order, double price, TimestampMs timestamp_ms) const {
  const double direction = order.quantity > 0 ? 1.0 : -1.0;
  const double fill_price = price * (1 + direction * settings_.slippage_fraction);
  const double fee = std::abs(order.quantity) * fill_price * settings_.fee_fraction;
  return {UpdateKind::filled, order.client_order_id, 1, order.quantity, fill_price, fee, timestamp_ms, ""};
}

void PaperVenue::on_bar(const market::BarView& bar) {
  using market::Column;
  stream_ms_ = bar.timestamp_ms;
  const auto prices = bar.has(Column::open) ? bar[Column::open] : bar[Column::close];
  std::vector<std::string> still_pending;
  for (const std::string& id : pending_) {
    const Order order = known_.at(id).order;
    const double price = order.symbol < prices.size() ? prices[order.symbol] : std::nan("");
    if (bar.timestamp_ms <= order.timestamp_ms || !(price > 0) || !std::isfinite(price)) {
      still_pending.push_back(id);
      continue;
    }
    emit(id, fill_of(order, price, bar.timestamp_ms));
    close(id);
  }
  pending_ = std::move(still_pending);
}

std::vector<OrderUpdate> PaperVenue::take_updates() {
  std::vector<OrderUpdate> updates;
  updates.swap(updates_);
  return updates;
}

}  // namespace regent::engine
