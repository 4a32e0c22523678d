// The GPU's body on the host, by a team of one and by teams of threads that meet at a barrier.

#include "cuda/covariance/eigen_team_body.hpp"

#include <barrier>
#include <thread>

#include "cuda/covariance/eigen.hpp"
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
};

template <class T>
TeamResult<T> solve_by_threads(const std::vector<T>& matrices, int n, int threads) {
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
  std::vector<double> memory(team_bytes<T>(n) / sizeof(double) + 1, std::nan(""));
  Meeting meeting(threads);
  std::vector<std::jthread> team;
  for (int index = 0; index < threads; ++index) {
    team.emplace_back([&, index] {
      ThreadTeam me{index, threads, meeting};
      for (int m = 0; m < job.count; ++m) {
        solve_by_team<T>(me, job, m, memory.data());
        me.sync();
      }
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

TEST(EigenTeam, OfSomeThreadsSolvesEveryKindOfMatrix) {
  for (const int n : {1, 2, 5}) expect_all_kinds_by_threads<double>(n, 3);
  expect_all_kinds_by_threads<float>(4, 6);  // some have nothing to do
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

// What the GPU reports is checked here, not by the GPU.
template <class T>
void expect_all_kinds_on_the_gpu(const Resources& resources, int n) {
  SCOPED_TRACE(testing::Message() << "n " << n << ", " << (sizeof(T) == 4 ? "float" : "double"));
  std::mt19937_64 engine(80 + static_cast<std::uint64_t>(n));
  std::vector<T> matrices = hard_matrices<T>(n, engine);
  matrices[(kinds - 1) * n * n] = std::numeric_limits<T>::infinity();
  std::vector<T> values(static_cast<std::size_t>(kinds) * n), vectors(matrices.size());
  const EigenReport report = eigen_batch<T>(resources, {matrices, n, kinds, values, vectors});
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].index, kinds - 1);
  for (int kind = 0; kind + 1 < kinds; ++kind) {
    SCOPED_TRACE(testing::Message() << "kind " << kind);
    const std::size_t at = static_cast<std::size_t>(kind) * n * n;
    expect_solved(&matrices[at], &values[kind * n], &vectors[at], n);
  }
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
