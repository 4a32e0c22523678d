#pragma once
// What the gates know when they judge one order: plain values, no pointers into the core.

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "engine/core/state_machine.hpp"

namespace regent::engine {

struct GateSnapshot {
  // the system
  State state = State::halted;
  bool server_alive = false;
  TimestampMs stream_ms = 0;  // of the last bar
  double equity = 0;
  double drawdown = 1;       // fraction below the peak since start or re-arming
  bool halt_action = false;  // the order carries out guardian.halt_action, no decision stands behind it
  // the decision
  TimestampMs decision_expires_ms = 0;
  TimestampMs bundle_end_ms = 0;
  // the symbol
  std::string symbol;
  double position = 0;       // units held
  double open_quantity = 0;  // units in open orders, signed
  double price = 0;          // last close
  TimestampMs price_ms = 0;  // of that close
  // the book
  double gross_of_others = 0;  // worst-case exposure of all other symbols, open orders reserved, in currency
  std::int64_t orders_this_bar = 0;
};

// An order that brings the position nearer to zero, never across it, whatever part of the open orders fills.
bool is_reducing(double quantity, double position, double open_quantity);
// The largest |position| over the ways in which the open orders and this one may fill, in units.
double worst_position(double quantity, double position, double open_quantity);
// Quantity, price, equity are finite, the quantity is not zero, price and equity are positive.
bool is_well_formed(double quantity, const GateSnapshot& snapshot);

}  // namespace regent::engine
