#pragma once
// What a portfolio risks, and where it comes from.

#include "covariance/matrix.hpp"

namespace regent::covariance {

struct TailRisk {
  double value_at_risk = 0, expected_shortfall = 0;  // losses are positive
};

struct PortfolioRisk {
  double volatility = 0;         // √(w'Σw), per row
  std::vector<double> by_asset;  // [assets] w_i (Σw)_i / w'Σw; sums to 1, negative where an asset hedges
  std::vector<double> modes;     // [assets] eigenvalues of Σ from the largest
  std::vector<double> by_mode;   // [assets] λ_k (v_k·w)² / w'Σw; sums to 1, never negative
  double effective_bets = 0;     // exp(entropy of by_mode): Meucci (2009), Managing Diversification
  double diversification_ratio = 0;  // Σ|w_i|σ_i / √(w'Σw): Choueifaty & Coignard (2008)
};

// weights [assets], any signs. Throws InputError for entries of Σ or weights that are not finite, for weights
// that are all zero, for a Σ with a negative eigenvalue, and for a portfolio without risk.
PortfolioRisk portfolio_risk(const Matrix& covariance, std::span<const double> weights);

// Of normal returns with mean 0: z_α σ and φ(z_α) σ / (1 − α). level in (0.5, 1): 0.99.
TailRisk normal_tail(double volatility, double level);

// Of past portfolio returns: the loss at rank ⌊N(1 − α)⌋ + 1 from the worst, and the mean of the worst N(1 −
// α), the last of them in part (Acerbi & Tasche 2002). Throws InputError when there is none or one is not
// finite.
TailRisk historical_tail(std::vector<double> returns, double level);

}  // namespace regent::covariance
