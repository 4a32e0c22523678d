#pragma once
// The E-step of Baum-Welch for a batch of lanes: expected counts (CountLayout) and log-likelihoods. See
// forward.hpp for views and determinism. The object keeps the series and its workspace on the backend between
// iterations. Few long series are cut into chunks of time that run as lanes, to the same counts as the
// sequential pass within 1e-5 (long_series.hpp); all other long ones are cut too, likewise (window_body.hpp,
// chunk_body.hpp).

#include <cstdint>
#include <memory>
#include <span>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

template <class T>
class Expectation {
 public:
  // batch.observations and lengths must outlive this object; batch.parameters is not read.
  Expectation(const Resources& resources, const BatchView<T>& batch);
  ~Expectation();
  Expectation(const Expectation&) = delete;
  Expectation& operator=(const Expectation&) = delete;

  // Uses the first `lanes` lanes. parameters: [blocks, parameters, 32]; active: [lanes], 0: left alone at no
  // cost where its whole register is; counts: [blocks, counts, 32]; log_likelihood: [blocks, 32], NaN where
  // float lost the only path (run that lane in double).
  void run(int lanes, std::span<const T> parameters, std::span<const std::uint8_t> active,
           std::span<double> counts, std::span<double> log_likelihood);

  // How often, in all runs, a lane (on the CPU) or a chunk of one (on a GPU) did not agree with its
  // neighbours where it had been cut in time, and was run again.
  std::int64_t run_again() const;

 private:
  struct Backend;
  std::unique_ptr<Backend> backend_;
};

}  // namespace regent::cuda::hmm
