// The GPU's body on the host, by a team of one and by teams of threads that meet at a barrier.

#include "cuda/covariance/eigen_turn_body.hpp"

#include <algorithm>
#include <barrier>
#include <thread>

#include "cuda/covariance/eigen.hpp"
#include "cuda/covariance/eigen_gpu.hpp"
#include "tests/cuda/covariance/hard_matrices.hpp"

namespace regent::cuda::covariance {
namespace {

struct Meeting {
  explicit Meeting(int threads) : barrier(threads), numbers(threads), bits(threads) {}
  std::barrier<> barrier;
  std::vector<double> numbers;
  std::vector<std::int64_t> bits;
};

struct ThreadTeam {
  int index, threads;
  Meeting& meeting;
  void sync() { meeting.barrier.arrive_and_wait(); }
  template <class T>
  T sum(T x) {
    return joined(meeting.numbers, x, [](auto a, auto b) { return a + b; });
  }
  template <class Bits>
  Bits largest(Bits x) {
    return joined(meeting.bits, x, [](auto a, auto b) { return std::max(a, b); });
  }

 private:
  template <class T, class Slots, class Join>
  T joined(Slots& slots, T x, const Join& join) {
    slots[index] = x;
    sync();
    T all = static_cast<T>(slots[0]);
    for (int i = 1; i < threads; ++i) all = join(all, static_cast<T>(slots[i]));
    sync();
    return all;
  }
};

template <class T>
struct TeamResult {
  std::vector<T> values, vectors, residual, orthogonality;
  std::vector<EigenOutcome> outcomes;
  int rounds = 0;
};

// What the stages leave each other, filled with what is not a number.
template <class T>
struct StageMemory {
  EigenStages<T> stages{};
  std::vector<Scaling<T>> scaling;
  std::vector<T> products, beside, rotations, parts;
  std::vector<std::uint8_t> lows, highs;
  std::vector<SweepState> states;
  StageMemory(std::size_t n, std::size_t count, int rotations_max, int sweeps_max)
      : scaling(count),
        products(count * 2 * n, T(std::nan(""))),
        beside(count * n, T(std::nan(""))),
        rotations(count * 2 * static_cast<std::size_t>(rotations_max), T(std::nan(""))),
        parts(products.size() * static_cast<std::size_t>(slabs_of(static_cast<int>(n))), T(std::nan(""))),
        lows(count * static_cast<std::size_t>(sweeps_max), 255),
        highs(lows),
        states(count) {
    stages = {rotations_max,    sweeps_max,  scaling.data(), products.data(), beside.data(),
              rotations.data(), lows.data(), highs.data(),   states.data(),   parts.data()};
  }
};

// rounds: how often the matrix that took longest had to be turned
template <class T>
void solve_by_threads(ThreadTeam& team, const EigenJob<T>& job, const EigenStages<T>& stages, int index,
                      void* memory, int& rounds) {
  const std::size_t at = static_cast<std::size_t>(index) * static_cast<std::size_t>(job.size);
  reduce_by_team(team, job, stages, index, memory);
  for (int round = 1; round == 1 || !stages.states[index].finished; ++round) {
    team.sync();
    if (team.index == 0) {
      make_sweeps(stages, job.size, index, job.values + at, stages.beside + at);
      rounds = std::max(rounds, round);
    }
    team.sync();
    for (int slab = 0; slab < slabs_of(job.size); ++slab) {
      turn_by_team(team, job, stages, index, slab, memory);
      team.sync();
    }
    finish_by_team(team, job, stages, index, memory);
    team.sync();
  }
}

// rotations_max, sweeps_max: of a round; 0: as on the GPU
template <class T>
TeamResult<T> solve_by_threads(const std::vector<T>& matrices, int n, int threads, int rotations_max = 0,
                               int sweeps_max = 0) {
  const std::size_t size = static_cast<std::size_t>(n), count = matrices.size() / size / size;
  TeamResult<T> result{std::vector<T>(count * size), std::vector<T>(matrices.size()), std::vector<T>(count),
                       std::vector<T>(count), std::vector<EigenOutcome>(count)};
  const EigenJob<T> job{matrices.data(),
                        n,
                        static_cast<int>(count),
                        result.values.data(),
                        result.vectors.data(),
                        result.residual.data(),
                        result.orthogonality.data(),
                        result.outcomes.data()};
  const std::size_t bytes = std::max({team_bytes<T>(n), slab_bytes<T>(n), check_bytes<T>(n)});
  std::vector<double> memory(bytes / sizeof(double) + 1, std::nan(""));
  StageMemory<T> between(size, count, rotations_max == 0 ? rotations_of_a_round(n) : rotations_max,
                         sweeps_max == 0 ? sweeps_of_a_round(n) : sweeps_max);
  Meeting meeting(threads);
  std::vector<std::jthread> team;
  for (int index = 0; index < threads; ++index) {
    team.emplace_back([&, index] {
      ThreadTeam me{index, threads, meeting};
      for (int m = 0; m < job.count; ++m)
        solve_by_threads(me, job, between.stages, m, memory.data(), result.rounds);
    });
  }
  team.clear();
  return result;
}

template <class T>
void expect_all_kinds_by_threads(int n, int threads) {
  const std::uint64_t seed = 60 + static_cast<std::uint64_t>(n);
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", n " << n << ", " << threads << " threads, "
                                  << (sizeof(T) == 4 ? "float" : "double"));
  std::mt19937_64 engine(seed);
  std::vector<T> matrices = hard_matrices<T>(n, engine);
  const auto solved = solve_by_threads(matrices, n, threads);
  for (int kind = 0; kind < kinds; ++kind) {
    SCOPED_TRACE(testing::Message() << "kind " << kind);
    EXPECT_EQ(solved.outcomes[kind], EigenOutcome::solved);
    const std::size_t at = static_cast<std::size_t>(kind) * n * n;
    expect_solved(&matrices[at], &solved.values[kind * n], &solved.vectors[at], n);
  }
}

TEST(EigenTeam, OfOneSolvesEveryKindOfMatrix) {
  for (const int n : {1, 2, 3, 4, 7, 16, 31, 32, 33, 64, 128}) {
    expect_all_kinds_by_threads<float>(n, 1);
    expect_all_kinds_by_threads<double>(n, 1);
  }
}

TEST(EigenTeam, GoesOnInFurtherRoundsWhereOneIsFullOfRotationsOrSweeps) {
  constexpr int n = 16;
  std::mt19937_64 engine(61);
  const std::vector<double> matrices = hard_matrices<double>(n, engine);
  const auto once = solve_by_threads(matrices, n, 1);
  EXPECT_EQ(once.rounds, 1);
  for (const auto& often : {solve_by_threads(matrices, n, 1, n - 1), solve_by_threads(matrices, n, 1, 2 * n),
                            solve_by_threads(matrices, n, 1, 0, 1)}) {
    EXPECT_GT(often.rounds, n / 2);
    EXPECT_EQ(often.values, once.values);
    EXPECT_EQ(often.vectors, once.vectors);
  }
}

TEST(EigenTeam, OfSomeThreadsSolvesEveryKindOfMatrix) {
  for (const int n : {1, 2, 5}) expect_all_kinds_by_threads<double>(n, 3);
  expect_all_kinds_by_threads<float>(4, 6);  // some have nothing to do
  // two and four that share a row, and one too many
  expect_all_kinds_by_threads<double>(4, 9);
  expect_all_kinds_by_threads<double>(3, 13);
}

TEST(EigenTeam, NamesABadMatrixAndOneThatOverflows) {
  constexpr int n = 6, square = n * n;
  std::mt19937_64 engine(3);
  std::vector<float> matrices;
  for (int m = 0; m < 3; ++m) {
    const auto matrix = hard_matrix<float>(2, n, engine);
    matrices.insert(matrices.end(), matrix.begin(), matrix.end());
  }
  matrices[n] = std::nanf("");
  std::fill_n(&matrices[2 * square], square, 3e38F);
  const auto solved = solve_by_threads(matrices, n, 2);
  EXPECT_EQ(solved.outcomes[0], EigenOutcome::not_finite);
  EXPECT_EQ(solved.outcomes[1], EigenOutcome::solved);
  EXPECT_EQ(solved.outcomes[2], EigenOutcome::out_of_range);
  EXPECT_TRUE(std::isnan(solved.values[0]) && std::isnan(solved.vectors[2 * square + 7]));
  expect_solved(&matrices[square], &solved.values[n], &solved.vectors[square], n);
}

// A value of two rounds too high, one twice and one too low, far from its place
TEST(EigenTeam, MendsTheOrderOfValuesAndTheirVectors) {
  constexpr int n = 6;
  const std::vector<float> given{1, 2, 1.5F, 1.5F, 4, 0};
  std::vector<float> values = given, vectors;
  for (const float value : given) vectors.insert(vectors.end(), n, 10 * value);
  Meeting meeting(2);
  {
    std::vector<std::jthread> team;
    for (int index = 0; index < 2; ++index) {
      team.emplace_back([&, index] {
        ThreadTeam me{index, 2, meeting};
        mend_order(me, n, values.data(), vectors.data());
      });
    }
  }
  EXPECT_EQ(values, (std::vector<float>{0, 1, 1.5F, 1.5F, 2, 4}));
  for (int k = 0; k < n; ++k) {
    for (int i = 0; i < n; ++i) EXPECT_EQ(vectors[k * n + i], 10 * values[k]);
  }
}

// What the GPU reports is checked here, not by the GPU.
template <class T>
void expect_all_kinds_on_the_gpu(const Resources& resources, int n) {
  SCOPED_TRACE(testing::Message() << "n " << n << ", " << (sizeof(T) == 4 ? "float" : "double"));
  std::mt19937_64 engine(80 + static_cast<std::uint64_t>(n));
  std::vector<T> matrices = hard_matrices<T>(n, engine);
  matrices[(kinds - 1) * n * n] = std::numeric_limits<T>::infinity();
  std::vector<T> values(static_cast<std::size_t>(kinds) * n), vectors(matrices.size());
  const EigenReport report = eigen_batch<T>(resources, {matrices, n, kinds, values, vectors});
  if (n <= staged_size_max) {
    EXPECT_EQ(report.solved_by_host, 0) << "our kernels left it";
  }
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].index, kinds - 1);
  for (int kind = 0; kind + 1 < kinds; ++kind) {
    SCOPED_TRACE(testing::Message() << "kind " << kind);
    const std::size_t at = static_cast<std::size_t>(kind) * n * n;
    expect_solved(&matrices[at], &values[kind * n], &vectors[at], n);
  }
}

// A kernel's limit of shared memory is the device's, not the object's.
TEST(EigenGpu, OfALargeSizeSolvesAfterOneOfASmallSizeWasMade) {
  if (gpu_count() == 0) GTEST_SKIP() << "no CUDA build, driver or GPU on this machine";
  const Resources resources = Resources::make("cuda");
  constexpr int n = 128;
  EigenGpu<float> large(resources, n, 1);
  const EigenGpu<float> small(resources, 8, 1);
  std::vector<float> identity(n * n, 0);
  for (int i = 0; i < n; ++i) identity[static_cast<std::size_t>(i) * n + i] = 1;
  large.send(identity.data(), 1);
  EXPECT_NO_THROW(large.solve());
}

TEST(EigenGpu, SolvesEveryKindOfMatrixByWarpsBlocksAndCusolver) {
  if (gpu_count() == 0) GTEST_SKIP() << "no CUDA build, driver or GPU on this machine";
  const Resources resources = Resources::make("cuda");
  for (const int n : {1, 2, 3, 17, 31, 32, 33, 64, 100, 127, 128, 129, 200}) {
    expect_all_kinds_on_the_gpu<float>(resources, n);
    expect_all_kinds_on_the_gpu<double>(resources, n);
  }
}

}  // namespace
}  // namespace regent::cuda::covariance
