// Training as a whole learns what there is to learn and nothing else: on a market whose volume predicts
// returns it earns most of what the oracle earns through the same allocator, account and costs; with the
// volume shuffled, nothing.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>

#include "allocation/allocator.hpp"
#include "market/performance.hpp"
#include "market/portfolio_backtest.hpp"
#include "market/synthetic.hpp"
#include "models/decider.hpp"
#include "tests/rl/oracle.hpp"
#include "trainer/train.hpp"

namespace regent::trainer {
namespace {

namespace fs = std::filesystem;

constexpr double strength = 0.3, volatility = 0.01, persistence = 0.9, cost_rate = 0.00125;
constexpr int test_year = 2008;

const char* const config_text = R"([features]
names = ["volume_z_score_63", "volume_z_score_252", "log_return", "rsi_14"]
[hmm]
macros = 2
micros = 2
restarts = 2
iterations_max = 20
[policy]
hidden = 64
[ppo]
iterations = 40
[allocator]
risk = "full"  # the same risk budget for policy and oracle, so that their returns compare
position_max = 0.5
gross_max = 4
[walk_forward]
first_test_year = 2008
last_test_year = 2009
refit_years = 2
checkpoint_iterations = 10
[runtime]
device = "cpu"
threads = 2
)";

market::SyntheticMarket market_settings() {
  market::SyntheticMarket settings;
  settings.symbols = 6;
  settings.bars = 2600;  // 2000 to 2009
  settings.seed = 17;
  settings.regimes = false;
  settings.signal_strength = strength;
  settings.signal_persistence = persistence;
  settings.daily_volatility = volatility;
  return settings;
}

struct Earned {
  double log_return = 0;  // of the test years, net
  double error = 0;       // its standard error
};

// Trades the weights that `weights_at` wants after each bar of the test years.
Earned earn(const market::Panel& panel, const std::function<std::vector<double>(std::size_t)>& weights_at) {
  const std::size_t symbols = panel.symbol_count();
  const std::span<const double> opens = panel.columns[static_cast<std::size_t>(market::Column::open)];
  const std::size_t first = panel.lower_bound(start_of_year(test_year));
  market::PortfolioBacktest account({}, symbols);
  for (std::size_t bar = 0; bar + 2 < panel.bars(); ++bar) {
    const std::vector<double> weights = weights_at(bar);
    if (bar >= first) {
      account.step(weights, opens.subspan((bar + 1) * symbols, symbols),
                   opens.subspan((bar + 2) * symbols, symbols));
    }
  }
  Earned earned;
  double squares = 0;
  const auto returns = account.result().returns;
  for (const double r : returns) earned.log_return += std::log1p(r);
  const double mean = earned.log_return / static_cast<double>(returns.size());
  for (const double r : returns) squares += (std::log1p(r) - mean) * (std::log1p(r) - mean);
  earned.error = std::sqrt(squares);
  return earned;
}

Earned earned_by_oracle(const market::SyntheticResult& market, const Config& config) {
  const std::size_t symbols = market.panel.symbol_count();
  const rl::Oracle oracle(market_settings(), market, cost_rate);
  const std::vector<float> targets = oracle.positions(market, 0, market.panel.bars());
  allocation::Allocator allocator(allocation::allocator_settings(config, 252), symbols);
  std::vector<double> convictions(symbols, 0.0);
  return earn(market.panel, [&](std::size_t bar) {
    allocator.update(market.panel.bar(bar)[market::Column::close]);
    for (std::size_t i = 0; i < symbols; ++i) {
      convictions[i] = targets[bar * symbols + i];
    }
    return allocator.allocate(convictions).weights;
  });
}

Earned earned_by_training(const market::Panel& panel, const Config& config, const std::string& name) {
  const fs::path out =
      fs::temp_directory_path() / ("regent_learning_" + name + "_" + std::to_string(::getpid()));
  fs::remove_all(out);
  TrainRequest request;
  request.out = out;
  EXPECT_TRUE(train(config, panel, request).complete);
  const auto bundle =
      std::make_shared<models::Bundle>(std::move(models::load_bundles(out / "bundles").front()));
  fs::remove_all(out);
  models::Decider decider(bundle, panel.symbols, panel.column_set());
  return earn(panel, [&](std::size_t bar) {
    const models::Decision decision = decider.update(panel.bar(bar));
    return decision.warm ? decision.weights : std::vector<double>(panel.symbol_count(), 0.0);
  });
}

TEST(Training, EarnsMostOfWhatTheOracleEarnsAndNothingWhenTheSignalIsShuffled) {
  const Config config = Config::from_toml(config_text, "learning_test");
  const market::SyntheticResult market = market::make_synthetic_market(market_settings());
  const Earned oracle = earned_by_oracle(market, config);
  const Earned learnt = earned_by_training(market.panel, config, "signal");
  const Earned shuffled =
      earned_by_training(market::with_shuffled_volume(market.panel, 4), config, "shuffled");
  std::printf("net log return over two years: oracle %.3f, learnt %.3f, shuffled %.3f ± %.3f\n",
              oracle.log_return, learnt.log_return, shuffled.log_return, shuffled.error);
  EXPECT_GT(oracle.log_return, 4 * oracle.error);  // there is something to learn
  EXPECT_GE(learnt.log_return, 0.8 * oracle.log_return);
  EXPECT_LE(shuffled.log_return, 2.5 * shuffled.error);
}

}  // namespace
}  // namespace regent::trainer
