#pragma once
// The kinds of failure that callers tell apart. What came from outside and is wrong is an InputError (final);
// what may succeed when tried again is a RetryableError; a broken invariant is our own bug and ends the
// process.

#include <stdexcept>
#include <string>

namespace regent {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A file, message, config value or row of market data is wrong. The message names the file, line, field and
// value and says what would be right. Commands end with exit code 2.
class InputError : public Error {
 public:
  using Error::Error;
};

// The same call may succeed later: a peer that does not answer, a lock that is held.
class RetryableError : public Error {
 public:
  using Error::Error;
};

// Prints the broken invariant and aborts. Never returns.
[[noreturn]] void invariant_failed(const char* condition, const char* file, int line,
                                   const std::string& message);

}  // namespace regent

// An assertion that stays on in release builds.
#define REGENT_INVARIANT(condition, message)                                 \
  do {                                                                       \
    if (!(condition)) [[unlikely]] {                                         \
      ::regent::invariant_failed(#condition, __FILE__, __LINE__, (message)); \
    }                                                                        \
  } while (false)
