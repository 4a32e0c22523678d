#pragma once
// Where orders go. A venue knows an order by its client_order_id alone: the same order submitted again
// changes nothing.

#include <string>
#include <vector>

#include "engine/core/order.hpp"

namespace regent::engine {

class Venue {
 public:
  virtual ~Venue() = default;
  virtual void submit(const Order& order) = 0;
  virtual void cancel(const std::string& client_order_id) = 0;
  // What happened since the last call, in order.
  virtual std::vector<OrderUpdate> take_updates() = 0;
};

}  // namespace regent::engine
