#pragma once
// Calls that a signal may break off.

#include <cerrno>

namespace regent {

// Calls again what a signal broke off: a Failure whose num() is EINTR, as zmq::error_t has it. ZeroMQ looks
// for signals even in calls that do not wait, before it does anything, so the same call again loses and
// repeats nothing. The caller looks at its stop flag between calls.
template <typename Failure, typename Call>
auto uninterrupted(const Call& call) {
  for (;;) {
    try {
      return call();
    } catch (const Failure& failure) {
      if (failure.num() != EINTR) throw;
    }
  }
}

}  // namespace regent
