#pragma once
// The spectrum of a covariance at every row of a table, and what it says of how much moves together.
//
// From one row to the next a covariance changes by few directions: an ewma one by the new row less the mean,
// a rolling one by the row that enters and the one that leaves. Where no value is missing each spectrum is
// found from the one before (cuda/covariance/eigen_update.hpp, which checks every result), in runs of rows
// that begin anew, so that no result depends on how many threads there are.

#include <cstddef>
#include <span>
#include <vector>

#include "covariance/ewma.hpp"
#include "covariance/matrix.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::covariance {

struct Spectra {
  std::size_t modes = 0;
  std::vector<std::size_t> rows;  // of the table, ascending
  // [rows]; NaN where a pair has too few observations, shares also where nothing moves
  std::vector<double> total_variance;  // Σ of all eigenvalues
  // of the eigenvalues above zero (of pairs with different rows some may lie below)
  std::vector<double> absorption_ratio;  // share of the largest fifth of the modes, rounded, one at least
  std::vector<double> effective_rank;    // exp of the entropy of the modes' shares
  std::vector<double> eigenvalues;       // [rows, modes], from the largest
  std::vector<double> participation;     // [rows, modes] 1 / Σ v⁴: how many columns carry the mode
  std::size_t continued = 0;             // found from those of the row before
};

struct SpectraSettings {
  std::size_t modes = 10;  // of which the eigenvalues are kept; no more than columns
  std::size_t every = 1;   // only each so-many-th row, back from the last
};

struct RollingSettings {
  std::size_t window = 0;  // rows, 2 … rows of the table
  int ddof = 1;
};

// Sources: Plerou, Gopikrishnan, Rosenow, Amaral, Guhr & Stanley (2002), Random matrix approach to cross
// correlations in financial data (participation); Kritzman, Li, Page & Rigobon (2011), Principal Components
// as a Measure of Systemic Risk (absorption ratio); Roy & Vetterli (2007), The Effective Rank.
// Throws InputError for settings that are out of range, an infinite value, and a covariance too large to have
// a spectrum, naming its row.
Spectra rolling_spectra(const cuda::Resources& resources, const Observations& table,
                        const RollingSettings& rolling, const SpectraSettings& settings);
Spectra ewma_spectra(const cuda::Resources& resources, const Observations& table, const EwmaSettings& ewma,
                     const SpectraSettings& settings);

}  // namespace regent::covariance
