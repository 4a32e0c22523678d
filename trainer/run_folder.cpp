#include "trainer/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::trainer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t json_bytes_max = std::size_t{1} << 30;

json to_json(const RunIdentity& identity) {
  return {{"config", identity.config},
          {"data_fingerprint", identity.data_fingerprint},
          {"data_files", identity.data_files},
          {"program", identity.program},
          {"device", identity.device}};
}

json read_json(const fs::path& file) {
  try {
    return json::parse(read_file(file, json_bytes_max));
  } catch (const json::exception& error) {
    throw InputError(file.string() + ": is damaged: " + error.what());
  }
}

void compare_text(const std::string& what, const std::string& then, const std::string& now,
                  std::vector<std::string>& differences) {
  if (then != now) {
    differences.push_back(what + " was " + then + ", now " + now);
  }
}

void require_same(const fs::path& folder, const RunIdentity& now) {
  const fs::path file = folder / "run.json";
  const json then = read_json(file);
  std::vector<std::string> differences;
  try {
    auto config = then.at("config").get<std::map<std::string, std::string>>();
    for (const auto& [key, value] : now.config) {
      const auto found = config.find(key);
      compare_text(key, found == config.end() ? "(unknown)" : found->second, value, differences);
    }
    compare_text("the data's fingerprint", then.at("data_fingerprint").get<std::string>(),
                 now.data_fingerprint, differences);
    compare_text("the program", then.at("program").get<std::string>(), now.program, differences);
    compare_text("the device", then.at("device").get<std::string>(), now.device, differences);
  } catch (const json::exception& error) {
    throw InputError(file.string() + ": is damaged: " + error.what());
  }
  if (!differences.empty()) {
    std::string text;
    for (const std::string& difference : differences) {
      text += "\n  " + difference;
    }
    throw InputError(folder.string() + ": cannot be resumed with other settings or data:" + text);
  }
}

int lock_folder(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(path.string() + ": cannot be opened: " + std::strerror(errno));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    throw InputError(path.string() + ": another training run is writing to this folder");
  }
  return descriptor;
}

}  // namespace

RunFolder::RunFolder(fs::path path, const RunIdentity& identity, bool resume) : path_(std::move(path)) {
  if (fs::exists(path_) && !fs::is_directory(path_)) {
    throw InputError(path_.string() + ": is no folder; --out needs a new or empty one");
  }
  const bool is_run = fs::exists(path_ / "run.json");
  if (resume && !is_run) {
    throw InputError(path_.string() + ": holds no training run (run.json), so there is nothing to resume");
  }
  if (!resume && is_run) {
    throw InputError(path_.string() +
                     ": holds a training run already; continue it with --resume or choose another "
                     "--out");
  }
  if (!resume && fs::exists(path_) && !fs::is_empty(path_)) {
    throw InputError(path_.string() + ": is not empty and no training run; choose another --out");
  }
  fs::create_directories(path_);
  lock_ = lock_folder(path_);
  try {
    if (resume) {
      require_same(path_, identity);
    } else {
      write_file_atomically(path_ / "run.json", to_json(identity).dump(2) + "\n");
    }
    // also of a run that goes on: one that was killed may have come no further than run.json
    fs::create_directories(path_ / "bundles");
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

RunFolder::~RunFolder() {
  ::close(lock_);
}

bool RunFolder::has_checkpoint() const {
  return fs::exists(checkpoint() / "state.json");
}

std::string RunFolder::checkpoint_fold() const {
  if (!has_checkpoint()) {
    return {};
  }
  try {
    return json::parse(read_file(checkpoint() / "state.json", json_bytes_max)).at("fold").get<std::string>();
  } catch (const json::exception&) {
    return {};  // who continues it will say what is wrong
  }
}

void RunFolder::remove_checkpoint() const {
  fs::remove_all(checkpoint());
}

json RunFolder::read_training() const {
  const fs::path file = path_ / "training.json";
  return fs::exists(file) ? read_json(file) : json::object();
}

void RunFolder::write_training(const json& training) const {
  write_file_atomically(path_ / "training.json", training.dump(2) + "\n");
}

}  // namespace regent::trainer
