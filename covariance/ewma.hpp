#pragma once
// Exponentially weighted covariance with a half-life for variances and one for correlations:
//   cov_ij = ρ_ij(half_life_correlation) · σ_i σ_j (half_life_variance)
// A row's weight halves every half-life of rows, whether or not its values are known. Means are weighted
// alike and taken over the rows in which both columns are known. With one half-life it is pandas'
// ewm(halflife).cov. Two half-lives are the practice of risk models (Menchero, Wang & Orr 2011, The Barra US
// Equity Model).

#include <cstdint>
#include <memory>

#include "covariance/matrix.hpp"

namespace regent::covariance {

struct EwmaSettings {
  double half_life_variance = 33;     // rows
  double half_life_correlation = 33;  // rows; as long as or longer than the other in most uses
  int ddof = 1;  // 1: divided by 1 − Σw²/(Σw)², which makes it unbiased for independent rows; 0: not
};

class Ewma {
 public:
  // Throws InputError for a half-life that is not above 0, or a ddof other than 0 and 1.
  Ewma(std::size_t columns, const EwmaSettings& settings);
  ~Ewma();
  Ewma(Ewma&&) noexcept;
  Ewma& operator=(Ewma&&) noexcept;
  // [columns], NaN: missing. Updates in place, O(columns²). Throws InputError for an infinite value.
  void update(std::span<const double> row);
  // NaN where fewer than two rows had both columns (a correlation), or one had the column (a variance).
  Matrix covariance() const;
  std::int64_t observations(std::size_t i, std::size_t j) const;  // rows in which both were known

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::covariance
