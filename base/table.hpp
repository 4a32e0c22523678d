#pragma once
// Aligned columns for the terminal.

#include <cstddef>
#include <string>
#include <vector>

#include "base/terminal.hpp"

namespace regent {

struct Table {
  struct Cell {
    std::string text;
    Colour colour = Colour::plain;
  };
  std::vector<std::string> header;
  std::vector<bool> right;  // aligned to the right, [columns]
  std::vector<std::vector<Cell>> rows;

  std::string text() const;  // with colours when standard output is a terminal
};

// Characters that `text` (UTF-8) takes on the screen, one per code point.
std::size_t width_of(const std::string& text);
std::string percent(double fraction, int digits = 1);  // "–" when NaN
std::string grouped(std::size_t number);               // 1 234 567 with thin separators: "1,234,567"

}  // namespace regent
