#pragma once
// Mean and covariance of what a state emits, whatever the kind of emission.

#include <Eigen/Core>
#include <span>

#include "hmm/model.hpp"

namespace regent::hmm {

struct Moments {
  Eigen::VectorXd mean;        // [D]
  Eigen::MatrixXd covariance;  // [D, D]
};

// In the features' own units. A Student-t's covariance is its scale matrix · ν/(ν − 2); where ν < 2.1, at
// and below 2 of which there is none, it is taken as for 2.1. A mixture's is that of its components together.
Moments emission_moments(const Model& model, int state);

// Of a mixture of `parts`; shares sum to one.
Moments mixed(std::span<const Moments> parts, std::span<const double> shares);

}  // namespace regent::hmm
