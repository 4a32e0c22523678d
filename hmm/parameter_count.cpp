#include "hmm/parameter_count.hpp"

#include <algorithm>

namespace regent::hmm {
namespace {

// Entries of a row that may be above zero, less one, as they sum to one. No mask: all may.
int free_of_row(const std::vector<std::uint8_t>& allowed, int row, int size, int without = -1) {
  int count = 0;
  for (int to = 0; to < size; ++to)
    count += to != without && (allowed.empty() || allowed[row * size + to] != 0) ? 1 : 0;
  return std::max(0, count - 1);
}

bool may_leave(const FitSettings& settings, int macro) {
  for (int to = 0; to < settings.macros; ++to) {
    if (to != macro &&
        (settings.allowed_macro.empty() || settings.allowed_macro[macro * settings.macros + to] != 0))
      return true;
  }
  return false;
}

int start_count(const FitSettings& settings) {
  return (settings.macros == 1 ? settings.micros : settings.macros) - 1;
}

int transition_count(const FitSettings& settings) {
  const int macros = settings.macros, micros = settings.micros;
  int count = macros == 1 ? 0 : macros * (micros - 1);  // entries
  for (int i = 0; i < macros; ++i) {
    count += free_of_row(settings.allowed_macro, i, macros, i) + (may_leave(settings, i) ? micros : 0);
    for (int j = 0; j < micros; ++j) count += free_of_row(settings.allowed_micro, i * micros + j, micros);
  }
  return count;
}

int covariance_count(CovarianceKind kind, int parts, int dimension) {
  switch (kind) {
    case CovarianceKind::diagonal:
      return parts * dimension;
    case CovarianceKind::tied:
      return dimension * (dimension + 1) / 2;
    case CovarianceKind::spherical:
      return parts;
    case CovarianceKind::full:
      break;
  }
  return parts * dimension * (dimension + 1) / 2;
}

}  // namespace

int parameter_count(const FitSettings& settings, int dimension) {
  const int states = settings.macros * settings.micros, parts = states * settings.components;
  const int dof = settings.emission == EmissionKind::student_t ? states : 0;
  const FreeParameters& free = settings.free;
  int count = 0;
  if (free.start) count += start_count(settings);
  if (free.transitions) count += transition_count(settings);
  if (free.means) count += parts * dimension + parts - states;
  if (free.covariances) count += covariance_count(settings.covariance, parts, dimension) + dof;
  return count;
}

}  // namespace regent::hmm
