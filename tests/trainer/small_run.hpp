#pragma once
// A training run small enough for tests: the real command on a synthetic market in a folder of its own.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/atomic_file.hpp"
#include "market/io/panel_file.hpp"
#include "market/synthetic.hpp"
#include "tests/base/temporary_folder.hpp"
#include "trainer/commands/train_command.hpp"

namespace regent::trainer {

namespace fs = std::filesystem;

// Two folds (2003, 2004) of about three years of training each.
inline const char* const small_config = R"([features]
names = ["log_return", "return_5", "realised_volatility_5", "volume_z_score_63"]
[hmm]
macros = 2
micros = 2
restarts = 2
iterations_max = 15
[policy]
hidden = 8
[ppo]
lanes = 32
horizon = 16
minibatch = 256
iterations = 5
epochs = 2
[environment]
episode_bars = 60
[allocator]
warmup_bars = 30
[walk_forward]
first_test_year = 2003
last_test_year = 2004
validation_years = 1
min_train_bars = 300
checkpoint_iterations = 2
[runtime]
device = "cpu"
threads = 1
)";

inline market::Panel small_panel() {
  market::SyntheticMarket settings;
  settings.symbols = 4;
  settings.bars = 1300;  // 2000-01-03 to the end of 2004
  settings.seed = 5;
  settings.signal_strength = 0.3;
  return market::make_synthetic_market(settings).panel;
}

class SmallRun : public testing::Test {
 protected:
  void SetUp() override {
    write_file_atomically(folder_ / "small.toml", small_config);
    panel_ = small_panel();
    market::write_panel(panel_, folder_ / "data.parquet");
  }

  // Runs a command as a process would, without one; standard output and error are kept in output_.
  int command(int (*entry)(int, char**), std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = entry(static_cast<int>(pointers.size()), pointers.data());
    output_ = testing::internal::GetCapturedStdout();
    errors_ = testing::internal::GetCapturedStderr();
    return code;
  }
  std::vector<std::string> train_words(const std::string& out, const std::vector<std::string>& more = {},
                                       const std::string& data = "data.parquet") const {
    std::vector<std::string> words{"regent-train",
                                   "--config",
                                   (folder_ / "small.toml").string(),
                                   "--data",
                                   (folder_ / data).string(),
                                   "--out",
                                   (folder_ / out).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  int train(const std::string& out, const std::vector<std::string>& more = {},
            const std::string& data = "data.parquet") {
    return command(train_command, train_words(out, more, data));
  }
  nlohmann::json json_of(const fs::path& file) const {
    return nlohmann::json::parse(read_file(folder_ / file));
  }
  std::string fingerprint(const std::string& out, const std::string& fold) const {
    return json_of(fs::path(out) / "bundles" / fold / "manifest.json").at("fingerprint").get<std::string>();
  }

  test::TemporaryFolder own_;
  fs::path folder_ = own_.path();
  market::Panel panel_;
  std::string output_, errors_;
};

}  // namespace regent::trainer
