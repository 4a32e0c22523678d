#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> environment_keys() {
  return {
      {"environment.cost_rate",
       ValueType::real,
       "0.00125",
       "fraction of the traded value",
       "What a trade costs in training: fee 0.075 % and slippage 0.05 % by default.",
       0,
       0.1,
       {}},
      {"environment.risk_aversion",
       ValueType::real,
       "1.0",
       "",
       "Weight of half the squared return of the position, taken off the reward.",
       0,
       1000,
       {}},
      {"environment.episode_bars",
       ValueType::integer,
       "252",
       "bars",
       "Bars until a training lane starts again at a random bar and symbol.",
       1,
       1000000,
       {}},
  };
}

}  // namespace regent
