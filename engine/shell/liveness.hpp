#pragma once
// Is the server alive? Judged by questions that stay unanswered, not by silence: a busy engine that asked
// nothing cannot lose its server. Time is an argument.

#include <cstdint>
#include <optional>

namespace regent::engine {

class Liveness {
 public:
  enum class Change : std::uint8_t { none, seen, lost };

  Liveness(std::int64_t interval_ns, std::int64_t lost_ns) : interval_ns_(interval_ns), lost_ns_(lost_ns) {}

  bool alive() const { return alive_; }
  // Something was sent, or could not be.
  void asked(std::int64_t now_ns) {
    last_asked_ns_ = now_ns;
    if (!unanswered_since_ns_) unanswered_since_ns_ = now_ns;
  }
  void answered() {
    unanswered_since_ns_.reset();
    answered_ = true;
  }
  bool should_ask(std::int64_t now_ns) const {
    return !last_asked_ns_ || now_ns - *last_asked_ns_ >= interval_ns_;
  }
  // To be called after everything that had arrived was looked at.
  Change update(std::int64_t now_ns) {
    const bool answered = answered_;
    answered_ = false;
    if (!alive_ && answered) {
      alive_ = true;
      return Change::seen;
    }
    if (alive_ && unanswered_since_ns_ && now_ns - *unanswered_since_ns_ > lost_ns_) {
      alive_ = false;
      return Change::lost;
    }
    return Change::none;
  }

 private:
  std::int64_t interval_ns_, lost_ns_;
  bool alive_ = false, answered_ = false;
  std::optional<std::int64_t> last_asked_ns_, unanswered_since_ns_;
};

}  // namespace regent::engine
