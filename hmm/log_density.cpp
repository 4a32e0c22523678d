#include "hmm/log_density.hpp"

#include <cmath>

#include "cuda/hmm/student_body.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/mixture.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;

template <class Law>
std::vector<double> densities_of(const Model& model, std::span<const double> observations) {
  const AnyShape shape(shape_of(model));
  const Standardisation standardisation = standardisation_of(model);
  const std::vector<double> lane = lane_parameters(model, standardisation);
  std::vector<double> parameters(lane.size() * cuda::hmm::lane_block);
  put_lane<double>(lane, 0, true, parameters);
  const cuda::hmm::Rows<double> rows{parameters.data()};
  const std::size_t dimension = shape.dimension, bars = observations.size() / dimension;
  std::vector<double> table;
  table.reserve(bars * shape.states);
  double bar[cuda::hmm::dimension_max];
  for (std::size_t t = 0; t < bars; ++t) {
    double log_jacobian = 0;
    for (std::size_t d = 0; d < dimension; ++d) {
      bar[d] = standardisation.apply(static_cast<int>(d), observations[t * dimension + d]);
      if (!std::isnan(bar[d])) log_jacobian -= std::log(standardisation.scale[d]);
    }
    for (int k = 0; k < shape.states; ++k)
      table.push_back(cuda::hmm::log_density_of_bar<Law>(shape, rows, k, bar) + log_jacobian);
  }
  return table;
}

}  // namespace

std::vector<double> log_densities(const Model& model, std::span<const double> observations) {
  switch (model.emission) {
    case EmissionKind::mixture:
      return mixture_log_densities(model, observations);
    case EmissionKind::student_t:
      return densities_of<cuda::hmm::StudentLaw<double, AnyShape>>(model, observations);
    case EmissionKind::gaussian:
      break;
  }
  return densities_of<cuda::hmm::GaussianLaw<double, AnyShape>>(model, observations);
}

}  // namespace regent::hmm
