// Paths of sixteen assets and four factors with the tables and the memory that the GPU gives them, one after
// the other on the CPU.

#include <gtest/gtest.h>

#include "cuda/scenario/launch.hpp"
#include "cuda/scenario/path_body.hpp"
#include "tests/cuda/scenario/laws.hpp"

namespace regent::cuda::scenario::test {
namespace {

constexpr int assets = 16, threads = 3;

template <bool apart>
Outcomes run_with_rows(const Task& task, std::uint32_t paths) {
  const detail::Packed packed = detail::packed(task);
  const View& view = packed.view;
  std::vector<float> rows(RowTables<assets>::size(view.regimes), std::nanf(""));
  for (int part = 0; part < threads; ++part) fill_rows<assets>(view, part, threads, rows.data());
  std::vector<float> holdings(assets * threads), logs(assets * threads);
  Outcomes out = room_for_outcomes(paths);
  const OutcomeView to{out.final_equity.data(), out.turnover.data(),  out.costs.data(),
                       out.drawdown_max.data(), out.ruin_step.data(), out.final_regime.data()};
  for (std::uint32_t path = 0; path < paths; ++path) {
    using Values = PerAsset<float, 4 * threads>;
    const std::uint32_t place = path % threads * 4;
    float factor[4];
    path_body<Sizes<assets, 4, apart>, false, false>(
        view, RowTables<assets>::at(rows.data()), PathNumber<float>{path, 0}, to, {}, path,
        Values{holdings.data() + place}, factor, Values{logs.data() + place});
  }
  return out;
}

TEST(ScenarioRows, GiveThePathsOfTheTables) {
  constexpr std::uint32_t paths = 100;
  const Resources cpu = Resources::make("cpu");
  Law law = rich_law(assets, 4);
  expect_all_same(run(cpu, rich_task(law), 0, paths), run_with_rows<false>(rich_task(law), paths));
  law.own_volatility = {.apart = true, .persistence = 0.99, .response = 0.15};
  expect_all_same(run(cpu, rich_task(law), 0, paths), run_with_rows<true>(rich_task(law), paths));
}

// A vector register holds four, eight or sixteen numbers of a regime's row.
TEST(ScenarioRows, GiveThePathsOfALawWithoutCurvesAndManyRegimes) {
  for (const int regimes : {7, 12, 17}) {
    Law law;
    law.assets = assets;
    law.factors = 4;
    law.regimes = regimes;
    law.start.assign(regimes, 1.0 / regimes);
    law.transition.assign(regimes * regimes, 1.0 / regimes);
    for (int i = 0; i < regimes * assets; ++i) {
      law.drift.push_back(1e-5 * i);
      law.idiosyncratic.push_back(1e-4 * i);
      for (int f = 0; f < 4; ++f) law.loadings.push_back(1e-4 * (i % 7 + f));
    }
    const Task task = hold(law, 40, 3);
    expect_all_same(run(Resources::make("cpu"), task, 0, 50), run_with_rows<false>(task, 50));
  }
}

}  // namespace
}  // namespace regent::cuda::scenario::test
