#pragma once
// Gaussian mixtures by way of the Gaussian machinery. A state of C components is the same law as C sub-states
// with tied transitions, P((k,c) → (k',c')) = P(k → k')·w_k'c', start likewise.

#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

// The Gaussian model of a mixture: M macro regimes of m·C micro states, component fastest. Other models come
// back as they are.
Model expanded(const Model& model);

// P(state) from P(sub-state): sums over the components. parts: [bars, K·C] → states: [bars, K].
template <class T>
void collapse(std::span<const T> parts, int components, std::span<T> states) {
  for (std::size_t k = 0; k < states.size(); ++k) {
    const auto first = parts.begin() + static_cast<std::ptrdiff_t>(k) * components;
    states[k] = std::accumulate(first, first + components, T{0});
  }
}

// The Gaussian model with the mean and covariance of every state of a mixture: its structure.
Model moment_matched(const Model& model);

// log P(bar | state) of a mixture, in double and in the features' own units.
class MixtureDensity {
 public:
  explicit MixtureDensity(const Model& model);
  ~MixtureDensity();
  MixtureDensity(const MixtureDensity&);
  MixtureDensity(MixtureDensity&&) noexcept;
  MixtureDensity& operator=(MixtureDensity&&) noexcept;

  // observation: [D], NaN values are marginalised; log_density: [K], finite. No allocation.
  void operator()(std::span<const double> observation, std::span<double> log_density) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same of every bar: observations [bars, D] → [bars, K], a table of emission log densities.
std::vector<double> mixture_log_densities(const Model& model, std::span<const double> observations);

}  // namespace regent::hmm
