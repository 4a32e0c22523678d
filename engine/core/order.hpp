#pragma once
// Orders and what a venue says about them.

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace regent::engine {

// A market order. Quantities are signed units (fractions allowed): positive buys.
struct Order {
  std::string client_order_id;  // "<stream>-<bar sequence>-<symbol>": the same again in every retry
  std::uint64_t sequence = 0;   // the bar whose decision made it
  std::size_t symbol = 0;       // index into the stream's symbols
  double quantity = 0;
  double reference_price = 0;    // the close that it was sized with
  TimestampMs timestamp_ms = 0;  // of that bar; only later bars may fill it
  bool reducing = false;         // brings the position nearer to zero and never across it
};

enum class UpdateKind : std::uint8_t { accepted, rejected, filled, cancelled };
const char* to_text(UpdateKind kind);

struct OrderUpdate {
  UpdateKind kind = UpdateKind::rejected;
  std::string client_order_id;
  std::uint64_t fill =
      0;  // filled: number of this order's fill, from 1; a repeated number is a repeated message
  double quantity = 0;           // filled: signed units
  double price = 0;              // filled: per unit, slippage included
  double fee = 0;                // filled: in the account's currency, not negative
  TimestampMs timestamp_ms = 0;  // stream time
  std::string reason;            // rejected, cancelled
  bool operator==(const OrderUpdate&) const = default;
};

}  // namespace regent::engine
