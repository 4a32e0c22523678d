#pragma once
// Runs another program to its end, within a time and with bounded output.

#include <string>
#include <vector>

namespace regent {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal when a signal ended it, as a shell shows it
  bool timed_out = false;
  std::string standard_output, standard_error;  // each cut at output_bytes_max
  static constexpr std::size_t output_bytes_max = std::size_t{1} << 20;
};

// `arguments[0]` is a path or a name that PATH finds. Standard input is empty. After `timeout_ms` the program
// and all that it started in its process group are killed. Throws Error when it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments, int timeout_ms);

}  // namespace regent
