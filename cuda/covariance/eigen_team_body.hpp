#pragma once
// The first and the last stage of one symmetric matrix, by a team of threads that share memory: a warp or a
// block on the GPU, one or a few threads in tests. The method and its scalar steps are those of
// eigen_body.hpp; here every row of the matrix, and later of the vectors, belongs to one thread. Between the
// stages lie the sweeps of eigen_sweeps_body.hpp.
//
// A Team has index, threads, sync(), and sum(x) and largest(bits) over its threads, which synchronise too:
// what was written before them is seen after them. Sums are in one order, so results are the same from run to
// run, but those of teams of different sizes differ by roundings.

#include "cuda/covariance/eigen_sweeps_body.hpp"

namespace regent::cuda::covariance {

// Sweeps of whole length whose rotations are in the team's memory at a time.
inline constexpr int team_sweeps_kept = 4;

// Arrays of one matrix in the team's memory.
template <class T>
struct TeamSpace {
  int n, step;  // step: odd, so that neither rows nor columns fall into one memory bank
  T* square;    // entry (i, k) at k·step + i: the matrix; then column k holds reflector k; then vector k
  T *diagonal, *products;       // n; A x of both probes, [2, n]
  T *beside, *factors, *w, *p;  // first stage: n each
  T *parts, *rotations;         // last stage, in their place: V x of both probes, [2, n]; rotations kept
  int* ranks;                   // last stage: n
};

REGENT_BODY int team_step(int n) {
  return n | 1;
}
template <class T>
REGENT_BODY std::size_t team_bytes(int n) {
  const std::size_t size = static_cast<std::size_t>(n);
  return (size * static_cast<std::size_t>(team_step(n)) + (5 + 2 * team_sweeps_kept) * size) * sizeof(T) +
         size * sizeof(int);
}

template <class T>
REGENT_BODY TeamSpace<T> team_space(void* memory, int n) {
  TeamSpace<T> s;
  s.n = n;
  s.step = team_step(n);
  s.square = static_cast<T*>(memory);
  s.diagonal = s.square + n * s.step;
  s.products = s.diagonal + n;
  s.beside = s.parts = s.products + 2 * n;
  s.factors = s.beside + n;
  s.w = s.factors + n;
  s.p = s.w + n;
  s.rotations = s.parts + 2 * n;
  s.ranks = reinterpret_cast<int*>(s.rotations + 2 * team_sweeps_kept * n);
  return s;
}

// The first of this thread's rows that is not before `from`.
template <class Team>
REGENT_BODY int own_from(const Team& team, int from) {
  int i = team.index;
  while (i < from) i += team.threads;
  return i;
}

// Both triangles of the scaled matrix from the lower one of `matrix`.
template <class T, class Team>
REGENT_BODY Scaling<T> load(Team& team, const T* matrix, const TeamSpace<T>& s) {
  typename hmm::Format<T>::Bits largest = 0;
  for (int i = 0; i < s.n; ++i) {
    for (int j = team.index; j <= i; j += team.threads) {
      const T value = matrix[static_cast<long>(i) * s.n + j];
      s.square[static_cast<long>(i) * s.step + j] = value;
      const auto bits = magnitude_bits(value);
      largest = bits > largest ? bits : largest;
    }
  }
  const Scaling<T> scaling = scaling_of<T>(team.largest(largest));
  for (int i = 0; i < s.n; ++i) {
    for (int j = team.index; j <= i; j += team.threads) {
      T& below = s.square[static_cast<long>(i) * s.step + j];
      below = scaling.scale == 0 ? T(0) : below * scaling.scale;
      s.square[static_cast<long>(j) * s.step + i] = below;
    }
  }
  team.sync();
  return scaling;
}

template <class T, class Team>
REGENT_BODY void multiply_probes(Team& team, const TeamSpace<T>& s) {
  for (int i = team.index; i < s.n; i += team.threads) {
    for (int probe = 0; probe < 2; ++probe) {
      T sum = 0;
      for (int j = 0; j < s.n; ++j)
        sum = fused(s.square[static_cast<long>(j) * s.step + i], T(probe_sign(probe, j)), sum);
      s.products[probe * s.n + i] = sum;
    }
  }
}

// Row i of A − v w' − w v' times u, for columns from `first` on, with A updated; nothing to update without v.
template <class T>
REGENT_BODY T update_row(const TeamSpace<T>& s, int i, int first, const T* v, const T* u) {
  T sum = 0;
  const T minus_v = v == nullptr ? T(0) : -v[i], minus_w = v == nullptr ? T(0) : -s.w[i];
  for (int j = first; j < s.n; ++j) {
    T x = s.square[j * s.step + i];
    if (v != nullptr) {
      x = fused(minus_v, s.w[j], fused(minus_w, v[j], x));
      s.square[j * s.step + i] = x;
    }
    sum = fused(x, u[j], sum);
  }
  return sum;
}

// Q' A Q = T as in tridiagonalise() of one thread, one reflector after the other in columns of the square.
template <class T, class Team>
REGENT_BODY void tridiagonalise(Team& team, const TeamSpace<T>& s) {
  const int n = s.n;
  const T* before = nullptr;  // the reflector whose update the trailing matrix still waits for
  for (int k = 0; k + 2 < n; ++k) {
    T* const v = s.square + k * s.step;
    T square = 0;
    for (int i = own_from(team, k); i < n; i += team.threads) {
      T x = v[i];
      if (before != nullptr) x = fused(-before[i], s.w[k], fused(-s.w[i], before[k], x));
      // the entry below the pivot stays on the next place of the diagonal until all have seen it
      if (i <= k + 1) s.diagonal[i] = x;
      if (i > k + 1) square = fused(x, x, square);
      v[i] = x;
    }
    square = team.sum(square);
    const Reflector<T> reflector = reflector_of<T>(s.diagonal[k + 1], square);
    for (int i = own_from(team, k + 1); i < n; i += team.threads)
      v[i] = i == k + 1 ? T(1) : v[i] * reflector.inverse;
    if (team.index == 0) {
      s.beside[k] = reflector.beta;
      s.factors[k] = reflector.tau;
    }
    team.sync();
    T dot = 0;
    for (int i = own_from(team, k + 1); i < n; i += team.threads) {
      s.p[i] = update_row(s, i, k + 1, before, v);
      dot = fused(s.p[i], v[i], dot);
    }
    const T share = T(-0.5) * reflector.tau * team.sum(dot);
    for (int i = own_from(team, k + 1); i < n; i += team.threads)
      s.w[i] = reflector.tau * fused(share, v[i], s.p[i]);
    team.sync();
    before = v;
  }
  if (team.index == 0) {
    for (int i = n < 2 ? 0 : n - 2; i < n; ++i) {
      for (int j = n < 2 ? 0 : n - 2; j <= i; ++j) {
        T x = s.square[j * s.step + i];
        if (before != nullptr) x = fused(-before[i], s.w[j], fused(-s.w[i], before[j], x));
        (i == j ? s.diagonal : s.beside)[j] = x;
      }
    }
    s.beside[n - 1] = 0;
  }
  team.sync();
}

// Column c of Q from H_k on: what it is from H_{k+1} on, reflected. Row and column k + 1 are still those of
// the identity.
template <class T>
REGENT_BODY void reflect_column(const TeamSpace<T>& s, int k, int c) {
  const T* const v = s.square + k * s.step;
  T* const q = s.square + c * s.step;
  q[k + 1] = 0;
  if (c == k + 1) {
    for (int r = k + 2; r < s.n; ++r) q[r] = 0;
    q[c] = 1;
  }
  T dot = 0;
  for (int r = k + 1; r < s.n; ++r) dot = fused(v[r], q[r], dot);
  dot = -s.factors[k] * dot;
  for (int r = k + 1; r < s.n; ++r) q[r] = fused(dot, v[r], q[r]);
}

// Q = H_0 H_1 … in the place of the reflectors, from the last one on (LAPACK's dorg2l).
template <class T, class Team>
REGENT_BODY void form_vectors(Team& team, const TeamSpace<T>& s) {
  const int n = s.n;
  if (team.index == 0) s.square[(n - 1) * s.step + n - 1] = 1;
  team.sync();
  for (int k = n - 3; k >= 0; --k) {
    for (int c = own_from(team, k + 1); c < n; c += team.threads) reflect_column(s, k, c);
    team.sync();
  }
  for (int c = team.index; c < n; c += team.threads) s.square[c * s.step] = c == 0 ? T(1) : T(0);
  if (team.index == 0) {
    for (int r = 1; r < n; ++r) s.square[r] = 0;
  }
  team.sync();
}

// One row of the vectors
template <class T>
struct StridedRow {
  T* q;
  int step;
  REGENT_BODY T get(int, int k) const { return q[k * step]; }
  REGENT_BODY void set(int, int k, T value) const { q[k * step] = value; }
};

// Turns the vectors by the rotations of a round, which come into the team's memory a few sweeps at a time.
template <class T, class Team>
REGENT_BODY void turn_vectors(Team& team, const TeamSpace<T>& s, const EigenStages<T>& stages, int index) {
  const T* from = stages.rotations_of(index);
  const std::uint8_t *lows = stages.lows_of(index), *highs = stages.highs_of(index);
  const int sweeps = stages.states[index].sweeps;
  for (int first = 0; first < sweeps;) {
    int end = first, pairs = 0;
    for (; end < sweeps && pairs + highs[end] - lows[end] <= team_sweeps_kept * s.n; ++end)
      pairs += highs[end] - lows[end];
    for (int e = team.index; e < 2 * pairs; e += team.threads) s.rotations[e] = from[e];
    team.sync();
    for (int i = team.index; i < s.n; i += team.threads) {
      const T* rotations = s.rotations;
      for (int sweep = first; sweep < end; ++sweep) {
        turn_rows<T, 1>(StridedRow<T>{s.square + i, s.step}, rotations, lows[sweep], highs[sweep]);
        rotations += 2 * (highs[sweep] - lows[sweep]);
      }
    }
    team.sync();
    from += 2 * pairs;
    first = end;
  }
}

template <class T>
struct TeamCheck {
  T residual, orthogonality, largest;
};

// As check_probe(), over both probes: root mean squares relative to the largest value, and that.
template <class T, class Team>
REGENT_BODY TeamCheck<T> check(Team& team, const TeamSpace<T>& s) {
  const int n = s.n;
  for (int k = team.index; k < n; k += team.threads) {
    const T* const vector = s.square + static_cast<long>(k) * s.step;
    for (int probe = 0; probe < 2; ++probe) {
      T sum = 0;
      for (int i = 0; i < n; ++i) sum = fused(vector[i], T(probe_sign(probe, i)), sum);
      s.parts[probe * n + k] = sum;
    }
  }
  team.sync();
  T residual = 0, orthogonality = 0, largest = 0;
  for (int i = team.index; i < n; i += team.threads) {
    for (int probe = 0; probe < 2; ++probe) {
      T back = 0, image = 0;
      for (int k = 0; k < n; ++k) {
        const T part = s.square[static_cast<long>(k) * s.step + i] * s.parts[probe * n + k];
        back = back + part;
        image = fused(part, s.diagonal[k], image);
      }
      const T away = s.products[probe * n + i] - image, off = back - T(probe_sign(probe, i));
      residual = fused(away, away, residual);
      orthogonality = fused(off, off, orthogonality);
    }
  }
  for (int k = 0; k < n; ++k) largest = hmm::maximum(largest, magnitude(s.diagonal[k]));
  const T share = T(0.5) / static_cast<T>(n);
  residual = square_root(team.sum(residual) * share) / (largest == 0 ? T(1) : largest);
  orthogonality = square_root(team.sum(orthogonality) * share);
  return {residual, orthogonality, largest};
}

// Values and vectors in ascending order, ties by index; NaN for a matrix that was not solved.
template <class T, class Team>
REGENT_BODY void store(Team& team, const TeamSpace<T>& s, T unscale, bool good, T* values, T* vectors) {
  const T nan = not_a_number<T>();
  for (int k = team.index; k < s.n; k += team.threads) {
    int rank = good ? 0 : k;
    for (int j = 0; good && j < s.n; ++j) {
      const bool below = j < k ? !(s.diagonal[k] < s.diagonal[j]) : s.diagonal[j] < s.diagonal[k];
      rank += below ? 1 : 0;
    }
    s.ranks[k] = rank;
    values[rank] = good ? s.diagonal[k] * unscale : nan;
  }
  team.sync();
  for (int k = 0; k < s.n; ++k) {
    for (int i = team.index; i < s.n; i += team.threads)
      vectors[static_cast<long>(s.ranks[k]) * s.n + i] = good ? s.square[k * s.step + i] : nan;
  }
}

// The square to where the vectors of its matrix are, [n, n], and back.
template <class T, class Team>
REGENT_BODY void save_square(const Team& team, const TeamSpace<T>& s, T* vectors) {
  for (int k = 0; k < s.n; ++k) {
    for (int i = team.index; i < s.n; i += team.threads)
      vectors[static_cast<long>(k) * s.n + i] = s.square[k * s.step + i];
  }
}
template <class T, class Team>
REGENT_BODY void load_square(const Team& team, const TeamSpace<T>& s, const T* vectors) {
  for (int k = 0; k < s.n; ++k) {
    for (int i = team.index; i < s.n; i += team.threads)
      s.square[k * s.step + i] = vectors[static_cast<long>(k) * s.n + i];
  }
}

// First stage of the matrix `index` of a job: A = Q T Q', Q where the vectors will be, T's diagonal where the
// values will be. `memory` has team_bytes, aligned for T.
template <class T, class Team>
REGENT_BODY void reduce_by_team(Team& team, const EigenJob<T>& job, const EigenStages<T>& stages, int index,
                                void* memory) {
  const TeamSpace<T> s = team_space<T>(memory, job.size);
  const std::ptrdiff_t at = index, n = s.n;
  const Scaling<T> scaling = load(team, job.matrices + at * n * n, s);
  multiply_probes(team, s);
  team.sync();
  tridiagonalise(team, s);
  form_vectors(team, s);
  save_square(team, s, job.vectors + at * n * n);
  for (int i = team.index; i < s.n; i += team.threads) {
    job.values[at * n + i] = s.diagonal[i];
    stages.beside[at * n + i] = s.beside[i];
    for (int probe = 0; probe < 2; ++probe)
      stages.products[(at * 2 + probe) * n + i] = s.products[probe * n + i];
  }
  if (team.index != 0) return;
  stages.scaling[index] = scaling;
  stages.states[index] = {0, sweeps_per_value * s.n, 0, false, false};
}

// Last stage, after each round of sweeps: turns Q by its rotations; after the last round Q are the vectors,
// and values and vectors are checked and sorted. What has not converged shows in its residual.
template <class T, class Team>
REGENT_BODY void finish_by_team(Team& team, const EigenJob<T>& job, const EigenStages<T>& stages, int index,
                                void* memory) {
  const SweepState state = stages.states[index];
  if (state.finished) return;
  const TeamSpace<T> s = team_space<T>(memory, job.size);
  const std::ptrdiff_t at = index, n = s.n;
  T *values = job.values + at * n, *vectors = job.vectors + at * n * n;
  load_square(team, s, vectors);
  for (int i = team.index; i < s.n; i += team.threads) {
    s.diagonal[i] = values[i];
    for (int probe = 0; probe < 2; ++probe)
      s.products[probe * n + i] = stages.products[(at * 2 + probe) * n + i];
  }
  team.sync();
  turn_vectors(team, s, stages, index);
  if (!state.made) return save_square(team, s, vectors);
  const Scaling<T> scaling = stages.scaling[index];
  const TeamCheck<T> found = check(team, s);
  const EigenOutcome outcome =
      judged(scaling.outcome, found.residual, found.orthogonality, found.largest * scaling.unscale, s.n);
  store(team, s, scaling.unscale, outcome == EigenOutcome::solved, values, vectors);
  if (team.index != 0) return;
  job.residual[index] = found.residual;
  job.orthogonality[index] = found.orthogonality;
  job.outcomes[index] = outcome;
  stages.states[index].finished = true;
}

}  // namespace regent::cuda::covariance
