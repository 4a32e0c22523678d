#pragma once
// Many streams of bars in step, the policy's network once for all of them: what dreams run. The same
// DecisionStream and PolicyRunner as a Decider, so each stream decides as a Decider would; only the network's
// matrix products have more rows, and may round in another order (weights within 1e-6).

#include <span>
#include <vector>

#include "models/decider.hpp"
#include "models/policy_runner.hpp"

namespace regent::models {

class BatchDecider {
 public:
  // Every stream goes on from where `decider` is. REQUIRES that its last decision was warm, and updates by
  // the thread that constructs it.
  BatchDecider(const Decider& decider, std::size_t streams);

  // The next bar of every stream; REQUIRES bars as DecisionStream::update does. Bitwise repeatable: a
  // stream's result does not depend on the bars of the others.
  void update(std::span<const market::BarView> bars);
  std::span<const double> weights() const { return weights_; }  // [streams, symbols], of the last bar

 private:
  std::vector<DecisionStream> streams_;
  PolicyRunner runner_;
  std::vector<double> convictions_, weights_;  // [streams, symbols]
};

}  // namespace regent::models
