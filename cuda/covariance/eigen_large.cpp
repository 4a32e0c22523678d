#include "cuda/covariance/eigen_large.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "cuda/covariance/eigen_common_body.hpp"

namespace regent::cuda::covariance {
namespace {

template <class T>
using Square = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

// Root mean squares over two probes of what is wrong, relative to the largest eigenvalue.
template <class T>
void check(const Square<T>& matrix, const Eigen::SelfAdjointEigenSolver<Square<T>>& solver, T& residual,
           T& orthogonality) {
  const Eigen::Index n = matrix.rows();
  Eigen::Matrix<T, Eigen::Dynamic, 2> probes(n, 2);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (int probe = 0; probe < 2; ++probe)
      probes(i, probe) = static_cast<T>(probe_sign(probe, static_cast<int>(i)));
  }
  const auto& vectors = solver.eigenvectors();
  const auto& values = solver.eigenvalues();
  const auto product = (matrix.template selfadjointView<Eigen::Lower>() * probes).eval();
  const auto parts = (vectors.transpose() * probes).eval();
  const T share = std::sqrt(T(0.5) / static_cast<T>(n));
  const T largest = values.cwiseAbs().maxCoeff();
  residual =
      (product - vectors * (values.asDiagonal() * parts)).norm() * share / (largest > 0 ? largest : T(1));
  orthogonality = (vectors * parts - probes).norm() * share;
}

}  // namespace

template <class T>
void solve_large(const EigenJob<T>& job, int index) {
  using Map = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
  using Values = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>;
  const Eigen::Index n = job.size;
  const Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> given(
      job.matrices + index * n * n, n, n);
  Map vectors(job.vectors + index * n * n, n, n);
  Values values(job.values + index * n, n);
  EigenOutcome& outcome = job.outcomes[index];
  Square<T> matrix = given.template triangularView<Eigen::Lower>();
  const T largest = matrix.cwiseAbs().maxCoeff();
  if (!matrix.allFinite()) {
    outcome = EigenOutcome::not_finite;
  } else {
    const int exponent = largest >= std::numeric_limits<T>::min() ? std::ilogb(largest) - 1 : 0;
    matrix = matrix.unaryExpr([&](T value) { return std::ldexp(value, -exponent); });
    const Eigen::SelfAdjointEigenSolver<Square<T>> solver(matrix);
    check(matrix, solver, job.residual[index], job.orthogonality[index]);
    values = solver.eigenvalues().unaryExpr([&](T value) { return std::ldexp(value, exponent); });
    vectors = solver.eigenvectors().transpose();
    const T tolerance = T(16) * static_cast<T>(n) * epsilon<T>;
    const bool close = job.residual[index] <= tolerance && job.orthogonality[index] <= tolerance;
    outcome = !values.allFinite()                        ? EigenOutcome::out_of_range
              : close && solver.info() == Eigen::Success ? EigenOutcome::solved
                                                         : EigenOutcome::not_converged;
  }
  if (outcome == EigenOutcome::solved) return;
  values.setConstant(std::numeric_limits<T>::quiet_NaN());
  vectors.setConstant(std::numeric_limits<T>::quiet_NaN());
}

template void solve_large(const EigenJob<float>&, int);
template void solve_large(const EigenJob<double>&, int);

}  // namespace regent::cuda::covariance
