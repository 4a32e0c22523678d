#pragma once
// Convictions into exposures through the eigen-modes of the correlation, so that a bet that many assets
// repeat counts as one bet:
//   x = Σ_k (v_k · c) v_k / √max(λ_k, edge)
// A mode with λ_k above the edge risks λ_k (v_k·x)² = (v_k·c)²: its share of the risk is the share of the
// convictions that lies along it, whatever the mode's own variance. That is agnostic risk parity, x =
// C^(−1/2) c (Benichou, Lempérière, Sérié, Kockelkoren, Seager, Bouchaud & Potters 2016, Agnostic risk
// parity). A mode at or below the edge is one that noise alone would give: its small eigenvalue says nothing,
// and it is not levered up for it.

#include <cstdint>
#include <span>
#include <vector>

#include "covariance/spectrum.hpp"

namespace regent::allocation {

struct NoiseEdge {
  double edge = 0;          // of the eigenvalues of a correlation: at or below it they are noise
  std::size_t signals = 0;  // how many lie above it
};

// The upper Marchenko–Pastur edge s (1 + √q)² of what is left without the k largest eigenvalues, s their mean
// and q = (assets − k) / (rows − k), for the smallest k that leaves none above it (Marchenko & Pastur 1967;
// taking signals out of the noise's variance: Laloux, Cizeau, Bouchaud & Potters 1999). At least 0.01.
// eigenvalues [assets] from the largest, of a correlation; rows above 0.
NoiseEdge noise_edge(std::span<const double> eigenvalues, double rows);

// [assets] exposures in units of each asset's own volatility. convictions [assets], finite; spectrum that of
// the correlation. The same in every order of the assets, linear in the convictions.
std::vector<double> eigen_risk_exposures(const covariance::Spectrum& spectrum,
                                         std::span<const double> convictions, double edge);

// The correlation without noise: eigenvalues at or below the edge become their mean, and the diagonal is 1
// again (López de Prado 2020, Machine Learning for Asset Managers, 2).
covariance::Matrix without_noise(const covariance::Spectrum& spectrum, const NoiseEdge& noise);

}  // namespace regent::allocation
