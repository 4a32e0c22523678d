#pragma once
// A program or a function in a process of its own; ended with SIGTERM when this object goes.

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace regent::bench {

class ChildProcess {
 public:
  // REQUIRES that no thread of ours runs yet (fork).
  explicit ChildProcess(const std::function<int()>& body);
  explicit ChildProcess(const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  bool running();  // false once it has ended

 private:
  pid_t pid_ = -1;
};

// Waits for a JSON file that the child writes atomically. Throws Error when the child ends first or time runs
// out.
std::string wait_for_file(const std::string& file, ChildProcess& writer, int timeout_ms);

}  // namespace regent::bench
