#pragma once
// GJR-GARCH(1,1) with Student-t shocks of a market that moves through regimes, as a filter sees it.

#include <cstdint>
#include <vector>

namespace regent::scenario {

// v' = base + v·(beta + (alpha + gamma·[z < 0])·z²), z a shock of unit variance with `dof` degrees of freedom
// (0: Gaussian) that drives it; base = 1 − beta − (alpha + gamma/2)·(1 + jump_share·(jump_square − 1)), so
// that v has mean 1 though bars of jumps drive it by more than others.
struct Garch {
  double alpha = 0, gamma = 0, beta = 0;
  double dof = 0;
  double jump_share = 0;   // of bars with jumps
  double jump_square = 1;  // mean square of what drives v at them
  double log_likelihood = 0;
  double constant_log_likelihood = 0;  // the same with v = 1 and the best dof
};

// The market's return in regime k: mean_k + √v·deviation_k·shock, with a shock of unit variance whose
// correlation with z is shown_k where v is 1; the rest of it are the assets' own shocks, which have √v only
// where they are not apart.
struct Market {
  std::vector<double> returns;          // [bars]
  std::vector<std::uint8_t> jumps;      // [bars], 1 where the market jumped; empty: nowhere
  double jump_threshold = 4;            // where shocks of such bars end
  std::vector<double> start;            // [regimes]
  std::vector<double> transition;       // [regimes, regimes]
  std::vector<double> mean, deviation;  // [regimes]; deviations above 0
  std::vector<double> shown;            // [regimes], in [0, 1]
  bool apart = false;                   // whether own shocks have volatilities of their own
};

// log p(returns | the law) and v at each bar and at the one to come, from the bars before it alone. The
// regime is not known, so v is the mean over the regimes at every bar (Klaassen 2002, after Gray 1996); exact
// for one regime whose shock is shown, and for a v that does not move. Bars of jumps count towards regimes
// and v, not towards p.
struct Filtered {
  double log_likelihood = 0;
  std::vector<double> variance;  // [bars + 1]
  double jump_square = 1;        // mean square of what drove v at the bars of jumps; 1 without any
};
Filtered filter(const Market& market, const Garch& garch);

// Maximum likelihood by simplex search (simplex.hpp) from several starts. Regimes that are
// known only with hindsight would explain away what falls do to the volatility that follows them; so v is
// fitted beside regimes that are filtered. Above dof_gaussian degrees of freedom the tails are taken as
// Gaussian. A GARCH that does not raise the likelihood over a constant variance by Akaike's three is left out
// (alpha = gamma = beta = 0). Source: Glosten, Jagannathan, Runkle (1993); Bollerslev (1987) for the shocks.
// Throws InputError for fewer than 30 returns, for one that is not finite, and for a market that does not
// move.
inline constexpr double dof_gaussian = 60;
Garch fit_garch(const Market& market);

}  // namespace regent::scenario
