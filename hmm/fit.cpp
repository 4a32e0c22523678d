#include "hmm/fit.hpp"

#include "base/error.hpp"
#include "hmm/fit_batch.hpp"

namespace regent::hmm {

FitResult fit(const cuda::Resources& resources, std::span<const double> observations,
              const std::vector<std::string>& features, const FitSettings& settings, const Model* previous) {
  const Series series[] = {{"", observations}};
  const Model* previous_fits[] = {previous};
  FitOutcome outcome = fit_batch(resources, series, features, settings, previous_fits).front();
  if (!outcome.result) throw InputError(outcome.error);
  return std::move(*outcome.result);
}

}  // namespace regent::hmm
