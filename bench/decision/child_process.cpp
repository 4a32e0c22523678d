#include "bench/decision/child_process.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::bench {
namespace {

pid_t forked(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw Error("cannot fork");
  }
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    int code = 1;
    try {
      code = body();
    } catch (const std::exception& error) {
      std::cerr << "bench-decision: " << error.what() << "\n";
    }
    ::_exit(code);
  }
  return pid;
}

int execute(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  throw Error("cannot start " + command[0]);
}

}  // namespace

ChildProcess::ChildProcess(const std::function<int()>& body) : pid_(forked(body)) {}
ChildProcess::ChildProcess(const std::vector<std::string>& command)
    : pid_(forked([&command] { return execute(command); })) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
}

bool ChildProcess::running() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
    pid_ = -1;
  }
  return pid_ > 0;
}

std::string wait_for_file(const std::string& file, ChildProcess& writer, int timeout_ms) {
  for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += 10) {
    if (std::filesystem::exists(file)) {
      return read_file(file);
    }
    if (!writer.running()) {
      throw Error("the server ended before it was ready");
    }
    ::usleep(10'000);
  }
  throw Error("the server was not ready after " + std::to_string(timeout_ms) + " ms");
}

}  // namespace regent::bench
