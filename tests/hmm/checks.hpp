#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::hmm {

inline const cuda::Resources& cpu() {
  static const cuda::Resources resources = cuda::Resources::make("cpu");
  return resources;
}

inline void expect_near(const std::vector<double>& got, const std::vector<double>& right, double tolerance) {
  ASSERT_EQ(got.size(), right.size());
  for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(got[i], right[i], tolerance) << i;
}

// What is said against the input.
inline std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

}  // namespace regent::hmm
