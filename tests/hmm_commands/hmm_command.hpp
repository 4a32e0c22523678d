#pragma once
// regent hmm as people run it, in a folder of its own for each test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace regent::hmm::test {

struct Outcome {
  int code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

// Whether the interpreter that plot runs, in the environment that it runs in, has what drawing needs.
inline bool can_draw() {
  return std::system("P=" REGENT_SOURCE_FOLDER
                     "/.venv/bin/python; [ -x $P ] || P=python3; "
                     "env -i PATH=\"$PATH\" $P -c 'import matplotlib, pyarrow' 2>/dev/null") == 0;
}

class HmmCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "regent_hmm_XXXXXX").string();
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
  // No user's configuration reaches the command.
  Outcome run(const std::string& arguments) const {
    const std::string command = "cd '" + folder_.string() + "' && env -i PATH=\"$PATH\" HOME='" +
                                folder_.string() + "' " REGENT_HMM_PROGRAM " " + arguments + " 2>err.txt";
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

inline const std::string umbrella_model = R"({"format": "regent-hmm/1", "labels": ["rain", "dry"],
  "start": [0.5, 0.5], "transition": [[0.7, 0.3], [0.3, 0.7]]})";
// log .9 .2 with an umbrella, log .1 .8 without: yes, yes, no, yes, yes
inline const std::string umbrella_emissions =
    "rain,dry\n-0.10536051565782628,-1.6094379124341003\n-0.10536051565782628,-1.6094379124341003\n"
    "-2.3025850929940455,-0.2231435513142097\n-0.10536051565782628,-1.6094379124341003\n"
    "-0.10536051565782628,-1.6094379124341003\n";
inline const std::string two_states = R"({"format": "regent-hmm/1", "features": ["r"],
  "labels": ["calm", "chaos"], "start": [0.6, 0.4], "transition": [[0.9, 0.1], [0.2, 0.8]],
  "emission": {"kind": "gaussian", "means": [[0.5], [-1]], "covariances": [[[1]], [[9]]]}})";

}  // namespace regent::hmm::test
