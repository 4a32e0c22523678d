#pragma once
// A loop whose rounds wait for a device, on threads of their own: their waiting holds up no core.

#include <atomic>
#include <cstddef>
#include <future>
#include <vector>

namespace regent::strategies {

// Calls use(i) for [0, count), `at_once` of them at the same time. After one has thrown no more begin; what
// it threw comes out once all that had begun are done.
template <class Use>
void each_at_once(std::size_t count, std::size_t at_once, const Use& use) {
  std::atomic<std::size_t> next = 0;
  const auto take = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) use(i);
    } catch (...) {
      next = count;
      throw;
    }
  };
  std::vector<std::future<void>> others;
  try {
    for (std::size_t k = 1; k < at_once && k < count; ++k)
      others.push_back(std::async(std::launch::async, take));
    take();
  } catch (...) {
    next = count;  // also where the system has no more threads
    throw;
  }
  for (auto& other : others) other.get();
}

}  // namespace regent::strategies
