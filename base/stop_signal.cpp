#include "base/stop_signal.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "base/error.hpp"

namespace regent {
namespace {

// Lock-free atomics only: the handler may run between any two instructions.
std::atomic<bool> requested{false};
std::atomic<int> descriptor{-1};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void wake_descriptor() {
  const int file = descriptor.load();
  const std::uint64_t one = 1;
  // A full counter (EAGAIN) is readable already.
  if (file >= 0 && ::write(file, &one, sizeof one) < 0) return;
}

void on_signal(int signal_number) {
  const int saved_errno = errno;
  if (requested.load()) {
    ::signal(signal_number, SIG_DFL);
    ::raise(signal_number);  // pending until this handler returns, then final
  }
  request_stop();
  errno = saved_errno;
}

}  // namespace

void install_stop_signals() {
  stop_descriptor();
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  // No SA_RESTART: a read that waits for input returns with EINTR, so its loop sees the request.
  for (const int signal_number : {SIGINT, SIGTERM}) {
    REGENT_INVARIANT(::sigaction(signal_number, &action, nullptr) == 0, std::strerror(errno));
  }
}

bool stop_requested() {
  return requested.load();
}

void request_stop() {
  requested.store(true);
  wake_descriptor();
}

int stop_descriptor() {
  static std::once_flag once;
  std::call_once(once, [] {
    const int file = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (file < 0) throw Error(std::string("cannot make a stop descriptor: ") + std::strerror(errno));
    descriptor.store(file);
    if (requested.load()) wake_descriptor();  // asked for before the descriptor existed
  });
  return descriptor.load();
}

}  // namespace regent
