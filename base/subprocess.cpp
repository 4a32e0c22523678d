#include "base/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.hpp"
#include "base/time.hpp"

namespace regent {
namespace {

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error(std::string("cannot make a pipe: ") + std::strerror(errno));
    // The child's end stays blocking: non-blocking belongs to this end alone.
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_writing() { close_end(1); }

  // Appends what is there; false at the end of the stream.
  bool drain(std::string& text) const {
    std::array<char, 16384> buffer{};
    for (;;) {
      const ssize_t got = ::read(ends_[0], buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got < 0 && errno == EAGAIN;
      const std::size_t room = ProcessResult::output_bytes_max - text.size();
      text.append(buffer.data(),
                  std::min(static_cast<std::size_t>(got), room));  // the rest is read and dropped
    }
  }

 private:
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

class SpawnOptions {
 public:
  SpawnOptions(const Pipe& output, const Pipe& error) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output.writing(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, error.writing(), STDERR_FILENO);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

pid_t start(const std::vector<std::string>& arguments, Pipe& output, Pipe& error) {
  REGENT_INVARIANT(!arguments.empty(), "no program to run");
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const SpawnOptions options(output, error);
  pid_t child = 0;
  const int failure =
      ::posix_spawnp(&child, argv[0], options.actions(), options.attributes(), argv.data(), ::environ);
  if (failure != 0) throw Error(arguments[0] + ": cannot be run: " + std::strerror(failure));
  output.close_writing();
  error.close_writing();
  return child;
}

bool has_ended(pid_t child, int& status, int flags) {
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, flags);
    if (ended < 0 && errno == EINTR) continue;
    REGENT_INVARIANT(ended >= 0, std::string("waitpid: ") + std::strerror(errno));
    return ended == child;
  }
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& arguments, int timeout_ms) {
  constexpr int tick_ms = 20;  // how late an end is seen whose pipes a grandchild keeps open
  ProcessResult result;
  Pipe output, error;
  const pid_t child = start(arguments, output, error);
  const std::int64_t deadline_ns = monotonic_ns() + std::int64_t{timeout_ms} * 1'000'000;
  int status = 0;
  bool output_open = true, error_open = true, ended = false;
  while (!ended) {
    if (monotonic_ns() >= deadline_ns) {
      result.timed_out = true;
      ::kill(-child, SIGKILL);
      has_ended(child, status, 0);
      break;
    }
    std::array<pollfd, 2> waits{
        {{output_open ? output.reading() : -1, POLLIN, 0}, {error_open ? error.reading() : -1, POLLIN, 0}}};
    ::poll(waits.data(), waits.size(), tick_ms);
    if (output_open) output_open = output.drain(result.standard_output);
    if (error_open) error_open = error.drain(result.standard_error);
    ended = has_ended(child, status, WNOHANG);
  }
  if (output_open) output.drain(result.standard_output);
  if (error_open) error.drain(result.standard_error);
  result.exit_code = exit_code_of(status);
  return result;
}

}  // namespace regent
