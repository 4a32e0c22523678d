#include "market/io/series_file.hpp"
#include "market/performance.hpp"
#include "strategies_command.hpp"

namespace regent::strategies::test {
namespace {

using ::testing::HasSubstr;

// Two regimes of hourly bars as write_bars() makes them.
std::string model_of(const std::string& low, const std::string& high) {
  return R"({"format": "regent-hmm/1", "features": ["log_return"], "labels": [")" + low + R"(", ")" + high +
         R"("], "start": [0.5, 0.5], "transition": [[0.98, 0.02], [0.02, 0.98]], "emission": {"kind": "gaussian",
    "means": [[-0.002], [0.002]], "covariances": [[[0.0001]], [[0.0001]]]}})";
}

TEST_F(StrategiesCommand, ASweepsBestRowsAreTheBacktestsOfTheSameParameters) {
  write_bars("A_1h.csv", 900, 1);
  write_bars("B_1h.csv", 900, 2);
  const auto swept = run(
      "sweep",
      "A_1h.csv --data B_1h.csv --strategy sma_cross,rsi_reversion --grid fast=3/5,slow=20/40,stop=0/0.04 "
      "--shorts --folds 2 --json");
  ASSERT_EQ(swept.code, 0) << swept.err;
  const auto symbols = swept.json()["symbols"];
  ASSERT_EQ(symbols.size(), 2U);
  for (const auto& symbol : symbols) {
    EXPECT_EQ(symbol["folds"].size(), 2U);
    for (std::size_t i = 0; i < symbol["best"].size(); i += 4) {
      const auto& best = symbol["best"][i];
      std::string flags = symbol["symbol"].get<std::string>() + "_1h.csv --shorts --json --strategy " +
                          best["strategy"].get<std::string>();
      for (const auto& [name, value] : best["parameters"].items()) flags += " --" + name + " " + value.dump();
      const auto traded = run("backtest", flags);
      ASSERT_EQ(traded.code, 0) << traded.err;
      const auto sheet = traded.json()["symbols"][0];
      EXPECT_EQ(sheet["trades"], best["trades"]);
      EXPECT_EQ(sheet["trade_list"].size(), best["trades"].get<std::size_t>());
      EXPECT_NEAR(sheet["total_return"], best["total_return"], 1e-9);
      EXPECT_NEAR(sheet["sharpe"], best["sharpe"], 1e-4);
      const market::Performance of{.periods = sheet["bars"].get<std::size_t>() - 1,
                                   .sharpe = sheet["sharpe"],
                                   .skewness = sheet["skewness"],
                                   .kurtosis = sheet["kurtosis"]};
      EXPECT_NEAR(best["deflated_sharpe"].get<double>(),
                  market::deflated_sharpe(of, sheet["periods_per_year"], symbol["trials"],
                                          symbol["trial_sharpe_variance"]),
                  1e-6);
    }
  }
}

TEST_F(StrategiesCommand, OutHasARowPerCombinationAndSymbol) {
  write_bars("A_1h.csv", 400, 3);
  write_bars("B_1h.csv", 400, 4);
  const auto swept = run("sweep", "A_1h.csv B_1h.csv --grid fast=3:6,slow=20:40:10 --out out.csv");
  ASSERT_EQ(swept.code, 0) << swept.err;
  EXPECT_THAT(swept.out, HasSubstr("probability of backtest overfitting"));
  const auto table = market::read_series(path("out.csv").string());
  EXPECT_EQ(table.rows, 24U);
  for (const char* name : {"symbol", "strategy", "fast", "slow", "stop", "total_return", "sharpe", "sortino",
                           "drawdown_max", "win_rate", "profit_factor", "exposure", "turnover", "trades"}) {
    EXPECT_NE(table.find(name), nullptr) << name;
  }
}

TEST_F(StrategiesCommand, TheExamplesGridSaysWhatIsSweptAndFlagsCountForMoreThanItsFolds) {
  write_bars("A_1h.csv", 500, 9);
  const std::string grid = "A_1h.csv --grid " REGENT_SOURCE_FOLDER "/examples/sweep_grid.toml";
  const auto swept = run("sweep", grid + " --json --out of_file.csv");
  ASSERT_EQ(swept.code, 0) << swept.err;
  const auto symbol = swept.json()["symbols"][0];
  EXPECT_EQ(symbol["trials"], 12 + 4 + 6);
  EXPECT_EQ(symbol["folds"].size(), 2U);
  const auto table = market::read_series(path("of_file.csv").string());
  EXPECT_EQ(table.find("strategy")->texts[11], "sma_cross");
  EXPECT_EQ(table.find("strategy")->texts[12], "rsi_reversion");
  EXPECT_EQ(table.find("strategy")->texts[16], "keltner_breakout");
  const auto other = run("sweep", grid + " --json --folds 3").json()["symbols"][0];
  EXPECT_EQ(other["folds"].size(), 3U);
  const auto flags = run("sweep",
                         "A_1h.csv --grid fast=5:25:10,slow=50/100,stop=0/0.05,target=0.1 --folds 2 --purge "
                         "10 --out of_flags.csv");
  ASSERT_EQ(flags.code, 0) << flags.err;
  const auto alone = market::read_series(path("of_flags.csv").string());
  ASSERT_EQ(alone.rows, 12U);
  for (const auto& column : alone.columns) {
    const auto* same = table.find(column.name);
    ASSERT_NE(same, nullptr) << column.name;
    for (std::size_t row = 0; row < alone.rows; ++row) EXPECT_EQ(column.texts[row], same->texts[row]);
  }
}

TEST_F(StrategiesCommand, AFileOfManyRowsHoldsEachCombinationOnceAndIsNeverHalf) {
  write_bars("A_1h.csv", 60, 10);
  const std::string grid = " --grid fast=1:300,slow=2:400 --blocks 2 --out out.parquet";
  const auto swept = run("sweep", "A_1h.csv" + grid);
  ASSERT_EQ(swept.code, 0) << swept.err;
  const auto table = market::read_series(path("out.parquet").string());
  ASSERT_EQ(table.rows, 74'850U);  // more than one chunk of 65,536
  const auto fast = market::numbers_of(table, *table.find("fast")),
             slow = market::numbers_of(table, *table.find("slow"));
  std::size_t row = 0;
  for (int s = 2; s <= 400; ++s) {
    for (int f = 1; f <= std::min(300, s - 1); ++f, ++row) {
      if (fast[row] != f || slow[row] != s) FAIL() << "row " << row;
    }
  }
  EXPECT_EQ(row, table.rows);
  // what B's model calls its regimes shows when A has been swept
  write_bars("B_1h.csv", 60, 11);
  std::filesystem::create_directory(path("models"));
  write("models/A.json", model_of("fall", "rise"));
  write("models/B.json", model_of("down", "up"));
  write("out.parquet", "old");
  const auto stopped = run("sweep",
                           "A_1h.csv B_1h.csv --grid fast=5,slow=20 --blocks 2 --out out.parquet "
                           "--model models --only-regimes rise");
  EXPECT_EQ(stopped.code, 2);
  EXPECT_THAT(stopped.err, HasSubstr("the model's regimes are down, up"));
  EXPECT_EQ(bytes_of("out.parquet"), "old");
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    EXPECT_EQ(entry.path().filename().string().find(".out.parquet"), std::string::npos) << entry.path();
}

TEST_F(StrategiesCommand, EveryMetricIsThereByRegimeInTheFileAndBesideTheBest) {
  write_bars("A_1h.csv", 600, 12);
  write_bars("B_1h.csv", 600, 13);
  write("model.json", model_of("fall", "rise"));
  const auto swept = run("sweep",
                         "A_1h.csv B_1h.csv --grid fast=3/5,slow=20:40:10 --model model.json --out out.csv "
                         "--json");
  ASSERT_EQ(swept.code, 0) << swept.err;
  const auto table = market::read_series(path("out.csv").string());
  ASSERT_EQ(table.rows, 12U);
  const auto numbers = [&](const std::string& name) { return market::numbers_of(table, *table.find(name)); };
  const std::vector<std::string> labels{"fall", "rise", "unknown"};
  for (const char* metric :
       {"total_return", "annual_return", "annual_volatility", "sharpe", "sortino", "drawdown_max", "win_rate",
        "profit_factor", "exposure", "turnover", "trades", "fees", "slippage"}) {
    for (const auto& label : labels)
      EXPECT_NE(table.find(std::string(metric) + "_" + label), nullptr) << metric << ", " << label;
  }
  const auto growth = numbers("total_return"), trades = numbers("trades");
  for (std::size_t row = 0; row < table.rows; ++row) {
    double chained = 1, counted = 0;
    for (const auto& label : labels) {
      chained *= 1 + numbers("total_return_" + label)[row];
      counted += numbers("trades_" + label)[row];
    }
    EXPECT_NEAR(chained - 1, growth[row], 1e-6);
    EXPECT_EQ(counted, trades[row]);
  }
  const auto best = swept.json()["symbols"][0]["best"][0];
  ASSERT_EQ(best["regimes"].size(), 3U);
  const auto fast = numbers("fast"), slow = numbers("slow");
  for (std::size_t row = 0; row < 6; ++row) {
    if (fast[row] != best["parameters"]["fast"] || slow[row] != best["parameters"]["slow"]) continue;
    for (const auto& regime : best["regimes"]) {
      const std::string label = regime["label"];
      EXPECT_NEAR(regime["total_return"], numbers("total_return_" + label)[row], 1e-12) << label;
      EXPECT_EQ(regime["trades"], numbers("trades_" + label)[row]) << label;
    }
  }
  const auto shown = run("sweep", "A_1h.csv --grid fast=3/5,slow=20 --model model.json");
  EXPECT_THAT(shown.out, HasSubstr("best in regime"));
}

TEST_F(StrategiesCommand, FoldsHaveTheirTimesAndARowsRatioInEach) {
  write_bars("A_1h.csv", 300, 14);
  const std::string grid = "A_1h.csv --grid fast=3/5,slow=20/40 --folds 2 --out out.csv";
  const auto swept = run("sweep", grid + " --json");
  ASSERT_EQ(swept.code, 0) << swept.err;
  const auto symbol = swept.json()["symbols"][0];
  const auto fold = symbol["folds"][1];
  EXPECT_EQ(fold["test"], nlohmann::json({200, 300}));
  EXPECT_EQ(fold["train_times"], nlohmann::json({"2020-01-01T01:00:00Z", "2020-01-09T07:00:00Z"}));
  EXPECT_EQ(fold["test_times"], nlohmann::json({"2020-01-09T08:00:00Z", "2020-01-13T11:00:00Z"}));
  EXPECT_GE(fold["train_deflated_sharpe"], 0);
  EXPECT_LE(fold["train_deflated_sharpe"], 1);
  const auto table = market::read_series(path("out.csv").string());
  double best = -1e9, tested = 0;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const double train = market::numbers_of(table, *table.find("train_sharpe_2"))[row];
    if (!(train > best)) continue;
    best = train;
    tested = market::numbers_of(table, *table.find("test_sharpe_2"))[row];
  }
  EXPECT_NEAR(fold["train_sharpe"], best, 1e-9);
  EXPECT_NEAR(fold["test_sharpe"], tested, 1e-9);
  EXPECT_THAT(run("sweep", grid).out, HasSubstr("2020-01-09T08:00:00Z – 2020-01-13T11:00:00Z"));
}

TEST_F(StrategiesCommand, WhatNeedsAVolumeIsLeftOutOfAllAndRefusedByNameWhereThereIsNone) {
  std::string closes = "timestamp,close\n";
  for (int t = 0; t < 400; ++t)
    closes += std::to_string(1'577'836'800'000 + t * 3'600'000LL) + "," +
              std::to_string(100 + 10 * std::sin(0.1 * t)) + "\n";
  write("A_1h.csv", closes);
  const auto all = run("sweep", "A_1h.csv --strategy all --grid slow=20/40,stop=0 --out out.csv");
  ASSERT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.err,
              HasSubstr("momentum_volume needs the column volume, in which A has no value; it is left out"));
  EXPECT_THAT(bytes_of("out.csv"), testing::Not(HasSubstr("momentum_volume")));
  const auto one = run("sweep", "A_1h.csv --strategy sma_cross,momentum_volume --out one.csv");
  EXPECT_EQ(one.code, 2);
  EXPECT_THAT(one.err, HasSubstr("momentum_volume needs the column volume, in which A has no value"));
  EXPECT_FALSE(std::filesystem::exists(path("one.csv")));
}

TEST_F(StrategiesCommand, AShortSymbolIsNamedBeforeAnyIsSwept) {
  write_bars("A_1h.csv", 400, 15);
  write_bars("B_1h.csv", 14, 16);
  const auto stopped = run("sweep", "A_1h.csv B_1h.csv");
  EXPECT_EQ(stopped.code, 2);
  EXPECT_THAT(stopped.err, HasSubstr("B: 14 bars are too few for 10 blocks"));
  EXPECT_THAT(stopped.err, testing::Not(HasSubstr("%")));  // no progress
}

TEST_F(StrategiesCommand, AGridThatNeverTradesSaysSoAndHasNoProbability) {
  write_bars("A_1h.csv", 300, 17);
  const std::string grid = "A_1h.csv --grid fast=400:402,slow=500";
  const auto shown = run("sweep", grid);
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("no combination traded: each needs 499 bars or more"));
  EXPECT_THAT(shown.out, testing::Not(HasSubstr("overfitting")));
  const auto symbol = run("sweep", grid + " --json").json()["symbols"][0];
  EXPECT_TRUE(symbol["overfitting_probability"].is_null());
  EXPECT_TRUE(symbol["loss_probability"].is_null());
  EXPECT_EQ(symbol["traded"], 0);
}

TEST_F(StrategiesCommand, NamesAreTakenWithBlanksAndDashesButOnce) {
  write_bars("A_1h.csv", 300, 18);
  const auto swept =
      run("sweep",
          "A_1h.csv --strategy 'sma_cross, momentum_volume' --grid 'slow=40, volume-window=24/48' "
          "--json");
  ASSERT_EQ(swept.code, 0) << swept.err;
  const auto twice = run("sweep", "A_1h.csv --strategy sma_cross,sma_cross");
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("sma_cross stands twice"));
  EXPECT_THAT(run("sweep", "A_1h.csv --grid fast=5,fast=6").err, HasSubstr("fast stands twice"));
}

TEST_F(StrategiesCommand, ABacktestWritesItsTradesAndItsEquity) {
  write_bars("A_1h.csv", 400, 5);
  const auto traded =
      run("backtest", "A_1h.csv --fast 3 --slow 20 --trades trades.csv --equity equity.parquet --json");
  ASSERT_EQ(traded.code, 0) << traded.err;
  const auto sheet = traded.json()["symbols"][0];
  const auto trades = market::read_series(path("trades.csv").string());
  const auto equity = market::read_series(path("equity.parquet").string());
  EXPECT_EQ(trades.rows, sheet["trade_list"].size());
  ASSERT_EQ(equity.rows, 400U);
  EXPECT_NEAR(market::numbers_of(equity, *equity.find("equity")).back(), sheet["end_equity"], 1e-9);
  double profit = 0;
  for (const double one : market::numbers_of(trades, *trades.find("profit"))) profit += one;
  EXPECT_NEAR(10'000 + profit, sheet["end_equity"], 1e-6);
}

TEST_F(StrategiesCommand, TheSlippageModelIsTradedAndNamed) {
  write_bars("A_1h.csv", 400, 8);
  // an order of 1,000 is 4 minutes of volume
  const std::string rule = "A_1h.csv --cash 1000 --fast 5 --slow 20 --stop 0.02 --json";
  const auto fixed = run("backtest", rule);
  ASSERT_EQ(fixed.code, 0) << fixed.err;
  EXPECT_EQ(fixed.out, run("backtest", rule + " --slippage-model fixed --slippage 0.0005").out);
  const auto before = fixed.json()["symbols"][0];
  EXPECT_EQ(before["slippage_model"], "fixed");
  EXPECT_NEAR(before["slippage_bps_median"].get<double>(), 5, 1e-9);
  // 1 % an hour is 13 bp a minute: 0.5 + 0.35 · 13 + 0.1 · 4, and what the spread adds
  const auto own = run("backtest", rule + " --slippage-model liquidity").json()["symbols"][0];
  EXPECT_EQ(own["slippage_model"], "liquidity");
  EXPECT_GT(own["slippage_bps_median"].get<double>(), 5);
  EXPECT_LT(own["slippage_bps_median"].get<double>(), 8);
  ASSERT_EQ(own["trade_list"].size(), before["trade_list"].size());
  for (const auto& trade : own["trade_list"]) {
    const double units = trade["units"].get<double>();
    const double value = units * (trade["entry_price"].get<double>() + trade["exit_price"].get<double>());
    EXPECT_LE(trade["slippage"].get<double>(), 8.01e-4 * value);
    EXPECT_GT(trade["slippage"].get<double>(), 3e-4 * value);
  }
  const auto swept =
      run("sweep", "A_1h.csv --cash 1000 --grid fast=5,slow=20,stop=0.02 --slippage-model liquidity --json");
  ASSERT_EQ(swept.code, 0) << swept.err;
  EXPECT_EQ(swept.err.find("left out"), std::string::npos);
  EXPECT_EQ(swept.json()["symbols"][0]["slippage_model"], "liquidity");
  EXPECT_NEAR(swept.json()["symbols"][0]["best"][0]["slippage"].get<double>(), own["slippage"].get<double>(),
              1e-9);
  EXPECT_THAT(run("backtest", "A_1h.csv --slippage-model liquidity").out, HasSubstr("slippage by liquidity"));
}

TEST_F(StrategiesCommand, WhatTheSlippageModelGoesWithoutIsToldOnce) {
  std::string closes = "date,A,B\n";
  for (int t = 0; t < 200; ++t)
    closes += format_timestamp(1'577'836'800'000 + t * 86'400'000LL) + "," +
              std::to_string(100 + t % 7 + t / 20) + "," + std::to_string(50 - t % 5) + "\n";
  write("closes.csv", closes);
  write("weights.csv", "date,A,B\n2020-01-11,0.5,0.5\n2020-02-01,0.5,-0.5\n");
  for (const std::string arguments :
       {"backtest closes.csv", "sweep closes.csv --blocks 2 --grid fast=3,slow=9",
        "backtest closes.csv --weights weights.csv"}) {
    const auto space = arguments.find(' ');
    const auto outcome =
        run(arguments.substr(0, space), arguments.substr(space + 1) + " --slippage-model liquidity --json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("no high and low of A and 1 more; the spread is left out"));
    EXPECT_EQ(outcome.err.find("no high and low"), outcome.err.rfind("no high and low")) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("no volume of A and 1 more"));
  }
  const auto weights =
      run("backtest", "closes.csv --weights weights.csv --slippage-model liquidity --json").json();
  EXPECT_EQ(weights["slippage_model"], "liquidity");
  EXPECT_GT(weights["slippage_bps_mean"].get<double>(), 0.5);
  EXPECT_LE(weights["slippage_bps_mean"].get<double>(), 8);
  EXPECT_EQ(run("backtest", "closes.csv --weights weights.csv --json").json()["slippage_model"], "fixed");
}

TEST_F(StrategiesCommand, RegimesComeFromAModelAndCanBeTheOnlyOnesTraded) {
  write_bars("A_1h.csv", 600, 6);
  write("model.json", model_of("fall", "rise"));
  const auto all = run("backtest", "A_1h.csv --fast 3 --slow 20 --model model.json --json");
  ASSERT_EQ(all.code, 0) << all.err;
  const auto regimes = all.json()["symbols"][0]["regimes"];
  ASSERT_GE(regimes.size(), 2U);
  double bars = 0, held = 0;
  for (const auto& regime : regimes) {
    bars += regime["bars"].get<double>();
    held += regime["bars"].get<double>() * regime["exposure"].get<double>();
  }
  EXPECT_EQ(bars, 599);
  EXPECT_NEAR(held / 599, all.json()["symbols"][0]["exposure"], 1e-9);
  const auto rise =
      run("backtest", "A_1h.csv --fast 3 --slow 20 --model model.json --only-regimes rise --json");
  ASSERT_EQ(rise.code, 0) << rise.err;
  const auto in_rise = rise.json();
  for (const auto& regime : in_rise["symbols"][0]["regimes"]) {
    // what was open when a rise ended is closed at the next open
    const bool traded = regime["exposure"] > 0;
    EXPECT_EQ(traded, regime["label"] == "rise");
  }
  EXPECT_LT(in_rise["symbols"][0]["exposure"], all.json()["symbols"][0]["exposure"]);
  EXPECT_THAT(run("backtest", "A_1h.csv --model model.json --only-regimes calm").err,
              HasSubstr("the model's regimes are fall, rise"));
}

TEST_F(StrategiesCommand, AModelOfDaysIsNotUsedOnHours) {
  write_bars("A_1h.csv", 600, 6);
  std::string model = model_of("fall", "rise");
  model.insert(model.find("\"features\""), "\"bar_seconds\": 86400, ");
  write("model.json", model);
  for (const std::string command : {"backtest", "sweep"}) {
    const auto refused = run(command, "A_1h.csv --model model.json");
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("usually 3600 seconds, and model.json has bar_seconds 86400"));
  }
}

TEST_F(StrategiesCommand, ARegimesDrawdownIsThatOfItsBarsAlone) {
  write_bars("A_1h.csv", 600, 6);
  write("model.json", R"({"format": "regent-hmm/1", "features": ["log_return"], "labels": ["fall", "rise"],
    "start": [0.5, 0.5], "transition": [[0.98, 0.02], [0.02, 0.98]],
    "emission": {"kind": "gaussian", "means": [[-0.002], [0.002]], "covariances": [[[0.0001]], [[0.0001]]]}})");
  const auto traded =
      run("backtest", "A_1h.csv --fast 3 --slow 20 --model model.json --equity equity.csv --json");
  ASSERT_EQ(traded.code, 0) << traded.err;
  const auto equity = market::read_series(path("equity.csv").string());
  const auto& regime = equity.find("regime")->texts;
  const auto earned = market::numbers_of(equity, *equity.find("net_return"));
  const auto regimes = traded.json()["symbols"][0]["regimes"];
  ASSERT_GE(regimes.size(), 2U);
  for (const auto& one : regimes) {
    double own = 1, peak = 1, drawdown = 0;
    for (std::size_t t = 1; t < earned.size(); ++t) {
      if (regime[t - 1] != one["label"]) continue;  // known when the bar began
      own *= 1 + earned[t];
      peak = std::max(peak, own);
      drawdown = std::max(drawdown, 1 - own / peak);
    }
    EXPECT_NEAR(one["drawdown_max"], drawdown, 1e-9) << one["label"];
  }
}

TEST_F(StrategiesCommand, WrongInputIsRefusedByNameAndNothingIsWritten) {
  write_bars("A_1h.csv", 400, 7);
  const auto refusal = [&](const std::string& program, const std::string& arguments) {
    const auto outcome = run(program, arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    return outcome.err;
  };
  EXPECT_THAT(refusal("sweep", "A_1h.csv --strategy sma_kross"), HasSubstr("did you mean 'sma_cross'"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --grid windw=5"), HasSubstr("has no parameter \"windw\""));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --strategy all --grid windw=5"),
              HasSubstr("no chosen strategy has this parameter"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --grid fast=1:2000,slow=1:2000 --out out.csv"),
              HasSubstr("more than 1000000"));
  write("wrong.toml", "[[strategy]]\nname = \"sma_cross\"\nfasst = 5\n");
  EXPECT_THAT(refusal("sweep", "A_1h.csv --grid wrong.toml"),
              HasSubstr("wrong.toml:3: sma_cross.fasst: unknown key, did you mean 'fast'"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --grid nowhere.toml"), HasSubstr("nowhere.toml"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --grid wrong.toml --strategy macd"),
              HasSubstr("the file names its strategies"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --purge 5"), HasSubstr("give --folds too"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --blocks 5"), testing::Not(HasSubstr("A:")));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --from 2030-01-01"),
              HasSubstr("no bar from --from 2030-01-01 on; the data runs from"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --plots /proc/nowhere"), HasSubstr("--plots /proc/nowhere"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --model A_1h.csv"), HasSubstr("neither JSON nor safetensors"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --out out.txt"), HasSubstr(".csv or .parquet"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --fee 0.5"), HasSubstr("--fee is 0.5"));
  EXPECT_THAT(refusal("backtest", "A_1h.csv --fee nan"), HasSubstr("--fee nan: a number is needed"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --slippage -1"), HasSubstr("--slippage is -1"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --cash 0"), HasSubstr("--cash is 0"));
  EXPECT_THAT(refusal("backtest", "A_1h.csv --size 2"), HasSubstr("--size is 2"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --slippage-model liquid"), HasSubstr("--slippage-model"));
  EXPECT_THAT(refusal("sweep", "A_1h.csv --slippage-model liquidity --slippage 0.001"),
              HasSubstr("--slippage is for --slippage-model fixed"));
  EXPECT_THAT(refusal("backtest", "A_1h.csv --window 5"), HasSubstr("sma_cross has no parameter \"window\""));
  EXPECT_THAT(refusal("backtest", "A_1h.csv --fast 5:10"), HasSubstr("one value for each parameter"));
  EXPECT_THAT(refusal("backtest", "A_1h.csv --fast 50 --slow 20"), HasSubstr("fast < slow"));
  EXPECT_THAT(refusal("backtest", "A_1h.csv --only-regimes calm"), HasSubstr("needs --model"));
  EXPECT_FALSE(std::filesystem::exists(path("out.csv")));
  EXPECT_FALSE(std::filesystem::exists(path("out.txt")));
}

TEST_F(StrategiesCommand, ListNamesEveryStrategyWithItsFormula) {
  const auto listed = run("sweep", "--list");
  EXPECT_EQ(listed.code, 0);
  EXPECT_THAT(listed.out, HasSubstr("long: SMA_fast > SMA_slow"));
  EXPECT_THAT(listed.out, HasSubstr("combined_vote"));
  const auto json = run("sweep", "--list --json").json();
  EXPECT_EQ(json["strategies"][0]["name"], "sma_cross");
  EXPECT_EQ(json["strategies"][0]["parameters"][0]["name"], "fast");
}

TEST_F(StrategiesCommand, PlotsAreDrawn) {
  if (!can_draw()) GTEST_SKIP() << "no matplotlib and pyarrow here";
  write_bars("A_1h.csv", 600, 8);
  const auto swept = run("sweep", "A_1h.csv --plots heat");
  ASSERT_EQ(swept.code, 0) << swept.err;
  const auto traded = run("backtest", "A_1h.csv --plots sheet");
  ASSERT_EQ(traded.code, 0) << traded.err;
  for (const char* name : {"heat/A_sma_cross.png", "heat/A_sharpe_ratios.png", "sheet/A_tear_sheet.png"}) {
    EXPECT_GT(std::filesystem::file_size(path(name)), 5000U) << name;
  }
}

TEST_F(StrategiesCommand, PlotsNameWhatThisRunDrewAndNoMore) {
  if (!can_draw()) GTEST_SKIP() << "no matplotlib and pyarrow here";
  write_bars("A_1h.csv", 300, 9);
  write_bars("B_1h.csv", 300, 10);
  const auto swept = run("sweep", "A_1h.csv --grid fast=9000,slow=9001/9002 --plots one");
  ASSERT_EQ(swept.code, 0) << swept.err;
  EXPECT_THAT(swept.out, HasSubstr("drew 2 pictures in one: A_sma_cross.png, A_sharpe_ratios.png"));
  EXPECT_TRUE(std::filesystem::exists(path("one/A_sharpe_ratios.png")));
  const auto traded = run("backtest", "B_1h.csv --plots one");
  ASSERT_EQ(traded.code, 0) << traded.err;
  EXPECT_THAT(traded.out, HasSubstr("drew 1 picture in one: B_tear_sheet.png\n"));
}

}  // namespace
}  // namespace regent::strategies::test
