#include "base/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/time.hpp"

namespace regent {
namespace {

constexpr std::int64_t redraw_ns = 100'000'000;
constexpr std::size_t bar_cells = 24;

bool colours_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return (no_color == nullptr || *no_color == '\0') && !dumb;
}

const char* escape_of(Colour colour) {
  switch (colour) {
    case Colour::plain:
      return "";
    case Colour::bold:
      return "\033[1m";
    case Colour::red:
      return "\033[31m";
    case Colour::green:
      return "\033[32m";
    case Colour::yellow:
      return "\033[33m";
    case Colour::blue:
      return "\033[34m";
    case Colour::grey:
      return "\033[90m";
  }
  return "";
}

std::size_t stderr_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string duration_text(std::int64_t ns) {
  const std::int64_t seconds = ns / 1'000'000'000;
  char text[48];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ns) * 1e-9);
  } else {
    std::snprintf(text, sizeof text, "%lld min %02lld s", static_cast<long long>(seconds / 60),
                  static_cast<long long>(seconds % 60));
  }
  return text;
}

// Cuts at a character's start, so that a multi-byte character is never split.
std::string first_bytes(const std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U) --bytes_max;
  return text.substr(0, bytes_max);
}

void print(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}
bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

std::string coloured(const std::string& text, Colour colour) {
  if (colour == Colour::plain || !stdout_is_terminal() || !colours_wanted()) return text;
  return escape_of(colour) + text + "\033[0m";
}

Progress::Progress(std::string title, std::int64_t total)
    : on_terminal_(stderr_is_terminal()),
      title_(std::move(title)),
      total_(std::max<std::int64_t>(total, 0)),
      started_ns_(monotonic_ns()) {
  draw(false, "");
}

Progress::~Progress() {
  // Left by an exception or early: the line stays as it was, the next output starts on its own line.
  if (!finished_ && on_terminal_) print("\n");
}

void Progress::advance(std::int64_t done, const std::string& note) {
  done_ = std::clamp<std::int64_t>(done, 0, total_);
  draw(false, note);
}

void Progress::finish(const std::string& note) {
  if (finished_) return;
  done_ = total_;
  draw(true, note);
  finished_ = true;
}

void Progress::draw(bool last, const std::string& note) {
  const std::int64_t now_ns = monotonic_ns();
  const double fraction =
      total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : (last ? 1.0 : 0.0);
  const int percent = static_cast<int>(fraction * 100);
  const std::string took = duration_text(now_ns - started_ns_);
  const std::string tail = note.empty() ? "" : "  " + note;
  if (!on_terminal_) {
    const int tenth = percent / 10;
    if (!last && (tenth == tenth_ || tenth == 0)) return;
    if (last || tenth < 10) {
      print(title_ + ": " + std::to_string(percent) + " %  " + took + tail + "\n");
    }
    tenth_ = tenth;
    return;
  }
  if (!last && drawn_ns_ != 0 && now_ns - drawn_ns_ < redraw_ns) return;
  drawn_ns_ = now_ns;
  std::string bar;
  const auto filled = static_cast<std::size_t>(fraction * bar_cells);
  for (std::size_t cell = 0; cell < bar_cells; ++cell) bar += cell < filled ? "━" : "╌";
  const std::string before = title_ + "  ", after = "  " + std::to_string(percent) + " %  " + took + tail;
  const std::size_t columns = stderr_columns();
  const std::size_t used = before.size() + bar_cells;
  const std::string line = used >= columns ? first_bytes(before, columns - 1)
                                           : before + bar + first_bytes(after, columns - used - 1);
  print("\r" + line + "\033[K" + (last ? "\n" : ""));
}

}  // namespace regent
