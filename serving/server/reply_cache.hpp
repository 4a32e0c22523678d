#pragma once
// The last replies of a stream as they were sent, so that the same request gets the same bytes.

#include <cstdint>
#include <deque>
#include <vector>

namespace regent::server {

class ReplyCache {
 public:
  explicit ReplyCache(std::size_t replies_max, std::size_t bytes_max = 16 << 20)
      : replies_max_(replies_max), bytes_max_(bytes_max) {}

  // REQUIRES a sequence above every one kept. The oldest make room; the newest is always kept.
  void keep(std::uint64_t sequence, std::vector<std::uint8_t> bytes);
  const std::vector<std::uint8_t>* find(std::uint64_t sequence) const;  // valid until the next keep()
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t sequence;
    std::vector<std::uint8_t> bytes;
  };
  std::deque<Entry> entries_;
  std::size_t replies_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
};

}  // namespace regent::server
