#include "hmm/fit_checks.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "cuda/hmm/layout.hpp"

namespace regent::hmm {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw InputError("regime fit: " + what);
}

void check_masks(const FitSettings& settings) {
  const std::size_t macros = settings.macros, micros = settings.micros;
  const auto check_size = [](const char* name, std::size_t size, std::size_t wanted) {
    if (size != 0 && size != wanted) {
      refuse(std::string(name) + " has " + std::to_string(size) + " entries, and " + std::to_string(wanted) +
             " are needed");
    }
  };
  check_size("allowed_macro", settings.allowed_macro.size(), macros * macros);
  check_size("allowed_micro", settings.allowed_micro.size(), macros * micros * micros);
  for (std::size_t row = 0; row < settings.allowed_micro.size() / micros; ++row) {
    const auto first = settings.allowed_micro.begin() + static_cast<std::ptrdiff_t>(row * micros);
    if (std::all_of(first, first + settings.micros, [](std::uint8_t allowed) { return allowed == 0; })) {
      refuse("allowed_micro, row " + std::to_string(row) + " allows no move at all");
    }
  }
}

}  // namespace

void check_settings(const FitSettings& settings) {
  if (settings.macros < 1 || settings.micros < 1 ||
      settings.macros * settings.micros > cuda::hmm::states_max) {
    refuse(std::to_string(settings.macros) + " macro regimes of " + std::to_string(settings.micros) +
           " micro states each; between 1 and 32 states in all are possible");
  }
  const bool mixture = settings.emission == EmissionKind::mixture;
  if (settings.components < 1 || (!mixture && settings.components != 1) ||
      settings.components > cuda::hmm::states_max / (settings.macros * settings.micros)) {
    refuse(std::to_string(settings.components) + " components per state of " +
           std::string(name_of(settings.emission)) +
           " emissions; only a mixture has more than one, and states times components must be within 32");
  }
  const int restarts_min = settings.start ? 0 : 1;
  if (settings.restarts < restarts_min || settings.restarts > 4096) {
    refuse("restarts must be in 1..4096, or 0 where a start model is given");
  }
  if (settings.iterations_max < 1) refuse("iterations_max must be at least 1");
  if (!(settings.tolerance >= 0)) refuse("tolerance must be at least 0");
  if (!(settings.covariance_floor >= 0 && settings.covariance_floor < 1))
    refuse("covariance_floor must be in [0, 1)");
  if (!(settings.dirichlet >= 1)) refuse("dirichlet must be at least 1");
  if (!(settings.sticky >= 0)) refuse("sticky must be at least 0");
  if (!(settings.inverse_wishart_strength >= 0)) refuse("inverse_wishart_strength must be at least 0");
  if (!(settings.mean_strength >= 0)) refuse("mean_strength must be at least 0");
  if (!settings.free.all() && (!settings.start || settings.restarts != 0)) {
    refuse("parameters that are not free stay as the start model has them: give one, and restarts = 0");
  }
  check_masks(settings);
}

void check_start(const Model& model, const std::string& which, const std::vector<std::string>& features,
                 const FitSettings& settings) {
  validate(model, "regime fit, " + which);
  if (model.macros != settings.macros || model.micros != settings.micros || model.features != features) {
    throw InputError("regime fit: the " + which + " has " + std::to_string(model.macros) +
                     " macro regimes of " + std::to_string(model.micros) + " micro states over " +
                     std::to_string(model.features.size()) + " features; it needs " +
                     std::to_string(settings.macros) + " of " + std::to_string(settings.micros) +
                     " and the features of the data, in their order");
  }
  if (model.emission != settings.emission || model.components != settings.components) {
    throw InputError("regime fit: the " + which + " has " + std::string(name_of(model.emission)) +
                     " emissions of " + std::to_string(model.components) + " components, and the fit's are " +
                     std::string(name_of(settings.emission)) + " of " + std::to_string(settings.components));
  }
}

}  // namespace regent::hmm
