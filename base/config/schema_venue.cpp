#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> venue_keys() {
  return {
      {"venue.fee_fraction",
       ValueType::real,
       "0.00075",
       "fraction of traded value",
       "Fee of the paper venue.",
       0,
       0.5,
       {}},
      {"venue.slippage_fraction",
       ValueType::real,
       "0.0005",
       "fraction of price",
       "Slippage of the paper venue, always against the order.",
       0,
       0.5,
       {}},
  };
}

}  // namespace regent
