// Paths step by step as a file, against what a policy of numbers that can be told apart says of each.

#include "scenario/commands/dream_paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/base/temporary_folder.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::Outcomes;
using cuda::scenario::Paths;
using cuda::scenario::Task;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;

constexpr int assets = 3, steps = 5;

double told(std::int64_t path, int step, int asset) {
  return static_cast<double>(path * 100 + step * 10 + asset);
}

class Numbered : public DreamPolicy {
 public:
  explicit Numbered(bool weights) : weights_(weights) {}
  void see(std::optional<market::Panel>&) override {}
  bool sets_weights() const override { return !weights_; }
  Outcomes run(const Task&, std::uint64_t, std::int64_t) const override { return {}; }
  Paths record(const Task&, std::uint64_t first, std::int64_t paths) const override {
    asked_.push_back(paths);
    Paths kept;
    for (std::int64_t path = static_cast<std::int64_t>(first); paths > 0; ++path, --paths) {
      for (int step = 0; step < steps; ++step) {
        kept.equity.push_back(told(path, step, 9));
        kept.regime.push_back(static_cast<std::uint8_t>(path % 2));
        for (int asset = 0; asset < assets; ++asset) {
          kept.log_returns.push_back(static_cast<float>(told(path, step, asset)));
          if (weights_) kept.weights.push_back(-told(path, step, asset));
        }
      }
    }
    return kept;
  }
  std::int64_t chunk_paths(std::size_t, std::int64_t) const override { return 1; }
  std::int64_t sampled_max() const override { return 1; }
  const std::vector<std::int64_t>& asked() const { return asked_; }

 private:
  bool weights_;
  mutable std::vector<std::int64_t> asked_;
};

class DreamPaths : public ::testing::TestWithParam<std::int64_t> {
 protected:
  market::SeriesTable written(const Numbered& policy, std::int64_t first, std::int64_t end) {
    setup_.policy = &policy;
    setup_.symbols = {"A", "B", "C"};
    setup_.labels = {"calm", "wild"};
    setup_.task.steps = steps;
    const auto file = (folder_.path() / "paths.parquet").string();
    write_paths(file, setup_, setup_.task, first, end, GetParam());
    const market::SeriesShape shape = market::read_through(file);
    EXPECT_EQ(shape.names, path_column_names(setup_));
    EXPECT_EQ(shape.rows, (end - first) * steps);
    return market::read_series(file);
  }
  regent::test::TemporaryFolder folder_;
  DreamSetup setup_;
};

TEST_P(DreamPaths, AreThoseOfTheirNumbersInPiecesOfAnySize) {
  const Numbered policy(true);
  const market::SeriesTable table = written(policy, 10, 75);
  std::vector<std::string> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  EXPECT_THAT(names, ElementsAre("path", "step", "regime", "equity", "A", "B", "C", "weight A", "weight B",
                                 "weight C"));
  ASSERT_EQ(table.rows, 65U * steps);
  for (std::size_t row = 0; row < table.rows; ++row) {
    const auto path = static_cast<std::int64_t>(10 + row / steps);
    const int step = static_cast<int>(row % steps);
    ASSERT_EQ(table.columns[0].reals[row], static_cast<double>(path)) << row;
    ASSERT_EQ(table.columns[1].reals[row], step) << row;
    ASSERT_EQ(table.columns[2].texts[row], path % 2 == 0 ? "calm" : "wild") << row;
    ASSERT_EQ(table.columns[3].reals[row], told(path, step, 9)) << row;
    for (int asset = 0; asset < assets; ++asset) {
      ASSERT_EQ(table.columns[4 + asset].reals[row], told(path, step, asset)) << row;
      ASSERT_EQ(table.columns[7 + asset].reals[row], -told(path, step, asset)) << row;
    }
  }
}

TEST_P(DreamPaths, HaveNoWeightsThatPeopleSet) {
  const Numbered policy(false);
  EXPECT_EQ(written(policy, 0, 3).columns.size(), 7U);
}

// 32 paths have 480 log returns.
INSTANTIATE_TEST_SUITE_P(Pieces, DreamPaths, ::testing::Values(1, 100, 500, 1000, 16'000'000));

TEST(DreamPathsInMemory, AreAPieceHoweverManyThereAre) {
  const regent::test::TemporaryFolder folder;
  const Numbered policy(false);
  DreamSetup setup;
  setup.policy = &policy;
  setup.symbols = {"A", "B", "C"};
  setup.labels = {"calm", "wild"};
  setup.task.steps = steps;
  write_paths(folder.path() / "many.parquet", setup, setup.task, 10, 1000, 1000);
  EXPECT_THAT(policy.asked(), Each(Le(64)));  // of 15 returns each
  EXPECT_EQ(policy.asked().front(), 54) << "up to a multiple of 64, so that the next are whole blocks";
  EXPECT_EQ(policy.asked()[1], 64);
  write_paths(folder.path() / "long.parquet", setup, setup.task, 0, 100, 1);
  EXPECT_EQ(policy.asked().back(), 4) << "100 paths by 32";
}

}  // namespace
}  // namespace regent::scenario
