#include <gmock/gmock.h>

#include <csignal>

#include "base/config/config.hpp"
#include "base/stop_signal.hpp"
#include "base/time.hpp"
#include "hmm/labels.hpp"
#include "models/bundle.hpp"
#include "tests/trainer/small_run.hpp"
#include "trainer/train.hpp"

namespace regent::trainer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> folds{"2003-01-01", "2004-01-01"};

using TrainCommand = SmallRun;
using TrainCommandDeathTest = SmallRun;

TEST_F(TrainCommand, WritesABundlePerFoldAndARecordOfTheRun) {
  ASSERT_EQ(train("run"), 0) << errors_;
  EXPECT_THAT(output_, HasSubstr("2 bundles"));
  const auto bundles = models::load_bundles(folder_ / "run" / "bundles");
  ASSERT_EQ(bundles.size(), 2U);
  EXPECT_EQ(bundles[0].manifest.parent, "");
  EXPECT_EQ(bundles[1].manifest.parent, bundles[0].manifest.fingerprint);
  for (std::size_t i = 0; i < 2; ++i) {
    const models::BundleManifest& m = bundles[i].manifest;
    const int year = 2003 + static_cast<int>(i);
    EXPECT_EQ(m.serve_from_ms, start_of_year(year));
    EXPECT_GE(m.validation_start_ms, start_of_year(year - 1));
    EXPECT_LT(m.train_end_ms, m.serve_from_ms - 4 * std::int64_t{86'400'000});  // the embargo
    EXPECT_EQ(m.train_start_ms, panel_.timestamps_ms.front());
    EXPECT_EQ(m.data_fingerprint, panel_.slice(0, panel_.lower_bound(m.train_end_ms + 1)).fingerprint());
    EXPECT_EQ(m.columns, (std::vector<std::string>{"close", "volume"}));
    EXPECT_EQ(m.metrics.at("training").at("curve").size(), 5U);
    EXPECT_EQ(m.metrics.at("validation").at("checkpoints").size(), 3U);  // after 2, 4 and 5 iterations
    double best = -1e300;
    for (const auto& checkpoint : m.metrics.at("validation").at("checkpoints")) {
      best = std::max(best, checkpoint.at("sharpe").get<double>());
    }
    EXPECT_EQ(m.metrics.at("validation").at("sharpe").get<double>(), best);
    EXPECT_EQ(m.metrics.dump().find("_s\""), std::string::npos);  // no times in a bundle
  }
  const auto training = json_of("run/training.json");
  EXPECT_EQ(training.at("complete"), true);
  EXPECT_EQ(training.at("trials").at("count"), 6);
  EXPECT_EQ(training.at("folds").size(), 2U);
  EXPECT_EQ(training.at("folds")[1].at("fingerprint"), bundles[1].manifest.fingerprint);
  EXPECT_EQ(training.at("folds")[1].at("metrics"), bundles[1].manifest.metrics);
  EXPECT_GT(training.at("folds")[1].at("timings").at("policy_s").get<double>(), 0);
  EXPECT_FALSE(fs::exists(folder_ / "run" / "checkpoint"));
}

TEST_F(TrainCommand, TheSameSeedGivesTheSameFingerprintsAndAnotherGivesOthers) {
  ASSERT_EQ(train("first"), 0) << errors_;
  ASSERT_EQ(train("second"), 0) << errors_;
  ASSERT_EQ(train("other", {"--seed", "2"}), 0) << errors_;
  for (const std::string& fold : folds) {
    EXPECT_EQ(fingerprint("first", fold), fingerprint("second", fold));
    EXPECT_NE(fingerprint("first", fold), fingerprint("other", fold));
  }
}

TEST_F(TrainCommand, RefusesACutOfRiskForARegimeThatNoFitHas) {
  EXPECT_EQ(train("run", {"--set", "allocator.regime_risk=choas=0.5"}), 2);
  EXPECT_THAT(errors_, AllOf(HasSubstr("allocator.regime_risk: \"choas\" is no regime"),
                             HasSubstr("did you mean 'chaos'"), HasSubstr("calm, chaos")));
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  EXPECT_EQ(train("run", {"--set", "allocator.regime_risk=chaos=0.5"}), 0) << errors_;
  const auto bundles = models::load_bundles(folder_ / "run" / "bundles");
  EXPECT_EQ(bundles[0].regimes.labels, hmm::possible_labels(2));
}

TEST_F(TrainCommand, JudgesCheckpointsByWhatTheVenueTakes) {
  const auto checkpoints_of = [&](const std::string& out, const std::vector<std::string>& settings) {
    EXPECT_EQ(train(out, settings), 0) << errors_;
    return json_of(out + "/training.json").at("folds")[0].at("metrics").at("validation").at("checkpoints");
  };
  const auto cheap = checkpoints_of("cheap", {});
  const auto dear = checkpoints_of("dear", {"--set", "venue.fee_fraction=0.01"});
  const auto slippery = checkpoints_of("slippery", {"--set", "venue.slippage_fraction=0.01"});
  ASSERT_EQ(cheap.size(), dear.size());
  for (std::size_t i = 0; i < cheap.size(); ++i) {
    ASSERT_GT(cheap[i].at("turnover").get<double>(), 0);
    EXPECT_LT(dear[i].at("sharpe").get<double>(), cheap[i].at("sharpe").get<double>());
    EXPECT_LT(slippery[i].at("sharpe").get<double>(), cheap[i].at("sharpe").get<double>());
  }
}

TEST_F(TrainCommand, WhatComesAfterAFoldsWindowsDoesNotTouchItsBundle) {
  ASSERT_EQ(train("run"), 0) << errors_;
  const auto bundle = models::load_bundle(folder_ / "run" / "bundles" / folds[0]);
  const std::size_t first_after = panel_.lower_bound(bundle.manifest.train_end_ms + 1);
  ASSERT_LT(panel_.timestamps_ms[first_after], bundle.manifest.serve_from_ms);  // the embargo changes too
  for (auto& column : panel_.columns) {
    for (std::size_t i = first_after * panel_.symbol_count(); i < column.size(); ++i) column[i] *= 3.7;
  }
  market::write_panel(panel_, folder_ / "rescaled.parquet");
  ASSERT_EQ(train("rescaled", {}, "rescaled.parquet"), 0) << errors_;
  EXPECT_EQ(fingerprint("run", folds[0]), fingerprint("rescaled", folds[0]));
  EXPECT_NE(fingerprint("run", folds[1]),
            fingerprint("rescaled", folds[1]));  // whose validation lies after it
  for (const char* const file : {"policy.safetensors", "hmm.safetensors", "normaliser.safetensors"}) {
    EXPECT_EQ(read_file(folder_ / "run" / "bundles" / folds[0] / file),
              read_file(folder_ / "rescaled" / "bundles" / folds[0] / file))
        << file;
  }
}

// Stops a run after `patience` looks at the stop flag; true when it was done before.
bool finishes(const Config& config, const market::Panel& panel, const fs::path& out, bool resume,
              int patience) {
  TrainRequest request;
  request.out = out;
  request.resume = resume;
  int looks = 0;
  request.stop = [&looks, patience] { return ++looks > patience; };
  return train(config, panel, request).complete;
}

// How often a run is stopped so until it is done.
int finish_with_stops(const Config& config, const market::Panel& panel, const fs::path& out, int patience) {
  int stops = 0;
  while (!finishes(config, panel, out, stops > 0, patience)) ++stops;
  return stops;
}

TEST_F(TrainCommand, InterruptedAndResumedGivesTheSameBundlesAsUndisturbed) {
  ASSERT_EQ(train("whole"), 0) << errors_;
  const Config config = Config::from_toml(small_config, "small.toml");
  for (const int patience : {1, 3, 5}) {  // in the middle of folds, and with 5 between two
    const std::string out = "stopped" + std::to_string(patience);
    EXPECT_GE(finish_with_stops(config, panel_, folder_ / out, patience), 1);
    for (const std::string& fold : folds) {
      EXPECT_EQ(fingerprint(out, fold), fingerprint("whole", fold)) << "stops after " << patience;
    }
    EXPECT_EQ(json_of(out + "/training.json").at("folds")[0].at("metrics"),
              json_of("whole/training.json").at("folds")[0].at("metrics"));
    EXPECT_FALSE(fs::exists(folder_ / out / "checkpoint"));
  }
}

TEST_F(TrainCommandDeathTest, AStopSignalEndsWith130AndResumeFinishesTheRun) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  fs::path shared =
      fs::temp_directory_path() / "regent_trainer_stop_signal";  // the same path in both processes
  fs::remove_all(shared);
  fs::create_directories(shared);
  fs::copy_file(folder_ / "small.toml", shared / "small.toml");
  fs::copy_file(folder_ / "data.parquet", shared / "data.parquet");
  std::swap(folder_, shared);
  EXPECT_EXIT(
      {
        install_stop_signals();
        std::raise(SIGINT);
        std::vector<std::string> words = train_words("run");
        std::vector<char*> pointers;
        for (std::string& word : words) pointers.push_back(word.data());
        std::exit(train_command(static_cast<int>(pointers.size()), pointers.data()));
      },
      testing::ExitedWithCode(130), "");
  EXPECT_TRUE(fs::exists(folder_ / "run" / "checkpoint" / "state.json"));
  EXPECT_EQ(train("run", {"--resume", "--set", "ppo.iterations=7", "--seed", "3"}), 2);
  EXPECT_THAT(errors_,
              AllOf(HasSubstr("ppo.iterations was 5, now 7"), HasSubstr("runtime.seed was 1, now 3")));
  EXPECT_EQ(train("run", {"--resume"}), 0) << errors_;
  EXPECT_EQ(train("whole"), 0) << errors_;
  for (const std::string& fold : folds) EXPECT_EQ(fingerprint("run", fold), fingerprint("whole", fold));
  EXPECT_EQ(train("run", {"--resume"}), 0) << errors_;  // nothing is left to do
  std::swap(folder_, shared);
  fs::remove_all(shared);
}

TEST_F(TrainCommand, ADamagedCheckpointOrBundleStopsAResume) {
  const Config config = Config::from_toml(small_config, "small.toml");
  ASSERT_FALSE(finishes(config, panel_, folder_ / "run", false, 8));
  const std::string state = read_file(folder_ / "run" / "checkpoint" / "state.json");
  write_file_atomically(folder_ / "run" / "checkpoint" / "state.json", state.substr(0, state.size() / 2));
  EXPECT_EQ(SmallRun::train("run", {"--resume"}), 2);
  EXPECT_THAT(errors_, AllOf(HasSubstr("state.json"), HasSubstr("damaged")));
  write_file_atomically(folder_ / "run" / "checkpoint" / "state.json", state);
  const fs::path file = folder_ / "run" / "bundles" / folds[0] / "hmm.safetensors";
  std::string bytes = read_file(file);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file_atomically(file, bytes);
  EXPECT_EQ(SmallRun::train("run", {"--resume"}), 2);
  EXPECT_THAT(errors_, HasSubstr("hmm.safetensors"));
}

TEST_F(TrainCommand, AFoldThatWasFinishedButForItsOldCheckpointDoesNotStopAResume) {
  const Config config = Config::from_toml(small_config, "small.toml");
  ASSERT_FALSE(finishes(config, panel_, folder_ / "run", false, 3));
  const fs::path checkpoint = folder_ / "run" / "checkpoint", old = folder_ / "old";
  fs::copy(checkpoint, old);
  ASSERT_FALSE(finishes(config, panel_, folder_ / "run", true, 3));
  ASSERT_TRUE(fs::exists(folder_ / "run" / "bundles" / folds[0])) << "stopped in the second fold";
  fs::remove_all(checkpoint);  // as if the run had been killed right after the first fold's bundle
  fs::copy(old, checkpoint);
  EXPECT_EQ(SmallRun::train("run", {"--resume"}), 0) << errors_;
  ASSERT_EQ(SmallRun::train("whole"), 0) << errors_;
  for (const std::string& fold : folds) EXPECT_EQ(fingerprint("run", fold), fingerprint("whole", fold));
}

TEST_F(TrainCommand, RefusesAFolderInUseAndDataThatAreTooShort) {
  fs::create_directories(folder_ / "photographs" / "holiday");
  EXPECT_EQ(train("photographs"), 2);
  EXPECT_THAT(errors_, HasSubstr("not empty"));
  EXPECT_EQ(train("short", {"--set", "walk_forward.first_test_year=2001"}), 2);
  EXPECT_THAT(errors_, HasSubstr("min_train_bars"));
  EXPECT_FALSE(fs::exists(folder_ / "short"));
  EXPECT_EQ(train("nowhere", {"--resume"}), 2);
  EXPECT_THAT(errors_, HasSubstr("nothing to resume"));
}

TEST_F(TrainCommand, QuickFitsLessOftenAndSaysSo) {
  ASSERT_EQ(train("quick", {"--quick", "--set", "walk_forward.quick_iterations=2"}), 0) << errors_;
  EXPECT_THAT(output_, AllOf(HasSubstr("quick"), HasSubstr("every 5 years instead of every 1"),
                             HasSubstr("2 iterations of training instead of 5")));
  const auto training = json_of("quick/training.json");
  EXPECT_EQ(training.at("quick"), true);
  EXPECT_EQ(training.at("folds").size(), 1U);
  EXPECT_EQ(training.at("folds")[0].at("metrics").at("training").at("iterations"), 2);
}

TEST_F(TrainCommand, WithoutWalkForwardMakesOneBundleOfAllDataThatServesAfterThem) {
  ASSERT_EQ(train("run", {"--set", "walk_forward.enabled=false"}), 0) << errors_;
  const auto bundles = models::load_bundles(folder_ / "run" / "bundles");
  ASSERT_EQ(bundles.size(), 1U);
  EXPECT_EQ(bundles[0].manifest.train_end_ms, panel_.timestamps_ms.back());
  EXPECT_GT(bundles[0].manifest.serve_from_ms, panel_.timestamps_ms.back());
  EXPECT_EQ(bundles[0].manifest.data_fingerprint, panel_.fingerprint());
}

TEST_F(TrainCommand, APanelOfClosesAloneLeavesFeaturesOutAndSaysSo) {
  market::Panel closes = panel_;
  for (std::size_t i = 0; i < market::column_count; ++i) {
    if (static_cast<market::Column>(i) != market::Column::close) closes.columns[i].clear();
  }
  market::write_panel(closes, folder_ / "closes.parquet");
  ASSERT_EQ(train("closes", {"--set", "walk_forward.last_test_year=2003"}, "closes.parquet"), 0) << errors_;
  EXPECT_THAT(errors_, HasSubstr("volume_z_score_63"));
  const auto bundle = models::load_bundle(folder_ / "closes" / "bundles" / folds[0]);
  EXPECT_THAT(bundle.manifest.features, Not(testing::Contains("volume_z_score_63")));
  EXPECT_EQ(bundle.manifest.columns, (std::vector<std::string>{"close"}));
}

}  // namespace
}  // namespace regent::trainer
