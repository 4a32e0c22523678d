#pragma once
// The folder that a training run fills. No torch here.
//   run.json        what the run is: configuration, data, program, device; --resume compares it
//   bundles/<name>/ one per finished fold
//   checkpoint/     the fold that was interrupted
//   training.json   windows, metrics and timings of all finished folds; "complete" says whether all are

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace regent::trainer {

struct RunIdentity {
  std::map<std::string, std::string> config;  // key → TOML text
  std::string data_fingerprint;
  std::vector<std::string> data_files;  // for the reader; not compared
  std::string program;                  // "regent 0.1.0"
  std::string device;                   // "cpu, 2 threads"
};

class RunFolder {
 public:
  // A new run: `path` must not exist or be empty. A resumed one: `path` must hold a run of the same identity.
  // Throws InputError saying what is in the way or every value that differs. Holds a lock while it lives: a
  // second run in the same folder is an InputError.
  RunFolder(std::filesystem::path path, const RunIdentity& identity, bool resume);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  std::filesystem::path bundle(const std::string& fold) const { return path_ / "bundles" / fold; }
  std::filesystem::path checkpoint() const { return path_ / "checkpoint"; }
  bool has_checkpoint() const;
  std::string checkpoint_fold() const;  // whose it is; empty when there is none, or it is damaged
  void remove_checkpoint() const;
  // Of the finished folds, in order, as written last; empty for a new run.
  nlohmann::json read_training() const;
  void write_training(const nlohmann::json& training) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace regent::trainer
