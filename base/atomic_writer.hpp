#pragma once
// A file that is written in pieces and is there when it is whole.

#include <filesystem>
#include <memory>
#include <string_view>

namespace regent {

// As write_file_atomically (atomic_file.hpp) for bytes that come in pieces: they go to a temporary file, and
// finish() makes it `path`. Without finish() nothing stays and the old file is untouched.
class AtomicWriter {
 public:
  explicit AtomicWriter(const std::filesystem::path& path);
  ~AtomicWriter();
  AtomicWriter(const AtomicWriter&) = delete;
  AtomicWriter& operator=(const AtomicWriter&) = delete;
  void write(std::string_view bytes);
  void finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent
