// Eigen with the instruction set of this machine.

#include <tbb/parallel_for.h>

#include <Eigen/Dense>

#include "bench/covariance/eigen_case.hpp"

namespace regent::bench {

template <class T>
void solve_with_eigen(const std::vector<T>& matrices, int size, int count, std::vector<T>& values,
                      std::vector<T>& vectors) {
  using Square = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  const Eigen::Index n = size;
  tbb::parallel_for(tbb::blocked_range<int>(0, count), [&](const tbb::blocked_range<int>& range) {
    Eigen::SelfAdjointEigenSolver<Square> solver(n);  // its memory serves every matrix of the range
    for (int k = range.begin(); k < range.end(); ++k) {
      solver.compute(Eigen::Map<const Square>(matrices.data() + k * n * n, n, n));
      Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(values.data() + k * n, n) = solver.eigenvalues();
      Eigen::Map<Square>(vectors.data() + k * n * n, n, n) = solver.eigenvectors();
    }
  });
}

template void solve_with_eigen(const std::vector<float>&, int, int, std::vector<float>&, std::vector<float>&);
template void solve_with_eigen(const std::vector<double>&, int, int, std::vector<double>&,
                               std::vector<double>&);

}  // namespace regent::bench
