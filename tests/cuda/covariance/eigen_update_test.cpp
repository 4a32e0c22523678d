#include "cuda/covariance/eigen_update.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "cuda/covariance/eigen_update_body.hpp"
#include "tests/cuda/covariance/hard_matrices.hpp"

namespace regent::cuda::covariance {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

template <class T>
struct Decomposed {
  int size = 0;
  std::vector<T> matrices, values, vectors;
  int count() const { return static_cast<int>(values.size()) / size; }
  const T* matrix(int m) const { return &matrices[static_cast<std::size_t>(m) * size * size]; }
  void expect_solved(int m) const {
    covariance::expect_solved(matrix(m), &values[m * size],
                              &vectors[static_cast<std::size_t>(m) * size * size], size);
  }
};

template <class T>
Decomposed<T> decomposed(const Resources& resources, std::vector<T> matrices, int size) {
  Decomposed<T> d{size, std::move(matrices), {}, {}};
  d.vectors.resize(d.matrices.size());
  d.values.resize(d.matrices.size() / size);
  eigen_batch<T>(resources, {d.matrices, size, d.count(), d.values, d.vectors});
  return d;
}

// Every matrix becomes keep · A + Σ weight x x' (in double, then rounded), and its decomposition follows.
template <class T>
EigenUpdateReport change(const Resources& resources, Decomposed<T>& d, double keep,
                         const std::vector<T>& weights, const std::vector<T>& rows) {
  const int n = d.size, per_matrix = static_cast<int>(weights.size()) / d.count();
  for (int m = 0; m < d.count(); ++m) {
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        T& entry = d.matrices[(static_cast<std::size_t>(m) * n + i) * n + j];
        double changed = keep * static_cast<double>(entry);
        for (int t = m * per_matrix; t < (m + 1) * per_matrix; ++t)
          changed += static_cast<double>(weights[t]) * rows[t * n + i] * rows[t * n + j];
        entry = static_cast<T>(changed);
      }
    }
  }
  return eigen_update<T>(resources, {.matrices = d.matrices,
                                     .size = n,
                                     .count = d.count(),
                                     .keep = static_cast<T>(keep),
                                     .rows = per_matrix,
                                     .weights = weights,
                                     .directions = rows,
                                     .values = d.values,
                                     .vectors = d.vectors});
}

template <class T>
std::vector<T> normal_rows(int count, std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  std::vector<T> rows(static_cast<std::size_t>(count));
  for (T& x : rows) x = static_cast<T>(normal(engine));
  return rows;
}

template <class T>
void expect_all_kinds_to_follow(int n, InstructionSet set) {
  const std::uint64_t seed = 40 + static_cast<std::uint64_t>(n);
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", n " << n << ", " << to_string(set) << ", "
                                  << (sizeof(T) == 4 ? "float" : "double"));
  std::mt19937_64 engine(seed);
  const std::vector<T> matrices = hard_matrices<T>(n, engine);
  const Resources resources = Resources::make_cpu(set);
  auto d = decomposed(resources, matrices, n);
  auto rows = normal_rows<T>(kinds * 2 * n, engine);
  for (int i = 0; i < n; ++i) rows[n + i] = i == n / 2 ? T(1) : T(0);  // along one axis
  std::vector<T> weights;
  for (int kind = 0; kind < kinds; ++kind) weights.insert(weights.end(), {T(0.3), T(-0.2)});
  const EigenUpdateReport report = change(resources, d, 0.9375, weights, rows);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_EQ(report.restarts, 0);
  for (int kind = 0; kind < kinds; ++kind) {
    SCOPED_TRACE(testing::Message() << "kind " << kind);
    d.expect_solved(kind);
  }
}

TEST(EigenUpdate, SolvesEveryKindOfMatrixAfterTwoRowsOnEveryInstructionSet) {
  for (const auto set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
    for (const int n : {2, 3, 5, 8, 16, 17, 33}) {
      expect_all_kinds_to_follow<float>(n, set);
      expect_all_kinds_to_follow<double>(n, set);
    }
  }
  for (const int n : {64, 130, 200}) {
    expect_all_kinds_to_follow<float>(n, InstructionSet::avx512);
    expect_all_kinds_to_follow<double>(n, InstructionSet::avx512);
  }
}

// Any numbers between the poles are the roots of some z: that one is found.
TEST(EigenUpdate, FindsTheVectorWhoseRootsAreThose) {
  constexpr int n = 4;
  const double poles[n + 2] = {-9, 0, 1, 1.5, 4, 99}, weights[n + 2] = {};
  const double roots[n] = {0.3, 1.2, 1.5001, 5}, offsets[n] = {};
  const Secular<double> secular{poles, weights, n, 1};
  for (const double root : roots) {
    double sum = 1, size = 1;
    for (int i = 0; i < n; ++i) {
      const double z = exact_vector<double>(secular, roots, offsets, i), term = z * z / (poles[1 + i] - root);
      sum += term;
      size += std::abs(term);
    }
    EXPECT_NEAR(sum, 0, 1e-14 * size) << root;
  }
}

// 1 + w·11': one eigenvalue 1 + w n, the others stay 1
TEST(EigenUpdate, OfTheIdentityIsTheClosedForm) {
  constexpr int n = 24;
  std::vector<double> identity(n * n, 0.0);
  for (int i = 0; i < n; ++i) identity[i * n + i] = 1;
  const Resources resources = Resources::make("cpu");
  for (const double weight : {0.5, -0.01}) {
    auto d = decomposed(resources, identity, n);
    EXPECT_EQ(change(resources, d, 1, {weight}, std::vector<double>(n, 1.0)).restarts, 0);
    for (int k = 0; k < n; ++k) {
      const bool moved = weight > 0 ? k == n - 1 : k == 0;
      EXPECT_NEAR(d.values[k], moved ? 1 + weight * n : 1, 1e-13) << k;
    }
    d.expect_solved(0);
  }
}

// A returned row takes the matrix back to where it was.
TEST(EigenUpdate, FollowsARollingWindowThereAndBack) {
  constexpr int n = 20;
  std::mt19937_64 engine(5);
  const Resources resources = Resources::make("cpu");
  const auto before = decomposed(resources, hard_matrix<double>(0, n, engine), n);
  auto d = before;
  const auto row = normal_rows<double>(n, engine);
  change(resources, d, 1, {0.7}, row);
  EXPECT_GT(std::abs(d.values[n - 1] - before.values[n - 1]), 1e-3);
  change(resources, d, 1, {-0.7}, row);
  for (int k = 0; k < n; ++k) EXPECT_NEAR(d.values[k], before.values[k], 1e-13) << k;
}

// Rounding adds up, bar after bar, until a matrix is solved from the start again.
TEST(EigenUpdate, NeverDriftsFurtherThanItSaysOverThousandsOfBars) {
  constexpr int n = 12, bars = 6000;
  const std::uint64_t seed = 9;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 engine(seed);
  const Resources resources = Resources::make("cpu");
  auto d = decomposed(resources, hard_matrix<float>(0, n, engine), n);
  int restarts = 0;
  double worst = 0;
  for (int bar = 0; bar < bars; ++bar) {
    auto rows = normal_rows<float>(2 * n, engine);
    for (int i = 0; i < n; ++i) rows[n + i] = rows[i] * 0.5F;  // a row that leaves, along the one that comes
    const EigenUpdateReport report = change(resources, d, 0.98, {0.03F, -0.04F}, rows);
    ASSERT_TRUE(report.failures.empty()) << bar;
    restarts += report.restarts;
    worst = std::max(worst, report.orthogonality_max);
    if (bar % 250 == 0) d.expect_solved(0);
  }
  EXPECT_LE(worst, 4 * n * std::numeric_limits<float>::epsilon() / 2);
  EXPECT_GT(restarts, 0);
  EXPECT_LT(restarts, bars / 20);
}

TEST(EigenUpdate, StartsAnewWhereVectorsOrRowsAreWrongAndHealsWhatFailed) {
  constexpr int n = 18, count = 5;
  std::mt19937_64 engine(6);
  std::vector<double> matrices;
  for (int m = 0; m < count; ++m) {
    const auto matrix = hard_matrix<double>(m % 3, n, engine);
    matrices.insert(matrices.end(), matrix.begin(), matrix.end());
  }
  const Resources resources = Resources::make("cpu");
  auto d = decomposed(resources, matrices, n);
  constexpr int square = n * n;
  d.vectors[square + 3] += 1e-9;                   // 1: not orthonormal any more
  d.matrices[2 * square] += 1e-6;                  // 2: changes by more than its row
  std::fill_n(&d.values[3 * n], n, std::nan(""));  // 3: failed at the bar before
  d.matrices[4 * square + n] = std::nan("");       // 4: cannot be solved
  const auto report =
      change(resources, d, 0.9, std::vector<double>(count, 0.2), normal_rows<double>(count * n, engine));
  EXPECT_EQ(report.restarts, 4);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].index, 4);
  EXPECT_EQ(report.failures[0].why, "an entry is not finite");
  for (int m = 0; m < 4; ++m) {
    SCOPED_TRACE(m);
    d.expect_solved(m);
  }
  EXPECT_TRUE(std::isnan(d.values[4 * n]) && std::isnan(d.vectors[4 * square]));
}

TEST(EigenUpdate, OfOneNumberAddsSquares) {
  const Resources resources = Resources::make("cpu");
  auto d = decomposed<double>(resources, {3.0}, 1);
  EXPECT_EQ(change(resources, d, 0.5, {2.0, -0.25}, {1.5, 2.0}).restarts, 0);
  EXPECT_NEAR(d.values[0], 1.5 + 4.5 - 1, 1e-14);
}

TEST(EigenUpdate, OfNoRowsScales) {
  std::mt19937_64 engine(8);
  const Resources resources = Resources::make("cpu");
  const auto before = decomposed(resources, hard_matrix<double>(2, 9, engine), 9);
  auto d = before;
  EXPECT_EQ(change(resources, d, 0.25, {}, {}).restarts, 0);
  for (int k = 0; k < 9; ++k) EXPECT_EQ(d.values[k], 0.25 * before.values[k]);
  EXPECT_EQ(d.vectors, before.vectors);
}

TEST(EigenUpdate, TakesAnyMagnitude) {
  std::mt19937_64 engine(4);
  const Resources resources = Resources::make("cpu");
  for (const int exponent : {-60, 50}) {
    auto matrix = hard_matrix<float>(0, 10, engine);
    for (float& x : matrix) x = std::ldexp(x, exponent);
    auto rows = normal_rows<float>(10, engine);
    for (float& x : rows) x = std::ldexp(x, exponent / 2);
    auto d = decomposed(resources, matrix, 10);
    EXPECT_EQ(change(resources, d, 0.97, {0.03F}, rows).restarts, 0);
    d.expect_solved(0);
  }
}

TEST(EigenUpdate, RefusesSizeZeroAndToKeepNothing) {
  const Resources resources = Resources::make("cpu");
  EXPECT_THAT([&] { eigen_update<float>(resources, {}); }, ThrowsMessage<InputError>(HasSubstr("size 0")));
  for (const float keep : {0.0F, -1.0F, std::nanf("")}) {
    EXPECT_THAT([&] { eigen_update<float>(resources, {.size = 2, .keep = keep}); },
                ThrowsMessage<InputError>(HasSubstr("must be above 0")));
  }
}

}  // namespace
}  // namespace regent::cuda::covariance
