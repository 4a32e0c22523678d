#pragma once
// Where bars come from: a file replayed as if it were live, standard input, a ZeroMQ publisher.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/bar.hpp"

namespace regent::engine {

class Feed {
 public:
  virtual ~Feed() = default;
  virtual const std::vector<std::string>& symbols() const = 0;  // sorted, known before the first bar is taken
  virtual bool live() const = 0;
  // The next bar, if it is there within timeout_ms. Throws InputError for a row that is wrong.
  virtual std::optional<Bar> next(int timeout_ms) = 0;
  virtual bool ended() const = 0;                       // no bar will ever come any more
  virtual std::size_t bars_ahead() const { return 0; }  // known to come, for progress
};

struct FeedSettings {
  std::string source;                // "replay:FILE.csv", "stdin", "zmq:ENDPOINT"
  std::string history;               // a CSV whose bars come first; live feeds only
  std::vector<std::string> symbols;  // live feeds without history need them
};

// Throws InputError saying which sources there are.
std::unique_ptr<Feed> open_feed(const FeedSettings& settings);

}  // namespace regent::engine
