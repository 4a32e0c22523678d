#pragma once
// One cell of an Arrow array, whatever its type: what every reader of Parquet here begins with.

#include <arrow/array.h>
#include <arrow/type.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace regent::market {

bool holds_text(const arrow::Array& cells);  // strings, binary, dictionaries of them
// Nothing where the cell is no text or a dictionary's entry is null.
std::optional<std::string_view> text_at(const arrow::Array& cells, std::int64_t i);

// How to read one number of this type; nullptr when it is no number.
using NumberReader = double (*)(const arrow::Array&, std::int64_t);
NumberReader number_reader(const arrow::Array& cells);

bool holds_time(const arrow::Array& cells);  // timestamps, dates, integers of unix time, text
// The cell's time where it is plausible. REQUIRES holds_time.
std::optional<TimestampMs> time_at(const arrow::Array& cells, std::int64_t i);

// Throws InputError for a nested column.
std::vector<std::string> column_names_of(const arrow::Schema& schema, const std::string& file);

}  // namespace regent::market
