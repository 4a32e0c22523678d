#include "hmm/lane_fit.hpp"

#include <algorithm>
#include <cmath>

#include "hmm/emission_maximisation.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/simplex.hpp"

namespace regent::hmm {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;
using cuda::hmm::EmissionLaw;
using cuda::hmm::ParameterLayout;
using cuda::hmm::triangle_size;

namespace {

// Where regime i may go: never to itself.
struct MacroMask {
  std::uint8_t row[cuda::hmm::states_max] = {};
  bool absorbing = true;
  MacroMask(const FitSettings& settings, int i) {
    for (int to = 0; to < settings.macros; ++to) {
      row[to] =
          to != i && (settings.allowed_macro.empty() || settings.allowed_macro[i * settings.macros + to] != 0)
              ? 1
              : 0;
      absorbing = absorbing && row[to] == 0;
    }
  }
};

const std::uint8_t* micro_mask(const FitSettings& settings, int k) {
  return settings.allowed_micro.empty() ? nullptr : &settings.allowed_micro[k * settings.micros];
}

// Zero where a move may not be, the rest scaled to sum to one, or even where nothing is left.
void mask_row(double* row, int size, const std::uint8_t* allowed) {
  double sum = 0;
  int count = 0;
  for (int i = 0; i < size; ++i) {
    if (allowed[i] == 0) row[i] = 0;
    sum += row[i];
    count += allowed[i] != 0 ? 1 : 0;
  }
  for (int i = 0; i < size; ++i) {
    if (allowed[i] != 0) row[i] = sum > 0 ? row[i] / sum : 1.0 / count;
  }
}

}  // namespace

void LaneFit::apply_masks(const FitSettings& settings) {
  const int macros = shape.macros, micros = shape.micros;
  for (int k = 0; k < macros * micros; ++k) {
    if (!settings.allowed_micro.empty())
      mask_row(&micro_transition[k * micros], micros, micro_mask(settings, k));
    if (settings.allowed_macro.empty() || macros == 1) continue;
    const MacroMask mask(settings, k / micros);
    if (mask.absorbing) {
      micro_exit[k] = 0;
    } else {
      mask_row(&macro_transition[k / micros * macros], macros, mask.row);
    }
  }
}

cuda::hmm::ShapeNumbers LaneFit::run_shape() const {
  return {shape.macros, shape.micros * components, shape.dimension};
}

EmissionLaw LaneFit::law() const {
  return dof.empty() ? EmissionLaw::gaussian : EmissionLaw::student_t;
}

bool LaneFit::to_parameters(std::vector<double>& parameters) const {
  const AnyShape s(run_shape());
  const ParameterLayout<AnyShape> layout{s};
  parameters.assign(layout.size(), 0);
  for (int part = 0; part < s.states; ++part) {
    const int k = part / components, i = k / shape.micros;
    const double weight = weight_of(k, part % components);
    parameters[layout.start(part)] = macro_start[i] * micro_start[k] * weight;
    parameters[layout.exit(part)] = micro_exit[k];
    parameters[layout.entry(part)] = micro_start[k] * weight;
    for (int to = 0; to < s.micros; ++to) {
      const int micro = to / components;
      parameters[layout.stay(i, part % s.micros, to)] = (1 - micro_exit[k]) *
                                                        micro_transition[k * shape.micros + micro] *
                                                        weight_of(i * shape.micros + micro, to % components);
    }
    if (!put_emission(s, part, &means[part * s.dimension], &covariances[part * triangle_size(s.dimension)],
                      dof.empty() ? 0 : dof[part], parameters.data())) {
      return false;
    }
  }
  std::copy(macro_transition.begin(), macro_transition.end(), &parameters[layout.macro(0, 0)]);
  return true;
}

std::vector<double> LaneFit::state_counts(const std::vector<double>& counts) const {
  const AnyShape run(run_shape()), s(shape);
  const CountLayout<AnyShape> from{run}, to{s};
  std::vector<double> sums(to.size(), 0);
  for (int part = 0; part < run.states; ++part) {
    const int k = part / components, i = k / s.micros;
    sums[to.start(k)] += counts[from.start(part)];
    sums[to.entry(k)] += counts[from.entry(part)];
    sums[to.exit(k)] += counts[from.exit(part)];
    sums[to.weight(k)] += counts[from.weight(part)];
    for (int next = 0; next < run.micros; ++next)
      sums[to.stay(i, k % s.micros, next / components)] += counts[from.stay(i, part % run.micros, next)];
  }
  std::copy_n(&counts[from.macro(0, 0)], s.macros * s.macros, &sums[to.macro(0, 0)]);
  return sums;
}

void LaneFit::maximise(const std::vector<double>& part_counts, const FitSettings& settings) {
  const AnyShape s(shape);
  const CountLayout<AnyShape> layout{s};
  const std::vector<double> counts = state_counts(part_counts);
  const double prior = settings.dirichlet;
  double entries[cuda::hmm::states_max], macro_starts[cuda::hmm::states_max] = {};
  for (int k = 0; k < s.states; ++k) {
    entries[k] = counts[layout.entry(k)] + counts[layout.start(k)];
    macro_starts[k / s.micros] += counts[layout.start(k)];
  }
  const FreeParameters& free = settings.free;
  if (free.start) maximise_row(macro_start.data(), macro_starts, s.macros, prior);
  for (int i = 0; i < s.macros; ++i) {
    if (s.macros == 1 ? free.start : free.transitions)
      maximise_row(&micro_start[i * s.micros], &entries[i * s.micros], s.micros, prior);
    if (!free.transitions) continue;
    const MacroMask mask(settings, i);
    if (s.macros > 1)
      maximise_row(&macro_transition[i * s.macros], &counts[layout.macro(i, 0)], s.macros, prior, mask.row);
    for (int j = 0; j < s.micros; ++j) {
      const int k = i * s.micros + j;
      const double* stays = &counts[layout.stay(i, j, 0)];
      maximise_row(&micro_transition[k * s.micros], stays, s.micros, prior, micro_mask(settings, k));
      if (s.macros == 1 || mask.absorbing) continue;
      double stayed = 0;
      for (int to = 0; to < s.micros; ++to) stayed += stays[to];
      const double exits = counts[layout.exit(k)] + prior - 1;
      const double total = exits + stayed + prior - 1 + settings.sticky;
      if (total > 0) micro_exit[k] = exits / total;
    }
  }
  maximise_emissions(part_counts, settings, *this);
}

double LaneFit::log_prior(const FitSettings& settings) const {
  const AnyShape s(shape);
  const double prior = settings.dirichlet;
  const FreeParameters& free = settings.free;
  double sum = free.start ? log_dirichlet(macro_start.data(), s.macros, prior) : 0;
  for (int i = 0; i < s.macros; ++i) {
    if (s.macros == 1 ? free.start : free.transitions)
      sum += log_dirichlet(&micro_start[i * s.micros], s.micros, prior);
    if (!free.transitions) continue;
    const MacroMask mask(settings, i);
    if (s.macros > 1) sum += log_dirichlet(&macro_transition[i * s.macros], s.macros, prior, mask.row);
    for (int j = 0; j < s.micros; ++j) {
      const int k = i * s.micros + j;
      sum += log_dirichlet(&micro_transition[k * s.micros], s.micros, prior, micro_mask(settings, k));
      if (s.macros == 1 || mask.absorbing) continue;
      if (prior > 1) sum += (prior - 1) * std::log(micro_exit[k]);
      if (prior - 1 + settings.sticky > 0) sum += (prior - 1 + settings.sticky) * std::log1p(-micro_exit[k]);
    }
  }
  return sum + log_emission_prior(settings, *this);
}

}  // namespace regent::hmm
