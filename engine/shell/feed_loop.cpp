#include "engine/shell/feed_loop.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/terminal.hpp"

namespace regent::engine {

namespace {

constexpr int feed_poll_ms = 20;
constexpr std::uint64_t left_out_reported_max = 100;

// Bars of a live feed, and for how long none of them was of any use.
class LiveWatch {
 public:
  LiveWatch(std::int64_t timeout_ns, std::int64_t now_ns) : timeout_ns_(timeout_ns), last_ns_(now_ns) {}

  void took(std::int64_t now_ns) {
    last_ns_ = now_ns;
    lost_ = false;
  }
  // True once for each silence.
  bool is_lost_now(std::int64_t now_ns) {
    if (lost_ || timeout_ns_ <= 0 || now_ns - last_ns_ <= timeout_ns_) return false;
    return lost_ = true;
  }
  void leave_out(const InputError& error) {
    if (++left_out_ <= left_out_reported_max) spdlog::warn("a bar is left out: {}", error.what());
  }

 private:
  std::int64_t timeout_ns_, last_ns_;
  std::uint64_t left_out_ = 0;
  bool lost_ = false;
};

}  // namespace

void run_feed(Session& session, Feed& feed, const SessionSettings& settings, std::int64_t feed_timeout_ns,
              Clock& clock) {
  Progress progress("bars", static_cast<std::int64_t>(feed.bars_ahead()));
  std::int64_t done = 0;
  LiveWatch watch(feed_timeout_ns, clock.now_ns());
  while (!session.stop_requested() && !session.failed() && !feed.ended()) {
    const std::optional<Bar> bar = feed.next(feed.live() ? feed_poll_ms : 0);
    const std::uint64_t before = session.core().bars();
    try {
      if (bar) session.on_bar(bar->view());
    } catch (const InputError& error) {
      if (!feed.live()) throw;
      watch.leave_out(error);
    }
    if (!feed.live()) {
      const bool traded = bar && bar->timestamp_ms >= settings.core.trade_from_ms;
      if (bar) progress.advance(++done);
      if (traded && settings.pace_ns > 0) session.idle(settings.pace_ns);
      continue;
    }
    // what was left out, or repeats what the ledger holds, is no sign of life
    if (session.core().bars() != before) watch.took(clock.now_ns());
    session.idle(0);
    if (watch.is_lost_now(clock.now_ns())) session.feed_lost();
  }
  if (!feed.live()) progress.finish();
}

}  // namespace regent::engine
