#include "hmm/parameter_count.hpp"

namespace regent::hmm {
namespace {

int structure_count(int macros, int micros) {
  const int within = macros * micros * (micros - 1), entries = macros * (micros - 1);
  if (macros == 1) return entries + within;
  const int exits = macros * micros, macro_rows = macros * (macros - 2);
  return macros - 1 + macro_rows + entries + within + exits;
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
  return structure_count(settings.macros, settings.micros) + parts * dimension +
         covariance_count(settings.covariance, parts, dimension) + dof + parts - states;
}

}  // namespace regent::hmm
