#pragma once
// Arrow's status as our exceptions.

#include <arrow/result.h>
#include <arrow/status.h>

#include <string>
#include <utility>

#include "base/error.hpp"

namespace regent::market {

// What is wrong with a file that came from outside.
inline void require_readable(const arrow::Status& status, const std::string& file) {
  if (!status.ok()) throw InputError(file + ": " + status.message());
}

template <class T>
T require_readable(arrow::Result<T> result, const std::string& file) {
  require_readable(result.status(), file);
  return std::move(result).ValueUnsafe();
}

// What fails on our own side.
inline void require_written(const arrow::Status& status, const std::string& file) {
  if (!status.ok()) throw Error(file + ": " + status.ToString());
}

template <class T>
T require_written(arrow::Result<T> result, const std::string& file) {
  require_written(result.status(), file);
  return std::move(result).ValueUnsafe();
}

}  // namespace regent::market
