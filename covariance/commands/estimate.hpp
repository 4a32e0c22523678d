#pragma once
// One covariance matrix of a table by a named method, and what is known of it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "covariance/commands/input.hpp"
#include "covariance/ewma.hpp"
#include "covariance/marchenko_pastur.hpp"
#include "covariance/spectrum.hpp"

namespace regent::covariance {

struct MethodFlags {
  std::string method = "sample";
  std::optional<int> ddof;               // unset: 0 for shrinkage as published, else 1
  std::optional<int> window;             // rolling: rows
  std::optional<double> half_life = {};  // ewma: rows, both half-lives
  std::optional<double> half_life_correlation = {};
  int detone = 0;
  bool nearest_psd = false;
  std::string device = "auto";
};

struct Estimate {
  std::string method;
  int ddof = 1;
  Matrix covariance;  // per row of the table, NaN where a pair has too few observations
  std::vector<std::int64_t>
      observations;           // [columns, columns] rows with both; of a rolling one in the window
  bool complete = true;       // no value was missing
  std::size_t undefined = 0;  // pairs without a covariance
  std::optional<double> shrinkage;
  std::optional<Spectrum> spectrum, correlation_spectrum;  // unless a pair is undefined
  std::optional<MarchenkoPastur> noise;  // of the estimate's correlation: edge of what noise alone would give
  std::size_t signals = 0;               // eigenvalues of the raw correlation above the edge
  bool repaired = false;                 // --nearest-psd changed it
};

extern const std::vector<std::string> methods;

// Checks the flags against each other. Throws InputError naming flag and value.
void check_method(const MethodFlags& flags);
int ddof_of(const MethodFlags& flags);
// Whether the method has a covariance for every row, not one for all of them.
bool is_of_every_row(const MethodFlags& flags);
// Of --method ewma.
EwmaSettings ewma_settings_of(const MethodFlags& flags);
// The last covariance of `table`. Throws InputError; a method that needs every value names the first that
// misses.
Estimate estimate_of(const Table& table, const MethodFlags& flags);

// "1 pair has", "3 pairs have".
std::string pairs_have(std::size_t pairs);

// Spectra of a covariance without an undefined pair, and the law of noise beside them. rows: equally weighted
// observations behind it.
void describe(Estimate& estimate, double rows);

}  // namespace regent::covariance
