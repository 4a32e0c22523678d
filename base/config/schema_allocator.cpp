#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> allocator_keys() {
  return {
      {"allocator.target_volatility",
       ValueType::real,
       "0.10",
       "per year",
       "Volatility that the portfolio is scaled to; convictions below 1 ask for less (allocator.risk).",
       1e-6,
       10,
       {}},
      {"allocator.risk",
       ValueType::text,
       "\"conviction\"",
       "",
       "conviction: the target is multiplied by the root mean square conviction, so that an unsure policy "
       "takes less "
       "risk; full: any set of convictions is scaled to the whole target.",
       {},
       {},
       {"conviction", "full"}},
      {"allocator.half_life_bars",
       ValueType::real,
       "33",
       "bars",
       "Half-life of the exponentially weighted covariance of log returns.",
       1,
       100000,
       {}},
      {"allocator.position_max",
       ValueType::real,
       "0.10",
       "fraction of equity",
       "Largest absolute weight of one symbol.",
       0,
       100,
       {}},
      {"allocator.gross_max",
       ValueType::real,
       "1.0",
       "fraction of equity",
       "Largest sum of absolute weights.",
       0,
       100,
       {}},
      {"allocator.warmup_bars",
       ValueType::integer,
       "40",
       "bars",
       "Returns that a symbol must have shown before it can get a weight.",
       2,
       100000,
       {}},
  };
}

}  // namespace regent
