#pragma once
// A folder that goes with its owner; in memory where the machine has that, because ledgers sync at every
// commit.

#include <cstdlib>
#include <filesystem>
#include <string>

namespace regent::engine::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    const std::filesystem::path memory = "/dev/shm";
    std::error_code error;
    const bool usable = std::filesystem::is_directory(memory, error);
    std::string name =
        ((usable ? memory : std::filesystem::temp_directory_path()) / "regent-engine-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace regent::engine::test
