#pragma once
// The first stage of one symmetric matrix, by a team of threads that share memory: a block on the GPU, one or
// a few threads in tests. The method and its scalar steps are those of eigen_reduce_body.hpp; here a row of
// the matrix, and later a column of Q, belongs to one thread or to a few that share its entries. The other
// stages: eigen_sweeps_body.hpp, eigen_turn_body.hpp.
//
// A Team has index, threads, sync(), and sum(x) and largest(bits) over its threads, which synchronise too:
// what was written before them is seen after them. Sums are in one order, so results are the same from run to
// run, but those of teams of different sizes differ by roundings.
//
// What bounds it: n³/3 entries of the trailing matrices, each updated and multiplied (three operations, a
// load and a store of its own, one load of 16 bytes that serves a warp), and as many of Q for each pair of
// reflectors (five operations, two loads, a store): 2.5 accesses of shared memory for each entry and step,
// one warp of them a cycle and multiprocessor, and about two barriers a column.

#include "cuda/covariance/eigen_sweeps_body.hpp"

namespace regent::cuda::covariance {

inline constexpr int shares_max = 4;  // threads that share a row

// What every row meets of column j, loaded at once: last reflector and its partner, and the next column as it
// is; while Q is formed, of row j in a pair of reflectors.
template <class T>
struct alignas(16) TeamColumn {
  T v, w, u, unused = 0;
};

// Arrays of one matrix in the team's memory.
template <class T>
struct TeamSpace {
  int n, step;             // step: odd, so that neither rows nor columns fall into one memory bank
  TeamColumn<T>* columns;  // n
  T* square;               // entry (i, k) at k·step + i: the matrix; then column k holds reflector k; then Q
  T *diagonal, *products;  // n; A x of both probes, [2, n]
  T *beside, *factors;     // n each
  T *partial, *both;       // sums of the threads that share a row, [2, shares_max, n], and for all rows
  T* parts;                // [2, n], in their place: signs of the probes
};

REGENT_BODY int team_step(int n) {
  return n | 1;
}
template <class T>
REGENT_BODY std::size_t team_bytes(int n) {
  const std::size_t size = static_cast<std::size_t>(n);
  return size * sizeof(TeamColumn<T>) +
         (size * static_cast<std::size_t>(team_step(n)) + (5 + 2 * shares_max) * size + shares_max) *
             sizeof(T);
}

// memory: aligned to 16 bytes
template <class T>
REGENT_BODY TeamSpace<T> team_space(void* memory, int n) {
  TeamSpace<T> s;
  s.n = n;
  s.step = team_step(n);
  s.columns = static_cast<TeamColumn<T>*>(memory);
  s.square = reinterpret_cast<T*>(s.columns + n);
  s.diagonal = s.square + n * s.step;
  s.products = s.diagonal + n;
  s.beside = s.products + 2 * n;
  s.factors = s.beside + n;
  s.partial = s.parts = s.factors + n;
  s.both = s.partial + 2 * shares_max * n;
  return s;
}

// Which rows are a thread's, and which of their entries: every `shares`-th from number `share` on.
struct TeamShare {
  int share, shares, row, rows;  // row: the first; rows: from one to the next

  template <class Team>
  REGENT_BODY TeamShare(const Team& team, int n) {
    shares = team.threads / n;
    shares = shares < 1 ? 1 : shares > shares_max ? shares_max : shares;
    rows = team.threads / shares;
    share = team.index / rows;
    row = share < shares ? team.index % rows : n;
  }
  // the first row of the thread that is not before `from`
  REGENT_BODY int from(int from) const {
    int i = row;
    while (i < from) i += rows;
    return i;
  }
};

// Both triangles of the scaled matrix from the lower one of `matrix`.
template <class T, class Team>
REGENT_BODY Scaling<T> load(Team& team, const T* matrix, const TeamSpace<T>& s) {
  constexpr int at_once = 8;  // loads under way
  const TeamShare mine(team, s.n);
  typename hmm::Format<T>::Bits largest = 0;
  for (int j = mine.row; j < s.n; j += mine.rows) {
    for (int first = mine.share; first < s.n; first += at_once * mine.shares) {
      T values[at_once];
      for (int c = 0; c < at_once; ++c) {
        const int i = first + c * mine.shares;
        values[c] = j <= i && i < s.n ? matrix[static_cast<long>(i) * s.n + j] : T(0);
      }
      for (int c = 0; c < at_once; ++c) {
        const int i = first + c * mine.shares;
        const auto bits = magnitude_bits(values[c]);
        largest = bits > largest ? bits : largest;
        if (j <= i && i < s.n) s.square[static_cast<long>(i) * s.step + j] = values[c];
      }
    }
  }
  const Scaling<T> scaling = scaling_of<T>(team.largest(largest));
  for (int j = mine.row; j < s.n; j += mine.rows) {
    for (int i = mine.share; i < s.n; i += mine.shares) {
      if (i < j) continue;
      T& below = s.square[static_cast<long>(i) * s.step + j];
      below = scaling.scale == 0 ? T(0) : below * scaling.scale;
      s.square[static_cast<long>(j) * s.step + i] = below;
    }
  }
  return scaling;
}

// A x of both probes, whose signs are where V x will be.
template <class T, class Team>
REGENT_BODY void multiply_probes(Team& team, const TeamSpace<T>& s) {
  for (int j = team.index; j < s.n; j += team.threads) {
    for (int probe = 0; probe < 2; ++probe) s.parts[probe * s.n + j] = T(probe_sign(probe, j));
  }
  team.sync();
  for (int i = team.index; i < s.n; i += team.threads) {
    T sums[2] = {0, 0};
    for (int j = 0; j < s.n; ++j) {
      const T x = s.square[static_cast<long>(j) * s.step + i];
      for (int probe = 0; probe < 2; ++probe) sums[probe] = fused(x, s.parts[probe * s.n + j], sums[probe]);
    }
    for (int probe = 0; probe < 2; ++probe) s.products[probe * s.n + i] = sums[probe];
  }
}

// x for row i: A's entry in column j less the last reflector's v w' + w v'
template <class T>
REGENT_BODY T updated(T x, T minus_v, T minus_w, const TeamColumn<T>& column) {
  return fused(minus_v, column.w, fused(minus_w, column.v, x));
}

// A thread's entries of row i, columns from `first` on, updated; returns their product with the column u.
template <class T>
REGENT_BODY T update_row(const TeamSpace<T>& s, const TeamShare& mine, int i, int first) {
  constexpr int at_once = 4;
  const T minus_v = -s.columns[i].v, minus_w = -s.columns[i].w;
  T sum = 0;
  int j = first + mine.share;
  for (; j + (at_once - 1) * mine.shares < s.n; j += at_once * mine.shares) {
    T x[at_once];
    for (int c = 0; c < at_once; ++c) x[c] = s.square[(j + c * mine.shares) * s.step + i];
    for (int c = 0; c < at_once; ++c) {
      const TeamColumn<T> column = s.columns[j + c * mine.shares];
      x[c] = updated(x[c], minus_v, minus_w, column);
      sum = fused(x[c], column.u, sum);
    }
    for (int c = 0; c < at_once; ++c) s.square[(j + c * mine.shares) * s.step + i] = x[c];
  }
  for (; j < s.n; j += mine.shares) {
    const T x = updated(s.square[j * s.step + i], minus_v, minus_w, s.columns[j]);
    s.square[j * s.step + i] = x;
    sum = fused(x, s.columns[j].u, sum);
  }
  return sum;
}

// τ of the last reflector and −½ τ (p·v); none yet: zeros
template <class T>
struct LastReflector {
  T tau, half;
};

// w_i = τ (p_i − ½ τ (p·v) v_i), p from the sums of all that share row i
template <class T>
REGENT_BODY T partner_of(const TeamSpace<T>& s, const TeamShare& mine, const LastReflector<T>& last, int i,
                         T v) {
  T p = s.partial[i];
  for (int share = 1; share < mine.shares; ++share) p = p + s.partial[share * s.n + i];
  return last.tau * fused(last.half, v, p);
}

// Entry i of column k once the last reflector has acted, which the columns hold from now on.
template <class T>
REGENT_BODY T begin_column(const TeamSpace<T>& s, const TeamShare& mine, const LastReflector<T>& last, int k,
                           int i) {
  TeamColumn<T> own{T(0), T(0), s.square[k * s.step + i]};
  if (k > 0) {
    own.v = s.square[(k - 1) * s.step + i];
    own.w = partner_of(s, mine, last, i, own.v);
    own.u = updated(own.u, -own.v, -own.w, {T(1), partner_of(s, mine, last, k, T(1)), T(0)});
  }
  s.columns[i] = own;
  return own.u;
}

// The reflector of column k, one entry a row of the thread, and its product with the trailing matrix; returns
// what the thread adds to the product of both.
template <class T>
REGENT_BODY T multiply_reflector(const TeamSpace<T>& s, const TeamShare& mine, const Reflector<T>& reflector,
                                 int k) {
  T dot = 0;
  for (int i = mine.from(k + 1); i < s.n; i += mine.rows) {
    const T v = i == k + 1 ? T(1) : s.columns[i].u * reflector.inverse;
    T p = reflector.inverse * update_row(s, mine, i, k + 2);
    if (mine.share == 0) {
      T& first = s.square[(k + 1) * s.step + i];
      first = updated(first, -s.columns[i].v, -s.columns[i].w, s.columns[k + 1]);
      p = p + first;
      s.square[k * s.step + i] = v;
    }
    s.partial[mine.share * s.n + i] = p;
    dot = fused(p, v, dot);
  }
  return dot;
}

// Q' A Q = T as in tridiagonalise() of one thread, one reflector after the other in columns of the square.
template <class T, class Team>
REGENT_BODY void tridiagonalise(Team& team, const TeamSpace<T>& s) {
  const int n = s.n;
  const TeamShare mine(team, n);
  LastReflector<T> last{0, 0};
  for (int k = 0; k + 2 < n; ++k) {
    T square = 0;
    for (int i = mine.from(k); mine.share == 0 && i < n; i += mine.rows) {
      const T x = begin_column(s, mine, last, k, i);
      if (i == k) s.diagonal[k] = x;
      if (i > k + 1) square = fused(x, x, square);
    }
    square = team.sum(square);
    const Reflector<T> reflector = reflector_of<T>(s.columns[k + 1].u, square);
    if (team.index == 0) {
      s.beside[k] = reflector.beta;
      s.factors[k] = reflector.tau;
    }
    last.tau = reflector.tau;
    last.half = T(-0.5) * reflector.tau * team.sum(multiply_reflector(s, mine, reflector, k));
  }
  if (team.index == 0) {
    const int k = n < 2 ? 0 : n - 2;
    for (int i = k; i < n; ++i) {
      const T x = begin_column(s, mine, last, k, i);
      (i == k ? s.diagonal : s.beside)[k] = x;
    }
    if (n > 1) {
      const TeamColumn<T> end = s.columns[n - 1];
      s.diagonal[n - 1] = updated(s.square[(n - 1) * s.step + n - 1], -end.v, -end.w, end);
    }
    s.beside[n - 1] = 0;
  }
  team.sync();
}

// Reflectors k and k − 1 (none below 0) into the columns, by rows, and rows and columns k and k + 1 of the
// identity into the place that they, and the reflector k + 1 before, leave.
template <class T>
REGENT_BODY void take_reflectors(const TeamSpace<T>& s, int k, int row) {
  T *const at_k = s.square + k * s.step, *const next = at_k + s.step;
  TeamColumn<T> pair{T(0), T(0), T(0)};
  if (row > k) pair.v = at_k[row];
  if (k > 0) pair.w = at_k[row - s.step];
  s.columns[row] = pair;
  at_k[row] = T(row == k ? 1 : 0);
  next[row] = T(row == k + 1 ? 1 : 0);
  if (row > k + 1) s.square[row * s.step + k] = s.square[row * s.step + k + 1] = 0;
}

// Products of a column of Q with both reflectors of a pair and theirs with each other: a thread's share.
template <class T>
struct PairProducts {
  T v, w, both;
};
template <class T>
REGENT_BODY void add_products(PairProducts<T>& sums, const TeamColumn<T>& pair, T q) {
  sums.v = fused(pair.v, q, sums.v);
  sums.w = fused(pair.w, q, sums.w);
  sums.both = fused(pair.v, pair.w, sums.both);
}
template <class T>
REGENT_BODY PairProducts<T> multiply_pair(const TeamSpace<T>& s, const TeamShare& mine, int k, const T* q) {
  constexpr int at_once = 4;
  PairProducts<T> sums{0, 0, 0};
  int r = k + mine.share;
  for (; r + (at_once - 1) * mine.shares < s.n; r += at_once * mine.shares) {
    TeamColumn<T> pairs[at_once];
    T x[at_once];
    for (int i = 0; i < at_once; ++i) {
      pairs[i] = s.columns[r + i * mine.shares];
      x[i] = q[r + i * mine.shares];
    }
    for (int i = 0; i < at_once; ++i) add_products(sums, pairs[i], x[i]);
  }
  for (; r < s.n; r += mine.shares) add_products(sums, s.columns[r], q[r]);
  return sums;
}

// H_{k−1} H_k q from the products of all that share the column c: q − a v − b w.
template <class T>
REGENT_BODY void reflect_column(const TeamSpace<T>& s, const TeamShare& mine, int k, int c) {
  constexpr int at_once = 4;
  T* const q = s.square + c * s.step;
  const T *const of_v = s.partial, *const of_w = s.partial + mine.shares * s.n;
  PairProducts<T> sums{0, 0, 0};
  for (int share = 0; share < mine.shares; ++share) {
    sums.v = sums.v + of_v[share * s.n + c];
    sums.w = sums.w + of_w[share * s.n + c];
    sums.both = sums.both + s.both[share];
  }
  const T a = -s.factors[k] * sums.v, b = k == 0 ? T(0) : -s.factors[k - 1] * fused(a, sums.both, sums.w);
  int r = k + mine.share;
  for (; r + (at_once - 1) * mine.shares < s.n; r += at_once * mine.shares) {
    T x[at_once];
    for (int i = 0; i < at_once; ++i) x[i] = q[r + i * mine.shares];
    for (int i = 0; i < at_once; ++i) {
      const TeamColumn<T> pair = s.columns[r + i * mine.shares];
      x[i] = fused(b, pair.w, fused(a, pair.v, x[i]));
    }
    for (int i = 0; i < at_once; ++i) q[r + i * mine.shares] = x[i];
  }
  for (; r < s.n; r += mine.shares) q[r] = fused(b, s.columns[r].w, fused(a, s.columns[r].v, q[r]));
}

// Q = H_0 H_1 … in the place of the reflectors, from the last ones on (LAPACK's dorg2l), two at a time.
template <class T, class Team>
REGENT_BODY void form_vectors(Team& team, const TeamSpace<T>& s) {
  const int n = s.n;
  const TeamShare mine(team, n);
  if (n < 3) {
    for (int c = team.index; c < n; c += team.threads) {
      for (int r = 0; r < n; ++r) s.square[c * s.step + r] = T(r == c ? 1 : 0);
    }
  } else if (team.index == 0) {
    s.square[(n - 1) * s.step + n - 1] = 1;
  }
  team.sync();
  int k = n - 3;
  for (; k >= 0; k -= 2) {
    for (int row = team.index; row < n; row += team.threads) {
      if (row >= k) take_reflectors(s, k, row);
    }
    team.sync();
    for (int c = mine.from(k); c < n; c += mine.rows) {
      const PairProducts<T> sums = multiply_pair(s, mine, k, s.square + c * s.step);
      s.partial[mine.share * n + c] = sums.v;
      s.partial[(mine.shares + mine.share) * n + c] = sums.w;
      if (c == k) s.both[mine.share] = sums.both;
    }
    team.sync();
    for (int c = mine.from(k); c < n; c += mine.rows) reflect_column(s, mine, k, c);
    team.sync();
  }
  // row and column 0 where the last pair was a whole one
  for (int i = team.index; k == -1 && i < n; i += team.threads)
    s.square[i * s.step] = s.square[i] = T(i == 0 ? 1 : 0);
  team.sync();
}

// First stage of the matrix `index` of a job: A = Q T Q', Q where the vectors will be, T's diagonal where the
// values will be. `memory` has team_bytes, aligned to 16 bytes.
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
  T* const q = job.vectors + at * n * n;
  for (int e = team.index; e < s.n * s.n; e += team.threads) q[e] = s.square[e / s.n * s.step + e % s.n];
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

}  // namespace regent::cuda::covariance
