#include "hmm/lane_parameters.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "cuda/hmm/gamma_body.hpp"

namespace regent::hmm {

using cuda::hmm::AnyShape;
using cuda::hmm::ParameterLayout;
using cuda::hmm::triangle;

double Standardisation::log_jacobian(std::span<const std::int64_t> present) const {
  double sum = 0;
  for (std::size_t d = 0; d < scale.size(); ++d) sum -= static_cast<double>(present[d]) * std::log(scale[d]);
  return sum;
}

double Standardisation::apply(int feature, double value) const {
  const double standard = (value - centre[feature]) / scale[feature];
  return standard > limit ? limit : standard < -limit ? -limit : standard;
}

Standardisation standardisation_of(const Model& model) {
  const int parts = model.states() * model.components, dimension = model.dimension();
  Standardisation result{std::vector<double>(dimension, 0), std::vector<double>(dimension, 0)};
  for (int d = 0; d < dimension; ++d) {
    for (int part = 0; part < parts; ++part) result.centre[d] += model.means[part * dimension + d] / parts;
    double variance = 0;
    for (int part = 0; part < parts; ++part) {
      const double away = model.means[part * dimension + d] - result.centre[d];
      variance += (model.covariances[(part * dimension + d) * dimension + d] + away * away) / parts;
    }
    result.scale[d] = std::sqrt(variance);
  }
  return result;
}

cuda::hmm::ShapeNumbers shape_of(const Model& model) {
  return {model.macros, model.micros, model.dimension()};
}

cuda::hmm::EmissionLaw law_of(const Model& model) {
  return model.emission == EmissionKind::student_t ? cuda::hmm::EmissionLaw::student_t
                                                   : cuda::hmm::EmissionLaw::gaussian;
}

bool precision_factor(int dimension, const double* covariance, double* factor, double* log_normaliser) {
  double lower[triangle(cuda::hmm::dimension_max, 0)];
  double log_determinant = 0;
  for (int row = 0; row < dimension; ++row) {
    for (int column = 0; column <= row; ++column) {
      double value = covariance[triangle(row, column)];
      for (int e = 0; e < column; ++e) value -= lower[triangle(row, e)] * lower[triangle(column, e)];
      if (row != column) {
        lower[triangle(row, column)] = value / lower[triangle(column, column)];
      } else {
        if (!(value > 0) || !std::isfinite(value)) return false;
        lower[triangle(row, row)] = std::sqrt(value);
        log_determinant += std::log(lower[triangle(row, row)]);
      }
    }
  }
  for (int column = 0; column < dimension; ++column) {
    factor[triangle(column, column)] = 1 / lower[triangle(column, column)];
    for (int row = column + 1; row < dimension; ++row) {
      double sum = 0;
      for (int e = column; e < row; ++e) sum -= lower[triangle(row, e)] * factor[triangle(e, column)];
      factor[triangle(row, column)] = sum / lower[triangle(row, row)];
    }
  }
  *log_normaliser = -log_determinant - 0.5 * dimension * std::log(2 * M_PI);
  return true;
}

bool put_emission(const AnyShape& shape, int state, const double* mean, const double* covariance, double dof,
                  double* lane) {
  const ParameterLayout<AnyShape> layout{shape};
  const int dimension = shape.dimension;
  std::copy_n(mean, dimension, &lane[layout.mean(state, 0)]);
  std::copy_n(covariance, cuda::hmm::triangle_size(dimension), &lane[layout.covariance(state, 0)]);
  double& log_normaliser = lane[layout.log_normaliser(state)];
  if (!precision_factor(dimension, covariance, &lane[layout.factor(state, 0)], &log_normaliser)) return false;
  if (!(dof > 0)) return true;
  lane[layout.dof(state)] = dof;
  lane[layout.odd_normaliser(state)] = cuda::hmm::log_gamma_step(0.5 * dof);
  if (dimension % 2 == 1) log_normaliser += lane[layout.odd_normaliser(state)];
  for (int step = dimension % 2; step + 1 < dimension; step += 2) log_normaliser += std::log1p(step / dof);
  return true;
}

std::vector<double> lane_parameters(const Model& model, const Standardisation& standardisation) {
  const AnyShape shape(shape_of(model));
  const ParameterLayout<AnyShape> layout{shape};
  const int dimension = shape.dimension;
  REGENT_INVARIANT(model.emission != EmissionKind::mixture, "a mixture is run as its expansion");
  std::vector<double> lane(layout.size(), 0);
  const std::vector<double> start = model.flat_start();
  std::copy(start.begin(), start.end(), lane.begin());
  if (model.macros == 1) {
    const std::vector<double> flat = model.flat_transition();
    std::copy(flat.begin(), flat.end(), lane.begin() + layout.stay(0, 0, 0));
  } else {
    for (int k = 0; k < shape.states; ++k) {
      for (int to = 0; to < shape.micros; ++to) {
        lane[layout.stay(k / shape.micros, k % shape.micros, to)] =
            (1 - model.micro_exit[k]) * model.micro_transition[k * shape.micros + to];
      }
    }
    std::copy(model.micro_exit.begin(), model.micro_exit.end(), lane.begin() + layout.exit(0));
    std::copy(model.macro_transition.begin(), model.macro_transition.end(),
              lane.begin() + layout.macro(0, 0));
  }
  std::copy(model.micro_start.begin(), model.micro_start.end(), lane.begin() + layout.entry(0));
  for (int k = 0; k < shape.states; ++k) {
    double mean[cuda::hmm::dimension_max], covariance[triangle(cuda::hmm::dimension_max, 0)];
    for (int d = 0; d < dimension; ++d) {
      mean[d] = (model.means[k * dimension + d] - standardisation.centre[d]) / standardisation.scale[d];
      for (int e = 0; e <= d; ++e) {
        covariance[triangle(d, e)] = model.covariances[(k * dimension + d) * dimension + e] /
                                     (standardisation.scale[d] * standardisation.scale[e]);
      }
    }
    const double dof = model.dof.empty() ? 0 : model.dof[k];
    if (!put_emission(shape, k, mean, covariance, dof, lane.data())) {
      throw InputError("table covariances, state " + std::to_string(k) + " is not positive definite");
    }
  }
  return lane;
}

}  // namespace regent::hmm
