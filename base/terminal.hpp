#pragma once
// What a person sees: progress bars on standard error, colours only on a terminal (and never with NO_COLOR).

#include <cstdint>
#include <string>

namespace regent {

bool stdout_is_terminal();
bool stderr_is_terminal();
enum class Colour { plain, bold, red, green, yellow, blue, grey };
std::string coloured(const std::string& text,
                     Colour colour);  // unchanged unless standard output is a terminal

// A bar on a terminal (redrawn at most ten times a second), one line per tenth otherwise.
class Progress {
 public:
  Progress(std::string title, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(std::int64_t done, const std::string& note = "");
  void finish(const std::string& note = "");

 private:
  void draw(bool last, const std::string& note);
  bool on_terminal_;
  std::string title_;
  std::int64_t total_;
  std::int64_t done_ = 0;
  std::int64_t started_ns_;
  std::int64_t drawn_ns_ = 0;
  int tenth_ = -1;
  bool finished_ = false;
};

}  // namespace regent
