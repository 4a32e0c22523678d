#pragma once
// The last stage of one symmetric matrix: a team for each slab of rows turns Q by the rotations of the sweeps
// (eigen_sweeps_body.hpp) and puts the vectors in order; then a team checks them.
//
// Four sweeps pass along a row together, each one entry behind the one before, so that an entry is loaded and
// stored once for four rotations. A tile, four entries by four sweeps, is 64 operations, eight accesses of
// shared memory for each row and eight loads of 16 bytes that serve a warp: nearly all of what a
// multiprocessor issues turns. Sweeps of unequal range turn by the identity outside of it, which changes no
// bit but a zero's sign.

#include "cuda/covariance/eigen_team_body.hpp"

namespace regent::cuda::covariance {

inline constexpr int wave_sweeps = 4, tile_entries = 4;
static_assert(wave_sweeps == tile_entries,
              "the first tile of a row stores nothing, the last one loads nothing");

// Arrays of one slab in its team's memory. No more than this, so that six slabs of n = 128 in fp32 and three
// in fp64 share a multiprocessor's.
template <class T>
struct SlabSpace {
  int n, step, columns;  // step: odd; columns: n in whole tiles, zeros beyond it
  T* rotations;          // [columns + wave_sweeps, wave_sweeps, 2]
  T* square;             // entry (i, k) of Q at k·step + i
  T *values, *signs;     // in the place of the rotations, after them: n, and both probes', [2, rows]
  int* ranks;            // n
};

REGENT_BODY int whole_tiles(int n) {
  return (n + tile_entries - 1) / tile_entries * tile_entries;
}
template <class T>
REGENT_BODY std::size_t slab_bytes(int n) {
  const std::size_t columns = static_cast<std::size_t>(whole_tiles(n)),
                    rows = static_cast<std::size_t>(rows_of_a_slab(n));
  return ((columns + wave_sweeps) * wave_sweeps * 2 + columns * (rows | 1)) * sizeof(T);
}
// memory: aligned to 16 bytes
template <class T>
REGENT_BODY SlabSpace<T> slab_space(void* memory, int n) {
  SlabSpace<T> s;
  s.n = n;
  s.step = rows_of_a_slab(n) | 1;
  s.columns = whole_tiles(n);
  s.rotations = s.values = static_cast<T*>(memory);
  s.square = s.rotations + (s.columns + wave_sweeps) * wave_sweeps * 2;
  s.signs = s.values + n;
  s.ranks = reinterpret_cast<int*>(s.signs + 2 * rows_of_a_slab(n));
  return s;
}

// Sweeps that go together: rows of each one's rotations and where they begin in the matrix's.
struct Wave {
  int lows[wave_sweeps], highs[wave_sweeps], starts[wave_sweeps];
  int top, tiles, rotations;  // entries top, top − 1, … in whole tiles; of all sweeps
};

REGENT_BODY Wave wave_of(const std::uint8_t* lows, const std::uint8_t* highs, int first, int sweeps,
                         int columns) {
  Wave wave{};
  int low = columns, high = 0;
  for (int w = 0; w < wave_sweeps; ++w) {
    const bool there = first + w < sweeps;
    wave.lows[w] = there ? lows[first + w] : 0;
    wave.highs[w] = there ? highs[first + w] : 0;
    wave.starts[w] = wave.rotations;
    wave.rotations += wave.highs[w] - wave.lows[w];
    if (there && wave.lows[w] < low) low = wave.lows[w];
    if (wave.highs[w] > high) high = wave.highs[w];
  }
  const int entries = whole_tiles(high - low + 1);
  wave.tiles = entries / tile_entries;
  wave.top = low + entries <= columns ? low + entries - 1 : columns - 1;
  return wave;
}

// numbers[sweep] of numbers that stay in registers
REGENT_BODY int of_sweep(const int (&numbers)[wave_sweeps], int sweep) {
  const int even = (sweep & 2) != 0 ? numbers[2] : numbers[0],
            odd = (sweep & 2) != 0 ? numbers[3] : numbers[1];
  return (sweep & 1) != 0 ? odd : even;
}

// The rotations of a wave in the order in which a row meets them: by entries, then sweeps.
template <class T, class Team>
REGENT_BODY void take_rotations(const Team& team, const Wave& wave, const T* from, T* rotations) {
  const int all = (wave.tiles + 1) * tile_entries * wave_sweeps;
  for (int e = team.index; e < all; e += team.threads) {
    const int sweep = e % wave_sweeps, row = wave.top - e / wave_sweeps + sweep;
    const int low = of_sweep(wave.lows, sweep), high = of_sweep(wave.highs, sweep);
    const bool turns = low <= row && row < high;
    const T* const given = from + 2 * (turns ? of_sweep(wave.starts, sweep) + row - low : 0);
    Rotation<T> rotation{T(1), T(0)};
    if (turns) rotation = *reinterpret_cast<const Rotation<T>*>(given);
    reinterpret_cast<Rotation<T>*>(rotations)[e] = rotation;
  }
}

// What is loaded at once
template <class T>
struct alignas(16) SixteenBytes {
  static constexpr int count = 16 / sizeof(T);
  T of[count];
};

// One tile of a row: entries q, q − step, … through all sweeps of the wave, each of which holds one entry.
template <class T, bool loads, bool stores>
REGENT_BODY void turn_tile(T* q, int step, const T* rotations, T (&held)[wave_sweeps]) {
  T y[tile_entries];
  for (int i = 0; i < tile_entries; ++i) y[i] = loads ? q[-i * step] : T(0);
  for (int i = 0; i < tile_entries; ++i) {
    T pairs[2 * wave_sweeps];
    for (int part = 0; part < 2 * wave_sweeps / SixteenBytes<T>::count; ++part) {
      const auto loaded = reinterpret_cast<const SixteenBytes<T>*>(rotations + i * 2 * wave_sweeps)[part];
      for (int e = 0; e < SixteenBytes<T>::count; ++e)
        pairs[part * SixteenBytes<T>::count + e] = loaded.of[e];
    }
    for (int w = 0; w < wave_sweeps; ++w) y[i] = turn<T>(pairs[2 * w], pairs[2 * w + 1], held[w], y[i]);
  }
  for (int i = 0; stores && i < tile_entries; ++i) q[(wave_sweeps - i) * step] = y[i];
}

template <class T>
REGENT_BODY void turn_row(T* q, int step, const T* rotations, int tiles) {
  constexpr int tile_rotations = 2 * tile_entries * wave_sweeps;
  T held[wave_sweeps] = {};
  turn_tile<T, true, false>(q, step, rotations, held);
  for (int tile = 1; tile < tiles; ++tile) {
    q -= tile_entries * step;
    rotations += tile_rotations;
    turn_tile<T, true, true>(q, step, rotations, held);
  }
  turn_tile<T, false, true>(q - tile_entries * step, step, rotations + tile_rotations, held);
}

template <class T, class Team>
REGENT_BODY void turn_vectors(Team& team, const SlabSpace<T>& s, int rows, const EigenStages<T>& stages,
                              int index) {
  const T* from = stages.rotations_of(index);
  const std::uint8_t *lows = stages.lows_of(index), *highs = stages.highs_of(index);
  const int sweeps = stages.states[index].sweeps;
  for (int first = 0; first < sweeps; first += wave_sweeps) {
    const Wave wave = wave_of(lows, highs, first, sweeps, s.columns);
    take_rotations(team, wave, from, s.rotations);
    team.sync();
    for (int i = team.index; i < rows; i += team.threads)
      turn_row(s.square + wave.top * s.step + i, s.step, s.rotations, wave.tiles);
    team.sync();
    from += 2 * wave.rotations;
  }
}

// Columns of Q, all n of them from `vectors` into the slab.
template <class T, class Team>
REGENT_BODY void load_slab(const Team& team, const SlabSpace<T>& s, int rows, const T* vectors) {
  constexpr int at_once = 8;  // loads under way
  for (int i = team.index; i < rows; i += team.threads) {
    for (int first = 0; first < s.columns; first += at_once) {
      T x[at_once];
      for (int c = 0; c < at_once; ++c) {
        const int k = first + c;
        x[c] = k < s.n ? vectors[static_cast<long>(k) * s.n + i] : T(0);
      }
      for (int c = 0; c < at_once && first + c < s.columns; ++c) s.square[(first + c) * s.step + i] = x[c];
    }
  }
}

// Products of one vector's entries with both probes' signs, [2, rows].
template <class T>
REGENT_BODY void multiply_vector(const T* vector, int rows, const T* signs, T (&sums)[2]) {
  sums[0] = sums[1] = 0;
  for (int i = 0; i < rows; ++i) {
    for (int probe = 0; probe < 2; ++probe)
      sums[probe] = fused(vector[i], signs[probe * rows + i], sums[probe]);
  }
}

// Place of value k in ascending order, ties by index; NaN, which is like itself alone, comes last.
template <class T>
REGENT_BODY int rank_of(const T* values, int n, int k) {
  const auto before = [](T a, T b) { return a < b || (a == a && b != b); };
  int rank = 0;
  for (int j = 0; j < n; ++j) {
    const bool below = j < k ? !before(values[k], values[j]) : before(values[j], values[k]);
    rank += below ? 1 : 0;
  }
  return rank;
}

// The places of a slab's columns among the vectors, and V x of both probes from its rows.
template <class T, class Team>
REGENT_BODY void rank_and_multiply(Team& team, const SlabSpace<T>& s, const T* values, int first, int rows,
                                   T* parts) {
  for (int k = team.index; k < s.n; k += team.threads) s.values[k] = values[k];
  for (int e = team.index; e < 2 * rows; e += team.threads)
    s.signs[e] = T(probe_sign(e / rows, first + e % rows));
  team.sync();
  for (int k = team.index; k < s.n; k += team.threads) {
    s.ranks[k] = rank_of(s.values, s.n, k);
    T sums[2];
    multiply_vector(s.square + k * s.step, rows, s.signs, sums);
    for (int probe = 0; probe < 2; ++probe) parts[probe * s.n + k] = sums[probe];
  }
  team.sync();
}

// Turns a slab of Q by a round's rotations; after the last round Q are the vectors, which go where their
// values' order wants them.
template <class T, class Team>
REGENT_BODY void turn_by_team(Team& team, const EigenJob<T>& job, const EigenStages<T>& stages, int index,
                              int slab, void* memory) {
  const SweepState state = stages.states[index];
  if (state.finished) return;
  const SlabSpace<T> s = slab_space<T>(memory, job.size);
  const std::ptrdiff_t at = index, n = s.n;
  const int first = slab * rows_of_a_slab(s.n),
            rows = s.n - first < rows_of_a_slab(s.n) ? s.n - first : rows_of_a_slab(s.n);
  T* const vectors = job.vectors + at * n * n + first;
  load_slab(team, s, rows, vectors);
  team.sync();
  turn_vectors(team, s, rows, stages, index);
  if (state.made) {
    rank_and_multiply(team, s, job.values + at * n, first, rows,
                      stages.parts + (at * slabs_of(s.n) + slab) * 2 * n);
  }
  for (int i = team.index; i < rows; i += team.threads) {
    for (int k = 0; k < s.n; ++k)
      vectors[static_cast<long>(state.made ? s.ranks[k] : k) * s.n + i] = s.square[k * s.step + i];
  }
}

// values; values in their order; V x of both probes in that order, [2, n]
template <class T>
REGENT_BODY std::size_t check_bytes(int n) {
  return 4 * static_cast<std::size_t>(n) * sizeof(T);
}

template <class T>
struct TeamCheck {
  T residual, orthogonality, largest;
};

// As check_probe(), over both probes: root mean squares relative to the largest value, and that. `parts`: V
// x, [2, n].
template <class T, class Team>
REGENT_BODY TeamCheck<T> check(Team& team, int n, const T* vectors, const T* values, const T* parts,
                               const T* products) {
  T residual = 0, orthogonality = 0, largest = 0;
  for (int i = team.index; i < n; i += team.threads) {
    T back[2] = {0, 0}, image[2] = {0, 0};
    for (int k = 0; k < n; ++k) {
      const T x = vectors[static_cast<long>(k) * n + i];
      for (int probe = 0; probe < 2; ++probe) {
        const T part = x * parts[probe * n + k];
        back[probe] = back[probe] + part;
        image[probe] = fused(part, values[k], image[probe]);
      }
    }
    for (int probe = 0; probe < 2; ++probe) {
      const T away = products[probe * n + i] - image[probe], off = back[probe] - T(probe_sign(probe, i));
      residual = fused(away, away, residual);
      orthogonality = fused(off, off, orthogonality);
    }
  }
  for (int k = 0; k < n; ++k) largest = hmm::maximum(largest, magnitude(values[k]));
  const T share = T(0.5) / static_cast<T>(n);
  residual = square_root(team.sum(residual) * share) / (largest == 0 ? T(1) : largest);
  orthogonality = square_root(team.sum(orthogonality) * share);
  return {residual, orthogonality, largest};
}

// Brings values that are nearly in ascending order, and their vectors, [n, n], into it: cuSOLVER's differ
// from it by roundings where eigenvalues lie close.
template <class T, class Team>
REGENT_BODY void mend_order(Team& team, int n, T* values, T* vectors) {
  typename hmm::Format<T>::Bits disorder = 0;
  for (int k = 1 + team.index; k < n; k += team.threads) disorder |= values[k] < values[k - 1] ? 1 : 0;
  if (team.largest(disorder) == 0) return;
  for (int k = 1; k < n; ++k) {
    for (int j = k; j > 0 && values[j] < values[j - 1]; --j) {
      T *const upper = vectors + static_cast<long>(j) * n, *const lower = upper - n;
      for (int i = team.index; i < n; i += team.threads) {
        const T x = lower[i];
        lower[i] = upper[i];
        upper[i] = x;
      }
      team.sync();  // all have compared
      if (team.index == 0) {
        const T value = values[j];
        values[j] = values[j - 1];
        values[j - 1] = value;
      }
      team.sync();
    }
  }
}

// A matrix's outcome, and its values from `sorted`; NaN in place of values and vectors if it was not solved.
template <class T, class Team>
REGENT_BODY void store_checked(const Team& team, const EigenJob<T>& job, int index, const T* sorted,
                               T unscale, const TeamCheck<T>& found, EigenOutcome outcome) {
  const int n = job.size;
  T *const values = job.values + static_cast<std::ptrdiff_t>(index) * n, *const vectors =
                                                                             job.vectors +
                                                                             static_cast<std::ptrdiff_t>(
                                                                                 index) *
                                                                                 n * n;
  const bool good = outcome == EigenOutcome::solved;
  const T nan = not_a_number<T>();
  for (int k = team.index; k < n; k += team.threads) {
    values[k] = good ? sorted[k] * unscale : nan;
    for (int i = 0; !good && i < n; ++i) vectors[static_cast<long>(i) * n + k] = nan;
  }
  if (team.index != 0) return;
  job.residual[index] = found.residual;
  job.orthogonality[index] = found.orthogonality;
  job.outcomes[index] = outcome;
}

// Once its rounds are made, checks the vectors of a matrix and stores its values in order, NaN everywhere if
// it was not solved. What has not converged shows in its residual.
template <class T, class Team>
REGENT_BODY void finish_by_team(Team& team, const EigenJob<T>& job, const EigenStages<T>& stages, int index,
                                void* memory) {
  const SweepState state = stages.states[index];
  if (state.finished || !state.made) return;
  const int n = job.size;
  const std::ptrdiff_t at = index;
  T* const values = static_cast<T*>(memory);
  T *const sorted = values + n, *const parts = sorted + n;
  for (int k = team.index; k < n; k += team.threads) values[k] = job.values[at * n + k];
  team.sync();
  for (int k = team.index; k < n; k += team.threads) {
    const int rank = rank_of(values, n, k);
    sorted[rank] = values[k];
    for (int probe = 0; probe < 2; ++probe) {
      const T* const of_slabs = stages.parts + (at * slabs_of(n) * 2 + probe) * n + k;
      T sum = of_slabs[0];
      for (int slab = 1; slab < slabs_of(n); ++slab) sum = sum + of_slabs[slab * 2 * n];
      parts[probe * n + rank] = sum;
    }
  }
  team.sync();
  const Scaling<T> scaling = stages.scaling[index];
  const TeamCheck<T> found =
      check(team, n, job.vectors + at * n * n, sorted, parts, stages.products + at * 2 * n);
  const EigenOutcome outcome =
      judged(scaling.outcome, found.residual, found.orthogonality, found.largest * scaling.unscale, n);
  store_checked(team, job, index, sorted, scaling.unscale, found, outcome);
  if (team.index == 0) stages.states[index].finished = true;
}

}  // namespace regent::cuda::covariance
