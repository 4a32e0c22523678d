#pragma once
// A program as people run it, in a folder of its own for each test.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/subprocess.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent::test {

struct Outcome {
  int code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

// `command` is a line for the shell. No user's configuration reaches it.
inline Outcome run_in(const std::filesystem::path& folder, const std::string& command) {
  constexpr int patience_ms = 280'000;
  const std::string line =
      "cd '" + folder.string() + "' && exec env -i PATH=\"$PATH\" HOME='" + folder.string() + "' " + command;
  ProcessResult result = run_process({"sh", "-c", line}, patience_ms);
  return {result.exit_code, std::move(result.standard_output), std::move(result.standard_error)};
}

// Whether the interpreter that draws, in the environment that it runs in, has `modules`.
inline bool can_draw(const std::string& source_folder, const std::string& modules) {
  return std::system(("P=" + source_folder +
                      "/.venv/bin/python; [ -x $P ] || P=python3; "
                      "env -i PATH=\"$PATH\" $P -c 'import " +
                      modules + "' 2>/dev/null")
                         .c_str()) == 0;
}

class CommandTest : public ::testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& bytes) const { folder_.write(name, bytes); }
  std::string bytes_of(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TemporaryFolder folder_;
};

}  // namespace regent::test
