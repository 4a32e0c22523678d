#pragma once
// A number in a message: ten digits, and 1e+300 where it would have hundreds.

#include <cstdio>
#include <string>

namespace regent::hmm {

inline std::string short_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

}  // namespace regent::hmm
