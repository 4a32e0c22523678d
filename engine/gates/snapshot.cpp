#include "engine/gates/snapshot.hpp"

#include <algorithm>
#include <cmath>

namespace regent::engine {

bool is_reducing(double quantity, double position, double open_quantity) {
  if (position == 0 || quantity == 0 || (quantity > 0) == (position > 0)) return false;
  // open orders of the same direction may fill too; those of the other direction may not
  const double same_direction = (open_quantity > 0) == (quantity > 0) ? std::abs(open_quantity) : 0.0;
  return std::abs(quantity) + same_direction <= std::abs(position);
}

double worst_position(double quantity, double position, double open_quantity) {
  // |position + x| is convex, so its maximum over partial fills lies where each order fills fully or not at
  // all
  return std::max({std::abs(position), std::abs(position + open_quantity), std::abs(position + quantity),
                   std::abs(position + open_quantity + quantity)});
}

bool is_well_formed(double quantity, const GateSnapshot& snapshot) {
  return std::isfinite(quantity) && quantity != 0 && std::isfinite(snapshot.price) && snapshot.price > 0 &&
         std::isfinite(snapshot.position) && std::isfinite(snapshot.open_quantity) &&
         std::isfinite(snapshot.gross_of_others);
}

}  // namespace regent::engine
