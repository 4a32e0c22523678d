// The eigensolver's lane kernels for one instruction set; compiled once per set (see regent_lanes in
// cuda/CMakeLists.txt): matrices into lanes, the body, and vectors out of them in order.

#include "cuda/covariance/eigen_job.hpp"
#include "cuda/hmm/pack.hpp"
// the body sees Pack's operations
#include "cuda/covariance/eigen_body.hpp"

namespace regent::cuda::covariance {
namespace REGENT_INSTRUCTION_SET {
namespace {

using hmm::Format;
template <class T>
using Pack = hmm::REGENT_INSTRUCTION_SET::Pack<T>;
template <class T>
constexpr int width_of = Lanes<Pack<T>>::width;

constexpr std::size_t rotation_bytes = std::size_t{128} << 10;  // kept beside what else the L2 cache holds

template <class T>
int sweeps_kept(int n) {
  const int fit = static_cast<int>(rotation_bytes / (2 * n * width_of<T> * sizeof(T)));
  return fit < 4 ? 4 : fit > 64 ? 64 : fit;
}

template <class T>
std::size_t space_of(int size) {
  const std::size_t n = static_cast<std::size_t>(size);
  return (n * (n + 1) / 2 + n * n + n * 3 + n * n + n * 4 + 2 * n * sweeps_kept<T>(size)) * width_of<T>;
}

template <class T>
EigenSpace<T> divided(T* space, int size) {
  const std::size_t n = static_cast<std::size_t>(size), w = width_of<T>;
  EigenSpace<T> s;
  s.matrix = space;
  s.reflectors = s.matrix + n * (n + 1) / 2 * w;
  s.factors = s.reflectors + n * n * w;
  s.diagonal = s.factors + n * w;
  s.beside = s.diagonal + n * w;
  s.vectors = s.beside + n * w;
  s.scratch = s.vectors + n * n * w;
  s.rotations = s.scratch + 4 * n * w;
  s.sweeps_kept = sweeps_kept<T>(size);
  return s;
}

// A group of matrices: which are there, finite, and by what power of two each was scaled.
template <class T>
struct Group {
  static constexpr int width = width_of<T>;
  int first, count;
  T scale[width], unscale[width];
  EigenOutcome outcome[width];
};

template <class T>
void find_scale(Group<T>& group, int lane, const T* matrix, int n) {
  typename Format<T>::Bits largest = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      const auto bits = magnitude_bits(matrix[static_cast<long>(i) * n + j]);
      largest = bits > largest ? bits : largest;
    }
  }
  const Scaling<T> scaling = scaling_of<T>(largest);
  group.scale[lane] = scaling.scale;
  group.unscale[lane] = scaling.unscale;
  group.outcome[lane] = scaling.outcome;
}

template <class T>
void load(const EigenJob<T>& job, Group<T>& group, T* packed) {
  constexpr int width = width_of<T>;
  const int n = job.size;
  const T* sources[width];
  for (int lane = 0; lane < width; ++lane) {
    const bool there = lane < group.count;
    sources[lane] = job.matrices + static_cast<long>(group.first + (there ? lane : 0)) * n * n;
    find_scale(group, lane, sources[lane], n);
    if (!there) group.scale[lane] = 0;
  }
  const Pack<T> scale = Lanes<Pack<T>>::load(group.scale), zero = Lanes<Pack<T>>::all(T(0));
  T raw[width];
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      for (int lane = 0; lane < width; ++lane) raw[lane] = sources[lane][static_cast<long>(i) * n + j];
      // a lane without scale may hold what is not finite
      const Pack<T> value = select(scale == zero, zero, Lanes<Pack<T>>::load(raw) * scale);
      Lanes<Pack<T>>::store(packed, value);
      packed += width;
    }
  }
}

// Place of every value in ascending order, ties by index: [n] lanes of numbers.
template <class T>
void find_ranks(const EigenSpace<T>& s, int n, T* ranks) {
  const Pack<T> zero = Lanes<Pack<T>>::all(T(0)), one = Lanes<Pack<T>>::all(T(1));
  for (int k = 0; k < n; ++k) {
    const Pack<T> value = at<Pack<T>>(s.diagonal, k);
    Pack<T> rank = zero;
    for (int j = 0; j < n; ++j) {
      const Pack<T> other = at<Pack<T>>(s.diagonal, j);
      const auto below = j < k ? !(value < other) : other < value;
      rank = rank + select(below, one, zero);
    }
    put<Pack<T>>(ranks, k, rank);
  }
}

template <class T>
void store(const EigenJob<T>& job, Group<T>& group, const EigenSpace<T>& s) {
  constexpr int width = width_of<T>;
  const int n = job.size;
  T* ranks = s.scratch;
  find_ranks(s, n, ranks);
  const T nan = not_a_number<T>();
  for (int k = 0; k < n; ++k) {
    for (int lane = 0; lane < group.count; ++lane) {
      const bool good = group.outcome[lane] == EigenOutcome::solved;
      const int rank = good ? static_cast<int>(ranks[k * width + lane]) : k;
      const long matrix = group.first + lane;
      job.values[matrix * n + rank] = good ? s.diagonal[k * width + lane] * group.unscale[lane] : nan;
      T* to = job.vectors + (matrix * n + rank) * n;
      const T* from = s.vectors + static_cast<long>(k) * width + lane;
      const long step = static_cast<long>(n) * width;
      for (int i = 0; i < n; ++i) to[i] = good ? from[i * step] : nan;
    }
  }
}

// Residual and orthogonality by two probes, relative to the largest eigenvalue; a lane that fails is named.
template <class T>
void check(const EigenJob<T>& job, Group<T>& group, const EigenSpace<T>& s) {
  using R = Pack<T>;
  constexpr int width = width_of<T>;
  const int n = job.size;
  const R zero = Lanes<R>::all(T(0));
  R residual = zero, orthogonality = zero, largest = zero;
  for (int probe = 0; probe < 2; ++probe) {
    check_probe<R>(s, n, probe, s.scratch + static_cast<long>(2 + probe) * n * width, residual,
                   orthogonality);
  }
  for (int k = 0; k < n; ++k) largest = hmm::maximum(largest, magnitude(at<R>(s.diagonal, k)));
  const R share = Lanes<R>::all(T(0.5) / static_cast<T>(n));
  const R norm = select(largest == zero, Lanes<R>::all(T(1)), largest);
  T residuals[width], orthogonalities[width], norms[width];
  Lanes<R>::store(residuals, square_root(residual * share) / norm);
  Lanes<R>::store(orthogonalities, square_root(orthogonality * share));
  Lanes<R>::store(norms, largest);
  for (int lane = 0; lane < group.count; ++lane) {
    group.outcome[lane] = judged(group.outcome[lane], residuals[lane], orthogonalities[lane],
                                 norms[lane] * group.unscale[lane], n);
    job.residual[group.first + lane] = residuals[lane];
    job.orthogonality[group.first + lane] = orthogonalities[lane];
  }
}

template <class T>
void solve(const EigenJob<T>& job, int index, T* space) {
  using R = Pack<T>;
  constexpr int width = width_of<T>;
  const int n = job.size;
  Group<T> group;
  group.first = index * width;
  group.count = job.count - group.first < width ? job.count - group.first : width;
  const EigenSpace<T> s = divided(space, n);
  load(job, group, s.matrix);
  for (int probe = 0; probe < 2; ++probe) {
    multiply_probe<R>(s.matrix, n, probe, s.scratch + static_cast<long>(2 + probe) * n * width);
  }
  tridiagonalise<R>(s, n);
  form_vectors<R>(s, n);
  diagonalise<R>(s, n);  // a lane that has not converged shows in its residual
  check(job, group, s);
  store(job, group, s);
  for (int lane = 0; lane < group.count; ++lane) job.outcomes[group.first + lane] = group.outcome[lane];
}

template <class T>
constexpr EigenKernels<T> kernels{width_of<T>, space_of<T>, solve<T>};

}  // namespace

const EigenKernels<float>& eigen_float_kernels() {
  return kernels<float>;
}
const EigenKernels<double>& eigen_double_kernels() {
  return kernels<double>;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::covariance
