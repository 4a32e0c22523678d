#include "base/table.hpp"

#include <algorithm>
#include <cstdio>

namespace regent {

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

std::string percent(double fraction, int digits) {
  if (fraction != fraction) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f %%", digits, 100 * fraction);
  return text;
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& name : header) widths.push_back(width_of(name));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i].text));
  }
  std::string out;
  const auto add = [&](std::size_t i, const std::string& cell, Colour colour) {
    const std::string space(widths[i] - width_of(cell), ' ');
    const bool last = i + 1 == header.size();
    const std::string painted = coloured(cell, colour);
    out += "  " + (right[i] ? space + painted : painted + (last ? "" : space));
  };
  for (std::size_t i = 0; i < header.size(); ++i) add(i, header[i], Colour::grey);
  out += '\n';
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) add(i, row[i].text, row[i].colour);
    out += '\n';
  }
  return out;
}

}  // namespace regent
