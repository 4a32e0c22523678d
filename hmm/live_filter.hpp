#pragma once
// The causal filter of thousands of symbols at once, each with a model of its own, all of one shape: one step
// per bar, never a smoothed posterior. On the CPU equal to the batch filter of the same precision to the last
// bit; symbols whose models have transitions of (nearly) zero go in logs and in double (log_passes.hpp), on
// the CPU. A mixture is filtered as its sub-states (mixture.hpp), so that it is equal to the batch filter of
// these, and to its own, which sums densities over components first, to 1e-12 in double.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "hmm/model.hpp"

namespace regent::hmm {

// T: float or double, the precision of the weights; features are standardised in fp64 either way.
template <class T>
class LiveFilter {
 public:
  // Throws InputError where a model is invalid (states times components above 32 too) or of another shape or
  // emission than the first.
  LiveFilter(const cuda::Resources& resources, std::span<const Model> models);
  ~LiveFilter();
  LiveFilter(LiveFilter&&) noexcept;
  LiveFilter& operator=(LiveFilter&&) noexcept;

  std::size_t symbols() const;
  // bars: [symbols, D], NaN values are marginalised (all NaN: prediction only). O(K²) a symbol, no
  // allocation. Throws InputError for an infinite value, naming symbol and feature, before anything has
  // changed.
  void update(std::span<const double> bars);
  // [symbols, K], of a mixture those of its states, not of components; the start law before the first bar.
  std::span<const T> posteriors() const;
  std::span<const T> macro_posteriors() const;      // [symbols, M]
  double log_likelihood(std::size_t symbol) const;  // of all its bars so far, in the features' own units

  // Everything that one symbol's bars have left, under 1 KB. Throws InputError where the bytes are not those
  // of the same model and precision.
  std::vector<std::byte> snapshot(std::size_t symbol) const;
  void restore(std::size_t symbol, std::span<const std::byte> bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

extern template class LiveFilter<float>;
extern template class LiveFilter<double>;

}  // namespace regent::hmm
