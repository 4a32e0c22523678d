#include "strategies/each_at_once.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace regent::strategies {
namespace {

TEST(EachAtOnce, CallsEveryOneOnceOnSoManyThreadsAtMost) {
  for (const std::size_t at_once : {1, 3, 8}) {
    std::mutex mutex;
    std::multiset<std::size_t> seen;
    std::set<std::thread::id> threads;
    each_at_once(20, at_once, [&](std::size_t i) {
      const std::lock_guard guard(mutex);
      seen.insert(i);
      threads.insert(std::this_thread::get_id());
    });
    EXPECT_EQ(seen.size(), 20U);
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(seen.count(i), 1U);
    EXPECT_LE(threads.size(), at_once);
  }
}

TEST(EachAtOnce, RunsSideBySide) {
  std::atomic<int> there = 0;  // each waits for the other
  each_at_once(2, 2, [&](std::size_t) {
    ++there;
    while (there < 2) std::this_thread::yield();
  });
  EXPECT_EQ(there, 2);
}

TEST(EachAtOnce, BeginsNoMoreAfterOneHasThrownAndTellsOfIt) {
  for (const std::size_t at_once : {1, 4}) {
    std::atomic<std::size_t> begun = 0;
    EXPECT_THROW(each_at_once(1'000'000, at_once,
                              [&](std::size_t) {
                                if (++begun == 3) throw std::runtime_error("third");
                                std::this_thread::yield();
                              }),
                 std::runtime_error);
    EXPECT_LT(begun, 1'000'000U);
  }
}

TEST(EachAtOnce, OfNothingCallsNothing) {
  each_at_once(0, 8, [](std::size_t) { FAIL(); });
}

}  // namespace
}  // namespace regent::strategies
