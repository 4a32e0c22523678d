#include "market/io/layout.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>
#include <set>
#include <string_view>

#include "base/error.hpp"

namespace regent::market {

namespace {

// In order of preference when a file has several.
constexpr std::array<std::string_view, 10> time_names{
    "timestamp",         "datetime", "date",       "time",         "open_time",
    "__index_level_0__", "index",    "unnamed:_0", "timestamp_ms", ""};
constexpr std::array<std::string_view, 4> symbol_names{"symbol", "ticker", "instrument", "pair"};
constexpr std::array<std::string_view, 2> adjusted_names{"adj_close", "adjusted_close"};
// Lower-case names that never are symbols: files of ticks and quotes carry them.
constexpr std::array<std::string_view, 12> tick_names{
    "bid", "ask", "price", "side", "size", "amount", "qty", "quantity", "type", "seq", "trade_id", "id"};

std::string normal(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_upper_case(std::string_view name) {
  return std::ranges::none_of(name, [](unsigned char c) { return std::islower(c) != 0; });
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = std::min<std::size_t>(names.size(), 12);
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + names[i].substr(0, 40);
  if (shown < names.size()) text += ", … (" + std::to_string(names.size()) + " in all)";
  return text;
}

template <std::size_t size>
std::optional<std::size_t> find_first(const std::vector<std::string>& names,
                                      const std::array<std::string_view, size>& wanted) {
  for (const auto name : wanted) {
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  return std::nullopt;
}

std::optional<Column> role_of(const std::string& name) {
  for (std::size_t c = 0; c < column_count; ++c) {
    if (name == column_names[c]) return static_cast<Column>(c);
  }
  return std::nullopt;
}

void check_unique(const std::vector<std::string>& names, const std::string& file) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (seen.insert(names[i]).second) continue;
    throw InputError(file + ": column \"" + names[i].substr(0, 80) + "\" (column " + std::to_string(i + 1) +
                     ") appears twice in the header; every column and symbol must be named once");
  }
}

void read_bar_columns(const std::vector<std::string>& names, const std::vector<std::string>& normal_names,
                      const std::string& file, bool adjusted, Layout& layout) {
  const auto symbol = find_first(normal_names, symbol_names);
  layout.form = symbol ? Layout::Form::long_bars : Layout::Form::one_symbol;
  layout.symbol_column = symbol;
  if (adjusted) {
    layout.adjusted_close_column = find_first(normal_names, adjusted_names);
    if (!layout.adjusted_close_column) {
      throw InputError(file + ": adjusted prices need a column adj_close; the file has " + listed(names));
    }
  }
  ColumnSet found;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == layout.timestamp_column || i == symbol || i == layout.adjusted_close_column) continue;
    const auto role = role_of(normal_names[i]);
    if (!role) {
      layout.ignored.push_back(names[i]);
      continue;
    }
    if (found.has(*role)) {
      throw InputError(
          file + ": column " + std::string(column_names[static_cast<std::size_t>(*role)]) +
          " appears twice in the header (in different spelling); every column must be named once");
    }
    found.add(*role);
    layout.values.push_back({i, names[i], *role});
  }
}

void read_wide_columns(const std::vector<std::string>& names, const std::vector<std::string>& normal_names,
                       const std::string& file, bool adjusted, Layout& layout) {
  if (adjusted) {
    throw InputError(file +
                     ": adjusted prices need the columns close and adj_close; a file of closes by symbol is "
                     "taken as it is");
  }
  layout.form = Layout::Form::wide;
  const auto has = [&](const char* name) {
    return std::ranges::find(normal_names, name) != normal_names.end();
  };
  // LOW and OPEN are symbols of shares too, but nothing but bars has both a high and a low
  const bool high_and_low = has("high") && has("low");
  for (std::size_t i = 0; i < names.size(); ++i) {
    // TIME is a share too: beside a "Date" in small letters it is a symbol
    const bool is_time = std::ranges::find(time_names, normal_names[i]) != time_names.end() &&
                         (!is_upper_case(names[i]) || is_upper_case(names[layout.timestamp_column]));
    const bool is_price = role_of(normal_names[i]) && (high_and_low || !is_upper_case(names[i]));
    const bool is_bar = is_price || std::ranges::find(symbol_names, normal_names[i]) != symbol_names.end();
    const bool is_tick = std::ranges::find(tick_names, std::string_view(names[i])) != tick_names.end();
    if (i == layout.timestamp_column) continue;
    if (is_time) {
      layout.ignored.push_back(names[i]);
      continue;
    }
    if (is_bar || is_tick) {
      throw InputError(
          file + ": no column \"close\"; the columns are " + listed(names) +
          ". Expected timestamp, symbol, open, high, low, close, volume, or a date column and one column "
          "of closes per symbol" +
          (is_tick ? "; ticks and quotes are no bars" : ""));
    }
    check_symbol(names[i], file + ", header, column " + std::to_string(i + 1));
    layout.values.push_back({i, names[i], Column::close});
  }
  if (layout.values.empty()) {
    throw InputError(file + ": the header has no column of prices beside \"" +
                     names[layout.timestamp_column] + "\"");
  }
}

}  // namespace

std::vector<std::size_t> Layout::columns_read() const {
  std::vector<std::size_t> columns{timestamp_column};
  if (symbol_column) columns.push_back(*symbol_column);
  if (adjusted_close_column) columns.push_back(*adjusted_close_column);
  for (const auto& value : values) columns.push_back(value.column);
  std::ranges::sort(columns);
  return columns;
}

ColumnSet Layout::column_set() const {
  ColumnSet set;
  for (const auto& value : values) set.add(value.role);
  return set;
}

Layout find_layout(const std::vector<std::string>& names, const std::string& file, bool adjusted) {
  std::vector<std::string> normal_names;
  for (const auto& name : names) normal_names.push_back(normal(name));
  const auto time = find_first(normal_names, time_names);
  if (!time) {
    throw InputError(file + ": no time column; the columns are " + listed(names) +
                     ". Expected one named timestamp, datetime, date or time");
  }
  check_unique(names, file);
  Layout layout;
  layout.timestamp_column = *time;
  if (std::ranges::find(normal_names, "close") != normal_names.end()) {
    read_bar_columns(names, normal_names, file, adjusted, layout);
  } else {
    read_wide_columns(names, normal_names, file, adjusted, layout);
  }
  return layout;
}

bool is_time_name(const std::string& name) {
  return std::ranges::find(time_names, normal(name)) != time_names.end();
}

bool is_symbol_name(const std::string& name) {
  return std::ranges::find(symbol_names, normal(name)) != symbol_names.end();
}

std::string symbol_from_file_name(const std::string& file) {
  std::string stem = std::filesystem::path(file).filename().string();
  for (const std::string_view ending : {".gz", ".csv", ".parquet", ".txt", ".pq"}) {
    if (stem.size() > ending.size() && normal(stem).ends_with(ending))
      stem.resize(stem.size() - ending.size());
  }
  static const std::regex part(
      "(.+)[_-]([0-9]{1,8}|[0-9]+(s|m|min|h|d|w|mo|M)|daily|hourly|weekly|ohlcv|bars)", std::regex::optimize);
  std::smatch match;
  while (std::regex_match(stem, match, part)) stem = match[1].str();
  return stem;
}

void check_symbol(const std::string& symbol, const std::string& where) {
  const auto bad = [](unsigned char c) { return c < 0x20 || c == 0x7F || c == ',' || c == '"' || c == '\''; };
  if (!symbol.empty() && symbol.size() <= 64 && std::ranges::none_of(symbol, bad)) return;
  std::string shown = symbol.substr(0, 64);
  for (char& c : shown) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  throw InputError(
      where + ": \"" + shown +
      "\" cannot be a symbol; expected 1 to 64 characters without control characters, commas and quotes");
}

}  // namespace regent::market
