#include "market/io/arrow_cells.hpp"

#include <arrow/api.h>

#include <cmath>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "base/time.hpp"
#include "market/io/cell_text.hpp"

namespace regent::market {

namespace {

template <class ArrayType>
double plain_number(const arrow::Array& cells, std::int64_t i) {
  return static_cast<double>(static_cast<const ArrayType&>(cells).Value(i));
}

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

std::optional<TimestampMs> time_in_unit(std::int64_t value, arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      if (std::abs(value / 1000) > 100'000'000) return std::nullopt;  // far outside the calendar
      return plausible_timestamp(value * 1000);
    case arrow::TimeUnit::MILLI:
      return plausible_timestamp(value);
    case arrow::TimeUnit::MICRO:
      return plausible_timestamp(floor_divide(value, 1'000));
    case arrow::TimeUnit::NANO:
      return plausible_timestamp(floor_divide(value, 1'000'000));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> text_at(const arrow::Array& cells, std::int64_t i) {
  switch (cells.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(cells).GetView(i);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(cells).GetView(i);
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(cells);
      const std::int64_t index = dictionary.GetValueIndex(i);
      if (index < 0 || index >= dictionary.dictionary()->length() || dictionary.dictionary()->IsNull(index)) {
        return std::nullopt;
      }
      return text_at(*dictionary.dictionary(), index);
    }
    default:
      return std::nullopt;
  }
}

bool holds_text(const arrow::Array& cells) {
  switch (cells.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return true;
    case arrow::Type::DICTIONARY:
      return holds_text(*static_cast<const arrow::DictionaryArray&>(cells).dictionary());
    default:
      return false;
  }
}

NumberReader number_reader(const arrow::Array& cells) {
  switch (cells.type_id()) {
    case arrow::Type::DOUBLE:
      return plain_number<arrow::DoubleArray>;
    case arrow::Type::FLOAT:
      return plain_number<arrow::FloatArray>;
    case arrow::Type::INT64:
      return plain_number<arrow::Int64Array>;
    case arrow::Type::INT32:
      return plain_number<arrow::Int32Array>;
    case arrow::Type::INT16:
      return plain_number<arrow::Int16Array>;
    case arrow::Type::INT8:
      return plain_number<arrow::Int8Array>;
    case arrow::Type::UINT64:
      return plain_number<arrow::UInt64Array>;
    case arrow::Type::UINT32:
      return plain_number<arrow::UInt32Array>;
    case arrow::Type::UINT16:
      return plain_number<arrow::UInt16Array>;
    case arrow::Type::UINT8:
      return plain_number<arrow::UInt8Array>;
    case arrow::Type::DECIMAL128:
      return [](const arrow::Array& array, std::int64_t i) {
        const auto scale = static_cast<const arrow::Decimal128Type&>(*array.type()).scale();
        return arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(i))
            .ToDouble(scale);
      };
    case arrow::Type::NA:
      return [](const arrow::Array&, std::int64_t) { return nan_value; };
    default:
      return nullptr;
  }
}

bool holds_time(const arrow::Array& cells) {
  switch (cells.type_id()) {
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::INT64:
    case arrow::Type::INT32:
      return true;
    default:
      return holds_text(cells);
  }
}

std::optional<TimestampMs> time_at(const arrow::Array& cells, std::int64_t i) {
  if (holds_text(cells)) return timestamp_from_text(text_at(cells, i).value_or(""));
  switch (cells.type_id()) {
    case arrow::Type::TIMESTAMP:
      return time_in_unit(static_cast<const arrow::TimestampArray&>(cells).Value(i),
                          static_cast<const arrow::TimestampType&>(*cells.type()).unit());
    case arrow::Type::DATE32:
      return plausible_timestamp(std::int64_t{static_cast<const arrow::Date32Array&>(cells).Value(i)} *
                                 day_ms);
    case arrow::Type::DATE64:
      return plausible_timestamp(static_cast<const arrow::Date64Array&>(cells).Value(i));
    case arrow::Type::INT64:
      return timestamp_from_integer(static_cast<const arrow::Int64Array&>(cells).Value(i));
    case arrow::Type::INT32:
      return timestamp_from_integer(static_cast<const arrow::Int32Array&>(cells).Value(i));
    default:
      return std::nullopt;
  }
}

std::vector<std::string> column_names_of(const arrow::Schema& schema, const std::string& file) {
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) {
    if (field->type()->num_fields() > 0 && field->type()->id() != arrow::Type::DICTIONARY) {
      throw InputError(file + ": column \"" + field->name() + "\" is nested (" + field->type()->ToString() +
                       "); expected plain columns");
    }
    names.push_back(field->name());
  }
  return names;
}

}  // namespace regent::market
