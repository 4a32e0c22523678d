#pragma once
// A folder in memory where the machine has that, because ledgers sync at every commit.

#include "tests/base/temporary_folder.hpp"

namespace regent::engine::test {

class TemporaryFolder : public regent::test::TemporaryFolder {
 public:
  TemporaryFolder() : regent::test::TemporaryFolder(parent()) {}

 private:
  static std::filesystem::path parent() {
    const std::filesystem::path memory = "/dev/shm";
    std::error_code error;
    return std::filesystem::is_directory(memory, error) ? memory : std::filesystem::temp_directory_path();
  }
};

}  // namespace regent::engine::test
