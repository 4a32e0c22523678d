#pragma once
// What the columns of a file are, found from their names (any case, spaces as underscores).

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::market {

struct Layout {
  enum class Form {
    long_bars,   // timestamp, symbol, close and more
    one_symbol,  // timestamp, close and more; the file's name is the symbol
    wide         // date × symbol closes: every other column is a symbol
  };
  struct Value {
    std::size_t column;  // position in the file
    std::string name;    // as in the file; of a wide file the symbol
    Column role;
  };
  Form form = Form::wide;
  std::size_t timestamp_column = 0;
  std::optional<std::size_t> symbol_column;
  std::optional<std::size_t> adjusted_close_column;  // only when it is wanted
  std::vector<Value> values;
  std::vector<std::string> ignored;

  std::vector<std::size_t> columns_read() const;  // every column above, increasing
  ColumnSet column_set() const;
};

// Throws InputError naming the file and the columns when they are no bars.
Layout find_layout(const std::vector<std::string>& names, const std::string& file, bool adjusted);

// Whether a column of this name holds times, or symbols (any case).
bool is_time_name(const std::string& name);
bool is_symbol_name(const std::string& name);

// BTCUSDT_1h.csv.gz → BTCUSDT; trailing parts that are a timeframe or a number are left out.
std::string symbol_from_file_name(const std::string& file);

// Throws InputError when `symbol` is empty, longer than 64 bytes or holds a control character, comma or
// quote.
void check_symbol(const std::string& symbol, const std::string& where);

}  // namespace regent::market
