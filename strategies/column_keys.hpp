#pragma once
// Sets of columns of the indicator table, and the numbers of columns in them.

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "cuda/trading/indicators.hpp"

namespace regent::strategies {

using cuda::sweep::ColumnKey;

// Collects columns of which most come again and again: one that is still remembered is not taken a second
// time, so that little is left to sort.
class ColumnKeys {
 public:
  void add(const ColumnKey& key) {
    ColumnKey& seen = seen_[slot_of(key)];
    if (seen == key) return;
    seen = key;
    keys_.push_back(key);
  }
  // each once, sorted
  std::vector<ColumnKey> sorted() && {
    std::ranges::sort(keys_);
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
    return std::move(keys_);
  }

 private:
  static constexpr std::size_t slots = 1024;
  std::array<ColumnKey, slots> seen_{};  // no column has the window 0 of an empty slot
  std::vector<ColumnKey> keys_;
  static std::size_t slot_of(const ColumnKey& key) {
    const auto part = [](auto value) { return static_cast<std::size_t>(value); };
    return (part(key.w) + 97 * part(key.v) + 331 * part(key.indicator)) % slots;
  }
};

// Numbers of columns among sorted ones that are asked for one after the other: mostly the same as before, or
// the next one.
class ColumnFinder {
 public:
  explicit ColumnFinder(const std::vector<ColumnKey>& keys) : keys_(&keys) {}
  // REQUIRES that the column is there.
  std::int32_t find(const ColumnKey& key) {
    const std::vector<ColumnKey>& keys = *keys_;
    if (keys[last_] == key) return static_cast<std::int32_t>(last_);
    if (last_ + 1 < keys.size() && keys[last_ + 1] == key) return static_cast<std::int32_t>(++last_);
    last_ = static_cast<std::size_t>(std::ranges::lower_bound(keys, key) - keys.begin());
    return static_cast<std::int32_t>(last_);
  }

 private:
  const std::vector<ColumnKey>* keys_;
  std::size_t last_ = 0;
};

}  // namespace regent::strategies
