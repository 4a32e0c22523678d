#pragma once
// A venue on paper: market orders fill whole at the first later bar's open (on a closes-only panel: its
// close), never on the bar that made the signal, with adverse slippage and a fee. A symbol without a price in
// that bar stays pending. Deterministic: the same orders, cancels and bars give the same updates, so a ledger
// rebuilds it.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "engine/core/bar.hpp"
#include "engine/venues/venue.hpp"

namespace regent::engine {

struct PaperSettings {
  double fee_fraction = 0.00075;      // of the traded value
  double slippage_fraction = 0.0005;  // of the price, against the order
};

class PaperVenue final : public Venue {
 public:
  PaperVenue() = default;
  explicit PaperVenue(const PaperSettings& settings) : settings_(settings) {}
  void set(const PaperSettings& settings) { settings_ = settings; }

  // A known order is answered with what is known about it; a known id with other content is rejected.
  void submit(const Order& order) override;
  void cancel(const std::string& client_order_id) override;
  std::vector<OrderUpdate> take_updates() override;
  // Fills what can be filled, in the order of submission.
  void on_bar(const market::BarView& bar);

  std::size_t pending() const { return pending_.size(); }
  static constexpr std::size_t orders_max = 100'000;  // pending; more are rejected
  static constexpr std::size_t closed_max = 100'000;  // finished orders remembered

 private:
  struct Known {
    Order order;
    std::vector<OrderUpdate> updates;
  };
  void emit(const std::string& client_order_id, OrderUpdate update);
  void close(const std::string& client_order_id);
  OrderUpdate fill_of(const Order& order, double price, TimestampMs timestamp_ms) const;

  PaperSettings settings_;
  std::map<std::string, Known> known_;
  std::vector<std::string> pending_;  // ids in order of submission
  std::deque<std::string> closed_;
  std::vector<OrderUpdate> updates_;
  TimestampMs stream_ms_ = 0;
};

}  // namespace regent::engine
