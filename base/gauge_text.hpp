#pragma once
// Gauges in Prometheus' text format, for files that its node exporter's text file collector reads.

#include <ostream>
#include <string>

namespace regent {

inline void put_gauge_head(std::ostream& out, const std::string& name, const std::string& help) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " gauge\n";
}

// A label's value: backslash, quotes and line feeds are escaped.
inline std::string label_text(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace regent
