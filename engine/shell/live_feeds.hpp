#pragma once
// Live bars as CSV rows (market/csv_panel.hpp): lines of a descriptor, or messages of a ZeroMQ publisher.

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "engine/shell/bar_assembler.hpp"
#include "engine/shell/feed.hpp"

namespace regent::engine {

// Lines of a pipe. The first is the header. A line that is wrong, or that the input ends within, ends the
// feed with an InputError once the bars before it were taken: what follows it could not be trusted.
class LineFeed final : public Feed {
 public:
  LineFeed(int descriptor, std::string name, std::vector<std::string> symbols);
  const std::vector<std::string>& symbols() const override { return symbols_; }
  bool live() const override { return true; }
  std::optional<Bar> next(int timeout_ms) override;
  bool ended() const override { return end_of_input_ && !failure_ && assembler_.waiting() == 0; }

 private:
  void read_available();
  void wait_and_read(int timeout_ms);

  int descriptor_;
  std::vector<std::string> symbols_;
  BarAssembler assembler_;
  std::string buffer_;  // the beginning of a line, at most one line long
  bool end_of_input_ = false;
  std::exception_ptr failure_;  // thrown when the bars before it were taken
};

// Subscribes to ENDPOINT. Each message is one bar: a header line and its rows. A message that is wrong is
// logged and left out; the engine notices the missing bar by the feed's silence.
class PublisherFeed final : public Feed {
 public:
  PublisherFeed(const std::string& endpoint, std::vector<std::string> symbols);
  ~PublisherFeed() override;
  const std::vector<std::string>& symbols() const override { return symbols_; }
  bool live() const override { return true; }
  std::optional<Bar> next(int timeout_ms) override;
  bool ended() const override { return false; }

  static constexpr int messages_max = 1'000;  // that may wait
  static constexpr std::int64_t message_bytes_max = 16 << 20;

 private:
  struct Socket;
  std::optional<Bar> parse(std::string_view message);

  std::vector<std::string> symbols_;
  std::unique_ptr<Socket> socket_;
  std::optional<TimestampMs> last_ms_;
  std::uint64_t refused_ = 0;
};

// Bars of a file first, then those of a live feed that are later.
class HistoryFeed final : public Feed {
 public:
  HistoryFeed(std::unique_ptr<Feed> history, std::unique_ptr<Feed> live);
  const std::vector<std::string>& symbols() const override { return live_->symbols(); }
  bool live() const override { return true; }
  std::optional<Bar> next(int timeout_ms) override;
  bool ended() const override { return history_->ended() && live_->ended(); }

 private:
  std::unique_ptr<Feed> history_, live_;
};

}  // namespace regent::engine
