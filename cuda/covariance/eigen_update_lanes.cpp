// The warm start's kernels for one instruction set; compiled once per set (see regent_lanes in
// cuda/CMakeLists.txt): one matrix after the other, neighbouring roots and entries of its vectors as lanes.

#include "cuda/covariance/eigen_update_job.hpp"
#include "cuda/hmm/pack.hpp"
// the body sees Pack's operations
#include "cuda/covariance/eigen_update_body.hpp"

namespace regent::cuda::covariance {
namespace REGENT_INSTRUCTION_SET {
namespace {

template <class T>
using Pack = hmm::REGENT_INSTRUCTION_SET::Pack<T>;
template <class T>
constexpr int width_of = Lanes<Pack<T>>::width;

// Two packs of sums for each row: there are thirty-two registers of 512 bits, and sixteen of fewer.
template <class T>
constexpr int tile_rows = width_of<T> * sizeof(T) == 64 ? 8
                          : width_of<T> < 4             ? 2
                                                        : 4;

// A result is taken when it is within this many rounding errors: a quarter of what a solution from the start
// must reach, so that vectors never drift far.
constexpr int roundings_max(int n) {
  return n < 4 ? 16 : 4 * n;
}

template <class T>
int stride_of(int n) {
  return (n + width_of<T> - 1) / width_of<T> * width_of<T>;
}

// Columns of the vectors that are turned together, whole tiles, one at least: so few that they stay in a
// core's L2 cache where they can.
template <class T>
int block_columns(int n) {
  constexpr int bytes = 128 * 1024, tile = 2 * width_of<T>;
  const int fit = bytes / static_cast<int>(sizeof(T)) / n / tile, all = (n + tile - 1) / tile;
  return (fit < 1 ? 1 : fit < all ? fit : all) * tile;
}

// Arrays of one matrix, each row padded with zeros to `stride`.
template <class T>
struct Space {
  int n, stride;
  T *vectors, *next;                                                  // [n, stride]
  T* turn;                                                            // [stride / width, n, width]
  T* block;                                                           // [tiles of a block, n, two packs]
  T *values, *poles, *weights, *z, *row, *origins, *offsets, *scale;  // [stride and two packs]
  T *probes, *products, *images, *backs;                              // [2, stride]
};

template <class T>
std::size_t space_of(int size) {
  const std::size_t stride = static_cast<std::size_t>(stride_of<T>(size));
  return static_cast<std::size_t>(size) * (3 * stride + static_cast<std::size_t>(block_columns<T>(size))) +
         8 * (stride + 2 * width_of<T>)+8 * stride;
}

template <class T>
Space<T> divided(T* space, int size) {
  const long n = size, stride = stride_of<T>(size), line = stride + 2 * width_of<T>;
  Space<T> s;
  s.n = size;
  s.stride = static_cast<int>(stride);
  const auto take = [&space](long count) {
    T* const taken = space;
    space += count;
    return taken;
  };
  T** const squares[] = {&s.vectors, &s.next, &s.turn};
  for (T** square : squares) *square = take(n * stride);
  s.block = take(n * block_columns<T>(size));
  T** const lines[] = {&s.values, &s.poles, &s.weights, &s.z, &s.row, &s.origins, &s.offsets, &s.scale};
  for (T** array : lines) *array = take(line);
  T** const pairs[] = {&s.probes, &s.products, &s.images, &s.backs};
  for (T** pair : pairs) *pair = take(2 * stride);
  return s;
}

template <class T>
void fill(T* to, T value, long count) {
  for (long i = 0; i < count; ++i) to[i] = value;
}

// `count` numbers and zeros up to the stride
template <class T>
void copy_padded(const T* from, int count, int stride, T* to) {
  __builtin_memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
  fill(to + count, T(0), stride - count);
}

template <class T>
T sum_of(Pack<T> lanes) {
  T values[width_of<T>], sum = 0;
  Lanes<Pack<T>>::store(values, lanes);
  for (const T value : values) sum += value;
  return sum;
}

template <class T>
T dot(const T* a, const T* b, int stride) {
  Pack<T> sum = Lanes<Pack<T>>::all(T(0));
  for (int i = 0; i < stride; i += width_of<T>)
    sum = fused(Lanes<Pack<T>>::load(a + i), Lanes<Pack<T>>::load(b + i), sum);
  return sum_of<T>(sum);
}

// A power of two that brings the largest of the values and of the rows' reaches to about one.
template <class T>
T scale_for(const EigenUpdateJob<T>& job, int index, Space<T>& s) {
  T largest = hmm::Format<T>::smallest_normal;
  for (int k = 0; k < s.n; ++k) largest = hmm::maximum(largest, magnitude(job.keep * s.values[k]));
  for (int t = 0; t < job.rows; ++t) {
    const long at = static_cast<long>(index) * job.rows + t;
    copy_padded(job.directions + at * s.n, s.n, s.stride, s.row);
    largest = hmm::maximum(largest, magnitude(job.weights[at]) * dot(s.row, s.row, s.stride));
  }
  return Lanes<T>::inverse_power_of_two(largest);
}

// Poles from the values, kept apart, and z from the row; returns the change's sign.
template <class T>
Secular<T> secular_of(Space<T>& s, T weight) {
  T reach = 0, largest = 0;
  for (int k = 0; k < s.n; ++k) largest = hmm::maximum(largest, magnitude(s.values[k]));
  const T root = square_root(magnitude(weight)), apart = 2 * epsilon<T> * hmm::maximum(largest, T(1));
  for (int k = 0; k < s.n; ++k) {
    T z = root * dot(s.vectors + static_cast<long>(k) * s.stride, s.row, s.stride);
    if (z * z < least_weight<T>) z = square_root(least_weight<T>) * (z < 0 ? T(-1) : T(1));
    s.z[k] = z;
    s.weights[1 + k] = z * z;
    reach += z * z;
    s.poles[1 + k] = k == 0 ? s.values[0] : hmm::maximum(s.values[k], s.poles[k] + apart);
  }
  s.weights[0] = 0;
  s.poles[0] = s.poles[1] - 2 * reach - apart;
  const int end = s.n + 1, line = s.stride + 2 * width_of<T>;
  fill(s.weights + end, T(0), line - end);
  fill(s.poles + end, s.poles[s.n] + 2 * reach + apart, line - end);
  return {s.poles, s.weights, s.n, weight < 0 ? T(-1) : T(1)};
}

// z with the roots' own magnitudes
template <class T>
void correct_vector(const Secular<T>& secular, Space<T>& s) {
  for (int first = 0; first < s.n; first += width_of<T>) {
    T exact[width_of<T>];
    Lanes<Pack<T>>::store(exact, exact_vector<Pack<T>>(secular, s.origins, s.offsets, first));
    for (int lane = 0; lane < width_of<T> && first + lane < s.n; ++lane)
      s.z[first + lane] = s.z[first + lane] < 0 ? -exact[lane] : exact[lane];
  }
}

template <class T>
T* strip_of(const Space<T>& s, int first) {
  constexpr int width = width_of<T>;
  return s.turn + static_cast<long>(first / width) * width * s.n + first % width;
}

// The columns [begin, end) of the vectors, tile after tile: rows of a tile then follow one another, where
// each of a matrix would be on a page of its own.
template <class T>
void pack_columns(const Space<T>& s, int begin, int end) {
  using R = Pack<T>;
  constexpr int tile = 2 * width_of<T>;
  T* to = s.block;
  for (int column = begin; column < end; column += tile) {
    const T* from = s.vectors + column;
    const bool whole = column + tile <= end;  // the last one may be a pack narrower
    for (int i = 0; i < s.n; ++i, to += tile, from += s.stride) {
      Lanes<R>::store(to, Lanes<R>::load(from));
      if (whole) Lanes<R>::store(to + width_of<T>, Lanes<R>::load(from + width_of<T>));
    }
  }
}

template <class T>
void turn_rows(const Space<T>& s, int first, int column, const T* panel) {
  constexpr int rows = tile_rows<T>;
  const int left = s.n - first < rows ? s.n - first : rows;
  T* const to = s.next + static_cast<long>(first) * s.stride + column;
  const auto turn =
      column + 2 * width_of<T> <= s.stride ? turn_tile<Pack<T>, rows, 2> : turn_tile<Pack<T>, rows, 1>;
  turn(strip_of(s, first), panel, s.scale + first, s.n, left, to, s.stride);
}

template <class T>
void turn_vectors(const Space<T>& s) {
  constexpr int tile = 2 * width_of<T>;
  static_assert(width_of<T> % tile_rows<T> == 0, "the rows of a tile lie in one strip");
  const int block = block_columns<T>(s.n);
  for (int begin = 0; begin < s.stride; begin += block) {
    const int end = begin + block < s.stride ? begin + block : s.stride;
    pack_columns(s, begin, end);
    for (int first = 0; first < s.n; first += tile_rows<T>) {
      for (int column = begin; column < end; column += tile)
        turn_rows(s, first, column, s.block + static_cast<long>(column - begin) * s.n);
    }
  }
}

// Values and vectors after weight · row row' was added to the matrix.
template <class T>
void add_row(Space<T>& s, T weight) {
  using R = Pack<T>;
  const Secular<T> secular = secular_of(s, weight);
  for (int first = 0; first < s.n; first += width_of<T>) {
    const SecularRoots<R> roots = find_roots<R>(secular, first, s.n);
    Lanes<R>::store(s.origins + first, roots.origin);
    Lanes<R>::store(s.offsets + first, roots.offset);
    Lanes<R>::store(s.values + first, roots.origin + roots.offset);
  }
  correct_vector(secular, s);
  for (int first = 0; first < s.n; first += width_of<T>) {
    const SecularRoots<R> roots{Lanes<R>::load(s.origins + first), Lanes<R>::load(s.offsets + first)};
    Lanes<R>::store(s.scale + first, fill_turn<R>(secular, s.z, roots, strip_of(s, first)));
  }
  turn_vectors(s);
  T* const before = s.vectors;
  s.vectors = s.next;
  s.next = before;
}

// products = A x for both probes, from the lower triangle.
template <class T>
void multiply_probes(const T* matrix, Space<T>& s) {
  using R = Pack<T>;
  fill(s.products, T(0), 2L * s.stride);
  for (int i = 0; i < s.n; ++i) {
    const T* const row = matrix + static_cast<long>(i) * s.n;
    const int end = stride_of<T>(i);
    copy_padded(row, i, end, s.row);
    for (int p = 0; p < 2; ++p) {
      const T* const x = s.probes + static_cast<long>(p) * s.stride;
      T* const y = s.products + static_cast<long>(p) * s.stride;
      const R xi = Lanes<R>::all(x[i]);
      for (int j = 0; j < end; j += width_of<T>)
        Lanes<R>::store(y + j, fused(Lanes<R>::load(s.row + j), xi, Lanes<R>::load(y + j)));
      y[i] += row[i] * x[i] + dot(s.row, x, end);
    }
  }
}

// For a probe x: images = V'Λ V x with the values as they are given out, backs = V'V x.
template <class T>
void multiply_vectors(const T* values, int p, Space<T>& s) {
  using R = Pack<T>;
  const T* const x = s.probes + static_cast<long>(p) * s.stride;
  T* const image = s.images + static_cast<long>(p) * s.stride;
  T* const back = s.backs + static_cast<long>(p) * s.stride;
  fill(image, T(0), s.stride);
  fill(back, T(0), s.stride);
  for (int k = 0; k < s.n; ++k) {
    const T* const row = s.vectors + static_cast<long>(k) * s.stride;
    const T part = dot(row, x, s.stride);
    const R by_part = Lanes<R>::all(part), by_value = Lanes<R>::all(part * values[k]);
    for (int c = 0; c < s.stride; c += width_of<T>) {
      const R entry = Lanes<R>::load(row + c);
      Lanes<R>::store(back + c, fused(entry, by_part, Lanes<R>::load(back + c)));
      Lanes<R>::store(image + c, fused(entry, by_value, Lanes<R>::load(image + c)));
    }
  }
}

// Residual and orthogonality by two probes; whether both are small.
template <class T>
bool check(const EigenUpdateJob<T>& job, int index, T scale, Space<T>& s) {
  const int n = s.n;
  const T* const values = job.eigen.values + static_cast<long>(index) * n;
  T residual = 0, orthogonality = 0, largest = 0;
  for (int p = 0; p < 2; ++p) {
    T* const x = s.probes + static_cast<long>(p) * s.stride;
    for (int i = 0; i < s.stride; ++i) x[i] = i < n ? T(probe_sign(p, i)) : T(0);
  }
  multiply_probes(job.eigen.matrices + static_cast<long>(index) * n * n, s);
  for (int p = 0; p < 2; ++p) {
    multiply_vectors(values, p, s);
    for (int i = p * s.stride; i < p * s.stride + n; ++i) {
      const T away = (s.products[i] - s.images[i]) * scale, off = s.backs[i] - s.probes[i];
      residual = fused(away, away, residual);
      orthogonality = fused(off, off, orthogonality);
    }
  }
  for (int k = 0; k < n; ++k) largest = hmm::maximum(largest, magnitude(values[k] * scale));
  const T share = T(0.5) / static_cast<T>(n), limit = static_cast<T>(roundings_max(n)) * epsilon<T>;
  job.eigen.residual[index] = square_root(residual * share) / (largest > 0 ? largest : T(1));
  job.eigen.orthogonality[index] = square_root(orthogonality * share);
  return job.eigen.residual[index] <= limit && job.eigen.orthogonality[index] <= limit;
}

template <class T>
void update(const EigenUpdateJob<T>& job, int index, T* space) {
  Space<T> s = divided(space, job.eigen.size);
  const int n = s.n;
  T* const values = job.eigen.values + static_cast<long>(index) * n;
  T* const vectors = job.eigen.vectors + static_cast<long>(index) * n * n;
  if (!(values[n - 1] - values[n - 1] == 0)) {
    job.eigen.outcomes[index] = EigenOutcome::not_converged;  // it failed before
    return;
  }
  copy_padded(values, n, s.stride, s.values);
  for (int k = 0; k < n; ++k)
    copy_padded(vectors + static_cast<long>(k) * n, n, s.stride, s.vectors + static_cast<long>(k) * s.stride);
  const T scale = scale_for(job, index, s);
  for (int k = 0; k < n; ++k) s.values[k] *= job.keep * scale;
  for (int t = 0; t < job.rows; ++t) {
    const long at = static_cast<long>(index) * job.rows + t;
    copy_padded(job.directions + at * n, n, s.stride, s.row);
    if (job.weights[at] != 0) add_row(s, job.weights[at] * scale);
  }
  for (int k = 0; k < n; ++k) {
    values[k] = s.values[k] / scale;
    __builtin_memcpy(vectors + static_cast<long>(k) * n, s.vectors + static_cast<long>(k) * s.stride,
                     static_cast<std::size_t>(n) * sizeof(T));
  }
  job.eigen.outcomes[index] =
      check(job, index, scale, s) ? EigenOutcome::solved : EigenOutcome::not_converged;
}

template <class T>
constexpr EigenUpdateKernels<T> kernels{space_of<T>, update<T>};

}  // namespace

const EigenUpdateKernels<float>& eigen_update_float_kernels() {
  return kernels<float>;
}
const EigenUpdateKernels<double>& eigen_update_double_kernels() {
  return kernels<double>;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::covariance
