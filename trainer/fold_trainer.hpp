#pragma once
// One fold: regimes, normaliser, policy, choice of the checkpoint, bundle. It can stop between two
// iterations, be saved, and continue in another process as if nothing had happened.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cuda/runtime/resources.hpp"
#include "models/bundle.hpp"
#include "trainer/settings.hpp"
#include "trainer/training_data.hpp"
#include "trainer/validation.hpp"

namespace regent::trainer {

// What every fold of a run shares.
struct RunContext {
  const cuda::Resources& resources;
  std::string torch_device;  // "cpu" or "cuda:0"
  const TrainingData& data;
  const Config& config;
  TrainingSettings settings;
};

struct FoldTimings {
  double regimes_s = 0, policy_s = 0, validation_s = 0;
};

class FoldTrainer {
 public:
  // Fits the regimes, with labels matched to `previous` when it is given.
  FoldTrainer(const RunContext& run, const Fold& fold, const hmm::Model* previous);
  // Continues from what save() wrote. Throws InputError when the folder belongs to another fold or is
  // damaged.
  FoldTrainer(const RunContext& run, const Fold& fold, const std::filesystem::path& checkpoint);
  ~FoldTrainer();
  FoldTrainer(const FoldTrainer&) = delete;
  FoldTrainer& operator=(const FoldTrainer&) = delete;

  // One iteration, and the validation of its checkpoint when it is one.
  void iterate();
  bool finished() const;
  int iteration() const;
  double best_sharpe() const;                            // NaN before the first checkpoint
  void save(const std::filesystem::path& folder) const;  // replaced as a whole
  // The checkpoint with the best Sharpe ratio on the validation window. REQUIRES finished().
  models::Bundle bundle(const std::string& parent) const;
  const FoldTimings& timings() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::trainer
