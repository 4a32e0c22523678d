#pragma once
// Value at risk and expected shortfall of a sample of profits, each with its band.

#include <cstdint>
#include <span>
#include <vector>

namespace regent::scenario {

struct Risk {
  double level = 0;                  // e.g. 0.99
  double value_at_risk = 0;          // loss that is exceeded with probability 1 − level; positive is a loss
  double var_low = 0, var_high = 0;  // its band
  double expected_shortfall = 0;     // mean loss in the worst 1 − level of the sample
  double es_low = 0, es_high = 0;
};

// profits: [n >= 1], in any order. VaR is the smallest loss l with at least a share `level` of the losses at
// or below it: order statistic ⌈n·level⌉. ES averages the n·(1 − level) largest losses, the last one by its
// fraction, so that it is coherent and without the bias of a mean over ⌊n·(1 − level)⌋ (Acerbi, Tasche 2002).
// Bands hold at `confidence`: VaR's by order statistics (binomial, in its normal approximation with
// continuity correction; the extreme order statistics where it reaches beyond them), ES's by its asymptotic
// variance (Manistre, Hancock 2005). Throws InputError for no profits, one that is not finite, or a level or
// confidence outside (0, 1).
Risk risk_of(std::span<const double> profits, double level, double confidence = 0.95);

// The same of profits in ascending order.
Risk risk_of_sorted(std::span<const double> profits, double level, double confidence = 0.95);

// The same VaR and ES without bands, in time linear in n. losses: [n >= 1], finite; level in (0, 1).
Risk tail_of(std::vector<double> losses, double level);

struct Share {
  double share = 0, low = 0, high = 0;
};
// A share of `n` with Wilson's (1927) band. n >= 1.
Share share_of(std::int64_t hits, std::int64_t n, double confidence = 0.95);

// Linear between order statistics (Hyndman, Fan 1996, type 7); values sorted ascending, at least one.
double quantile_of_sorted(std::span<const double> sorted, double p);

}  // namespace regent::scenario
