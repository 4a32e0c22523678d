#include "serving/server/reply_cache.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace regent::server {

void ReplyCache::keep(std::uint64_t sequence, std::vector<std::uint8_t> bytes) {
  REGENT_INVARIANT(entries_.empty() || entries_.back().sequence < sequence,
                   "replies are kept in order, each once");
  bytes_ += bytes.size();
  entries_.push_back({sequence, std::move(bytes)});
  while (entries_.size() > 1 && (entries_.size() > replies_max_ || bytes_ > bytes_max_)) {
    bytes_ -= entries_.front().bytes.size();
    entries_.pop_front();
  }
}

const std::vector<std::uint8_t>* ReplyCache::find(std::uint64_t sequence) const {
  const auto entry =
      std::lower_bound(entries_.begin(), entries_.end(), sequence,
                       [](const Entry& e, std::uint64_t wanted) { return e.sequence < wanted; });
  return entry == entries_.end() || entry->sequence != sequence ? nullptr : &entry->bytes;
}

}  // namespace regent::server
