#pragma once
// One fold's view of the data: normalised by its own training bars, filtered by its own regime model. No
// torch here.

#include <span>
#include <vector>

#include "hmm/model.hpp"
#include "models/observation.hpp"
#include "trainer/training_data.hpp"
#include "trainer/walk_forward.hpp"

namespace regent::trainer {

struct FoldData {
  models::Normaliser normaliser;  // fitted on [warm_bar, train_end)
  models::ObservationLayout layout;
  std::vector<std::string> labels;   // [M], of the macro regimes
  std::size_t bars = 0;              // rows below: up to the end of validation, nothing later
  std::vector<float> features;       // [bars, symbols, F] normalised
  std::vector<double> macro, micro;  // [bars, M], [bars, K], filtered: P(state | bars up to t)
  std::vector<float> macro_f32, micro_f32;
  std::vector<float>
      execution_return;  // [train_end, symbols], NaN where it would need a price from train_end on
};

// Market state of the training bars, [bars − warm_bar, D]: what the regimes are fitted on.
std::span<const double> regime_observations(const TrainingData& data, const Fold& fold);
FoldData prepare_fold(const TrainingData& data, const Fold& fold, const hmm::Model& regimes);

}  // namespace regent::trainer
