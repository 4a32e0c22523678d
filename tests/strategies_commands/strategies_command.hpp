#pragma once
// regent sweep and regent backtest as people run them, in a folder of its own for each test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>

#include "base/time.hpp"

namespace regent::strategies::test {

struct Outcome {
  int code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

inline bool can_draw() {
  return std::system("P=" REGENT_SOURCE_FOLDER
                     "/.venv/bin/python; [ -x $P ] || P=python3; "
                     "env -i PATH=\"$PATH\" $P -c 'import matplotlib, pyarrow' 2>/dev/null") == 0;
}

class StrategiesCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "regent_strategies_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  std::string bytes_of(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Hourly bars of a random walk.
  void write_bars(const std::string& name, int bars, unsigned seed) const {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    std::ostringstream text;
    text << "timestamp,open,high,low,close,volume\n";
    double price = 100;
    for (int t = 0; t < bars; ++t) {
      const double open = price,
                   close = open * std::exp(0.01 * normal(random) + (t / 100 % 2 == 0 ? 0.002 : -0.002));
      text << 1'577'836'800'000 + t * 3'600'000LL << ',' << open << ',' << std::max(open, close) * 1.002
           << ',' << std::min(open, close) * 0.998 << ',' << close << ','
           << 100 + 50 * std::abs(normal(random)) << '\n';
      price = close;
    }
    write(name, text.str());
  }
  // No user's configuration reaches the command.
  Outcome run(const std::string& program, const std::string& arguments) const {
    const std::string command = "cd '" + folder_.string() + "' && env -i PATH=\"$PATH\" HOME='" +
                                folder_.string() + "' " REGENT_PROGRAMS "/regent-" + program + " " +
                                arguments + " 2>err.txt";
    Outcome outcome;
    FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      outcome.out.append(buffer.data(), n);
    }
    const int status = ::pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome.err = bytes_of("err.txt");
    return outcome;
  }

  std::filesystem::path folder_;
};

}  // namespace regent::strategies::test
