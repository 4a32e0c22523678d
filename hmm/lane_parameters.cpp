#include "hmm/lane_parameters.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

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
  const int states = model.states(), dimension = model.dimension();
  Standardisation result{std::vector<double>(dimension, 0), std::vector<double>(dimension, 0)};
  for (int d = 0; d < dimension; ++d) {
    for (int k = 0; k < states; ++k) result.centre[d] += model.means[k * dimension + d] / states;
    double variance = 0;
    for (int k = 0; k < states; ++k) {
      const double away = model.means[k * dimension + d] - result.centre[d];
      variance += (model.covariances[(k * dimension + d) * dimension + d] + away * away) / states;
    }
    result.scale[d] = std::sqrt(variance);
  }
  return result;
}

cuda::hmm::ShapeNumbers shape_of(const Model& model) {
  return {model.macros, model.micros, model.dimension()};
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

std::vector<double> lane_parameters(const Model& model, const Standardisation& standardisation) {
  const AnyShape shape(shape_of(model));
  const ParameterLayout<AnyShape> layout{shape};
  const int dimension = shape.dimension;
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
    for (int d = 0; d < dimension; ++d) {
      lane[layout.mean(k, d)] =
          (model.means[k * dimension + d] - standardisation.centre[d]) / standardisation.scale[d];
      for (int e = 0; e <= d; ++e) {
        lane[layout.covariance(k, triangle(d, e))] = model.covariances[(k * dimension + d) * dimension + e] /
                                                     (standardisation.scale[d] * standardisation.scale[e]);
      }
    }
    if (!precision_factor(dimension, &lane[layout.covariance(k, 0)], &lane[layout.factor(k, 0)],
                          &lane[layout.log_normaliser(k)])) {
      throw InputError("table covariances, state " + std::to_string(k) + " is not positive definite");
    }
  }
  return lane;
}

}  // namespace regent::hmm
