#pragma once
// A folder of its own for each test, removed afterwards.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "market/io/panel_file.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent::market::test {

class Scratch : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    return folder_.write(name, bytes);
  }
  static std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::filesystem::path write_gzip(const std::string& name, const std::string& text) const;

  // One file with the default policy.
  Panel read(const std::filesystem::path& file, const ValidationPolicy& policy = {}) {
    report_ = {};
    return read_panel(std::vector{file}, policy, &report_);
  }
  // What is said about the file; "" when it is accepted.
  std::string complaint(const std::filesystem::path& file, const ValidationPolicy& policy = {});

  regent::test::TemporaryFolder folder_;
  ImportReport report_;
};

}  // namespace regent::market::test
