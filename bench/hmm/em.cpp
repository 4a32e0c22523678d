#include "bench/hmm/em.hpp"

namespace regent::bench {

hmm::LaneFit lane_fit_of(const hmm::Model& model) {
  hmm::LaneFit lane;
  lane.shape = hmm::shape_of(model);
  lane.macro_start = model.macro_start;
  lane.macro_transition = model.macro_transition;
  lane.micro_start = model.micro_start;
  lane.micro_transition = model.micro_transition;
  lane.micro_exit = model.micro_exit;
  lane.means = model.means;
  const int dimension = model.dimension();
  for (int k = 0; k < model.states(); ++k) {
    for (int row = 0; row < dimension; ++row) {
      for (int column = 0; column <= row; ++column)
        lane.covariances.push_back(model.covariances[(k * dimension + row) * dimension + column]);
    }
  }
  return lane;
}

hmm::FitSettings without_priors(const hmm::Model& model) {
  hmm::FitSettings settings;
  settings.macros = model.macros;
  settings.micros = model.micros;
  settings.dirichlet = 1;
  settings.sticky = settings.inverse_wishart_strength = settings.covariance_floor = 0;
  return settings;
}

}  // namespace regent::bench
