#pragma once
// One file's rows as they stand in it, before any check of their values.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "market/io/cell_text.hpp"
#include "market/io/layout.hpp"

namespace regent::market {

inline constexpr TimestampMs no_timestamp = std::numeric_limits<TimestampMs>::min();

struct RawRows {
  std::string file;
  bool is_text = true;  // rows are lines
  Layout layout;
  std::vector<TimestampMs> timestamps_ms;    // no_timestamp where it cannot be read
  std::vector<std::uint32_t> symbol_of_row;  // long form; empty otherwise
  std::vector<std::string> symbols;          // names of the numbers above; one_symbol: the file's symbol
  std::vector<std::vector<double>> values;   // [layout.values][rows], NaN where it is missing or no number
  std::vector<double> adjusted_close;        // [rows] when wanted
  std::vector<std::int64_t> blank_lines;     // increasing; they are no rows

  std::size_t rows() const { return timestamps_ms.size(); }

  // 1-based, for people.
  std::int64_t row_number(std::size_t row) const {
    auto number = static_cast<std::int64_t>(row) + (is_text ? 2 : 1);
    for (const std::int64_t blank : blank_lines) {
      if (blank > number) break;
      ++number;
    }
    return number;
  }

  // The text of cells that could not be read: for messages, at most text_max of them.
  static constexpr std::size_t text_max = 1000;
  std::map<std::pair<std::size_t, std::size_t>, std::string> texts;  // (row, file column)
  void keep_text(std::size_t row, std::size_t column, std::string_view text) {
    if (texts.size() < text_max) texts.emplace(std::pair(row, column), std::string(text.substr(0, 80)));
  }
  std::string text_of(std::size_t row, std::size_t column, const std::string& otherwise) const {
    const auto found = texts.find({row, column});
    return found == texts.end() ? otherwise : found->second;
  }

  // The number of a symbol's name; throws InputError naming the row when it cannot be one.
  std::uint32_t intern(std::string_view name, std::size_t row = 0) {
    const auto found = number_of_symbol.find(std::string(name));
    if (found != number_of_symbol.end()) return found->second;
    if (!is_utf8(name)) {
      throw InputError(file + ", " + row_name(row) + ": a symbol that is no UTF-8; save the file as UTF-8");
    }
    check_symbol(std::string(name), file + ", " + row_name(row));
    symbols.emplace_back(name);
    const auto number = static_cast<std::uint32_t>(symbols.size() - 1);
    number_of_symbol.emplace(name, number);
    return number;
  }
  std::unordered_map<std::string, std::uint32_t> number_of_symbol;

  std::string row_name(std::size_t row) const {
    return (is_text ? "line " : "row ") + std::to_string(row_number(row));
  }
};

RawRows read_csv(const std::string& file, bool adjusted);
RawRows read_parquet(const std::string& file, bool adjusted);
// By the file's first bytes. Throws InputError for what is no file, or an empty one.
bool is_parquet_file(const std::string& file);
RawRows read_rows(const std::string& file, bool adjusted);

}  // namespace regent::market
