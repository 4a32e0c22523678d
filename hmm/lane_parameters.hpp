#pragma once
// Between a Model (in the features' own units) and one lane of the compute layer (standardised features).

#include <span>
#include <vector>

#include "cuda/hmm/layout.hpp"
#include "hmm/model.hpp"

namespace regent::hmm {

inline constexpr std::int64_t float_bars_max = std::int64_t{1} << 24;  // a float lane counts bars up to here

// z = (x − centre) / scale, in fp64 before any cast.
struct Standardisation {
  std::vector<double> centre, scale;  // [D], scale > 0
  // Log density of x from that of z: minus Σ log scale over the features that are present.
  double log_jacobian(std::span<const std::int64_t> present) const;
  // NaN stays; a finite value beyond ±limit standard units counts as the limit, so that float never
  // overflows.
  double apply(int feature, double value) const;
  static constexpr double limit = 1e15;
};

// From a model alone: the centre and spread of its emissions.
Standardisation standardisation_of(const Model& model);

// One lane's parameters, in the order of ParameterLayout; not of a mixture, which is run as its expansion
// (mixture.hpp). A hierarchy of one macro regime is flattened, so
// that the lanes need no exits then.
std::vector<double> lane_parameters(const Model& model, const Standardisation& standardisation);

// L⁻¹ (packed lower triangle) of a packed covariance and log|L⁻¹| − ½·D·log 2π. False when not positive
// definite.
bool precision_factor(int dimension, const double* covariance, double* factor, double* log_normaliser);

// Everything of one emission into one lane's parameters: mean, covariance, factor, normaliser, and of a
// Student-t (dof > 0) what its degrees of freedom ask for. False when the covariance (packed) is not positive
// definite.
bool put_emission(const cuda::hmm::AnyShape& shape, int state, const double* mean, const double* covariance,
                  double dof, double* lane);

cuda::hmm::ShapeNumbers shape_of(const Model& model);
cuda::hmm::EmissionLaw law_of(const Model& model);

// Puts one lane's values into a [blocks, values, 32] array; the last lane also fills the rest of its block.
template <class T, class Batch>
void put_lane(std::span<const double> values, int lane, bool last, Batch& batch) {
  const int end = last ? static_cast<int>(cuda::hmm::blocks_of(lane + 1)) * cuda::hmm::lane_block : lane + 1;
  for (int to = lane; to < end; ++to) {
    for (std::size_t row = 0; row < values.size(); ++row) {
      batch[cuda::hmm::lane_index(to, row, values.size())] = static_cast<T>(values[row]);
    }
  }
}

}  // namespace regent::hmm
