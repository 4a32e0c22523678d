#pragma once
// A signal every few microseconds while it lives, so that every system call is broken off sooner or later.

#include <sys/time.h>

#include <csignal>

namespace regent::test {

class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction action {};
    action.sa_handler = [](int) { count = count + 1; };
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval often{{0, 50}, {0, 50}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~SignalStorm() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

  static inline volatile std::sig_atomic_t count = 0;  // of all storms

 private:
  struct sigaction before_ {};
};

}  // namespace regent::test
