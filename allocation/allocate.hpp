#pragma once
// One allocation: what is known of risk, and convictions, into weights.

#include "allocation/weights.hpp"

namespace regent::allocation {

// What is known of the risk of some symbols after a bar.
struct KnownRisk {
  std::vector<std::size_t> held;  // symbols that have a covariance, rising
  std::vector<Absence> absent;    // [symbols], none for those held
  covariance::Matrix covariance;  // [held, held], annual
  double rows = 0;                // equally weighted observations that it is worth
};

// The same with correlations cleaned of what noise alone would give (eigen_risk.hpp), variances kept. Throws
// InputError as check_covariance does.
KnownRisk denoised(KnownRisk risk);

// The same without symbols whose close [symbols] is missing: nobody can trade them.
KnownRisk priced(KnownRisk risk, std::span<const double> closes);

// Raw exposures of the symbols that have both a covariance and a conviction: what a budget scales.
struct Exposures {
  std::vector<std::size_t> held;    // rising
  std::vector<Absence> absent;      // [symbols]
  std::vector<double> convictions;  // [held]
  covariance::Matrix covariance;    // [held, held], annual
  std::vector<double> raw;          // [held], in any unit
};

// convictions [symbols], NaN: none, which leaves the symbol out; sizings that use none take what is not NaN.
// Of the settings: sizing and hedges. Throws as raw_exposures does.
Exposures exposures_of(const KnownRisk& risk, std::span<const double> convictions,
                       const AllocatorSettings& settings);

// before [symbols], the weights held now, or empty; multiplier of the budget in [0, 1]. Throws InputError as
// weights_of does.
Weights allocate(const Exposures& exposures, std::span<const double> before, double multiplier,
                 const AllocatorSettings& settings);
inline Weights allocate(const KnownRisk& risk, std::span<const double> convictions,
                        std::span<const double> before, double multiplier,
                        const AllocatorSettings& settings) {
  return allocate(exposures_of(risk, convictions, settings), before, multiplier, settings);
}

// Scaled so that Σ|w| = 1 whatever that risks: no target, no caps.
Weights fully_invested(const Exposures& exposures, const AllocatorSettings& settings);

}  // namespace regent::allocation
