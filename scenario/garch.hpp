#pragma once
// GJR-GARCH(1,1) with Student-t shocks, of a series of unit variance.

#include <span>
#include <vector>

namespace regent::scenario {

// v' = 1 − alpha − beta − gamma/2 + v·(beta + (alpha + gamma·[shock < 0])·shock²), return = √v·shock; shocks
// of unit variance with `dof` degrees of freedom (0: Gaussian).
struct Garch {
  double alpha = 0, gamma = 0, beta = 0;
  double dof = 0;
  double log_likelihood = 0;           // of the standardised series
  double constant_log_likelihood = 0;  // the same with v = 1 and the best dof
};

// Maximum likelihood by the simplex search of Nelder and Mead (1965) from several starts; the series is
// scaled to unit variance first. Above dof_gaussian degrees of freedom the tails are taken as Gaussian. A
// GARCH that does not raise the likelihood over a constant variance by Akaike's three is left out (alpha =
// gamma = beta = 0). Source: Glosten, Jagannathan, Runkle (1993); Bollerslev (1987) for the shocks. Throws
// InputError for fewer than 30 values, or one that is not finite.
inline constexpr double dof_gaussian = 60;
Garch fit_garch(std::span<const double> series);

// [values] v of each value of the series, scaled as fit_garch scales it, from what came before it.
std::vector<double> variances_of(std::span<const double> series, const Garch& garch);

}  // namespace regent::scenario
