#include "base/stop_signal.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

namespace regent {
namespace {

// The request belongs to the process and is final, so each case runs in a process of its own.
using StopSignalDeathTest = ::testing::Test;

bool readable(int descriptor, int timeout_ms) {
  pollfd wait{descriptor, POLLIN, 0};
  return ::poll(&wait, 1, timeout_ms) == 1 && (wait.revents & POLLIN) != 0;
}

void exit_with(bool fine) {
  ::_exit(fine ? 0 : 1);
}

TEST_F(StopSignalDeathTest, EitherSignalSetsTheFlagAndWakesAPoll) {
  for (const int number : {SIGINT, SIGTERM}) {
    EXPECT_EXIT(
        {
          install_stop_signals();
          const bool quiet = !stop_requested() && !readable(stop_descriptor(), 0);
          ::raise(number);
          // stays readable for every loop that looks
          exit_with(quiet && stop_requested() && readable(stop_descriptor(), 0) &&
                    readable(stop_descriptor(), 0));
        },
        ::testing::ExitedWithCode(0), "");
  }
}

TEST_F(StopSignalDeathTest, ASecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        install_stop_signals();
        ::raise(SIGINT);
        ::raise(SIGTERM);
        ::_exit(7);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

TEST_F(StopSignalDeathTest, ARequestBeforeTheDescriptorIsSeenByIt) {
  EXPECT_EXIT(
      {
        request_stop();
        exit_with(stop_requested() && readable(stop_descriptor(), 0));
      },
      ::testing::ExitedWithCode(0), "");
}

// Whether this process's first thread sleeps in a system call.
bool first_thread_sleeps() {
  std::ifstream status("/proc/self/task/" + std::to_string(::getpid()) + "/stat");
  std::string number, name, state;
  status >> number >> name >> state;
  return state == "S";
}

TEST_F(StopSignalDeathTest, ABlockedReadReturns) {
  EXPECT_EXIT(
      {
        install_stop_signals();
        int ends[2];
        if (::pipe(ends) != 0) ::_exit(2);
        const pthread_t reader = ::pthread_self();
        std::thread([reader] {
          while (!first_thread_sleeps()) std::this_thread::yield();
          ::pthread_kill(reader, SIGTERM);
        }).detach();
        char byte = 0;
        exit_with(::read(ends[0], &byte, 1) < 0 && errno == EINTR && stop_requested());
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace regent
