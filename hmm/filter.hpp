#pragma once
// The causal online filter: one step per bar, never a smoothed posterior. Equal to the batch forward pass to
// the last bit on the CPU; to 1e-12 of a mixture, whose densities are summed over components, and of a model
// with transitions of (nearly) zero, which goes in logs (log_passes.hpp).

#include <memory>
#include <span>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

class Filter {
 public:
  explicit Filter(const Model& model);
  ~Filter();
  Filter(const Filter&);  // goes on by itself from here
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;

  // observation: [D], NaN values are marginalised (all NaN: prediction only). No allocation.
  void update(std::span<const double> observation);
  std::span<const double> posterior()
      const;  // [K], P(state | bars so far); the start law before the first bar
  std::span<const double> macro_posterior() const;  // [M]
  double log_likelihood() const;                    // of all bars so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The filter over a whole series: posteriors [bars, K].
std::vector<double> filter_series(const Model& model, std::span<const double> observations,
                                  double* log_likelihood = nullptr);

}  // namespace regent::hmm
