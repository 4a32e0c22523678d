#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> features_keys() {
  return {
      {"features.names",
       ValueType::text_list,
       R"(["log_return", "return_5", "return_21", "momentum_63", "momentum_252_21", "realised_volatility_5", )"
       R"("realised_volatility_21", "realised_volatility_63", "atr_14", "rsi_14", "macd_histogram", )"
       R"("bollinger_position_20", "volume_z_score_63", "drawdown_252", "distance_sma_50", "distance_sma_200", )"
       R"("skewness_63", "autocorrelation_21", "gap", "close_location", "rank_return_5", "rank_return_21", )"
       R"("market_beta_63", "idiosyncratic_volatility_63", "trend_strength_21"])",
       "",
       "Features that the policy sees, by their names in docs/concepts/features.md, or \"all\"; those whose "
       "columns "
       "the data lacks are left out with a note.",
       {},
       {},
       {}},
  };
}

}  // namespace regent
