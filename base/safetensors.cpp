#include "base/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensor bytes are copied as they lie in memory");
constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t header_bytes_max = std::uint64_t{16} << 20;  // a bundle's header is a few KiB
constexpr std::size_t rank_max = 16;
constexpr int depth_max = 3;  // the header, a tensor's entry, its shape, a dimension
constexpr const char* metadata_key = "__metadata__";

struct TypeName {
  const char* name;
  TensorType type;
  std::size_t width;
};
constexpr TypeName type_names[] = {
    {"F32", TensorType::f32, 4}, {"F64", TensorType::f64, 8}, {"I64", TensorType::i64, 8}};

const TypeName& describe(TensorType type) {
  return *std::find_if(std::begin(type_names), std::end(type_names),
                       [&](const TypeName& candidate) { return candidate.type == type; });
}

// Product of the dimensions; nothing when it or one of them does not fit.
std::optional<std::uint64_t> element_count(const std::vector<std::int64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) return std::nullopt;
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(dimension), &count)) return std::nullopt;
  }
  return count;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t dimension : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(dimension);
  return text + "]";
}

// A name from a hostile header as it may stand in a message.
std::string shown(const std::string& name) {
  std::string text;
  for (const char character : name.substr(0, 80)) {
    const auto byte = static_cast<unsigned char>(character);
    text += byte < 0x20 || byte == 0x7F ? '?' : character;
  }
  return name.size() > 80 ? text + "…" : text;
}

template <typename Value>
NamedTensor make_tensor(TensorType type, std::span<const Value> values, std::vector<std::int64_t> shape) {
  const std::optional<std::uint64_t> count = element_count(shape);
  REGENT_INVARIANT(count && *count == values.size(),
                   "shape " + shape_text(shape) + " for " + std::to_string(values.size()) + " values");
  NamedTensor tensor{type, std::move(shape), std::vector<std::uint8_t>(values.size_bytes())};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
  return tensor;
}

// Where a tensor's bytes lie behind the header.
struct Placement {
  const std::string* name;
  std::uint64_t begin, end;
};

class HeaderReader {
 public:
  HeaderReader(const std::string& origin, std::string_view data) : origin_(origin), data_(data) {}

  void read(std::string_view header, TensorFile& file) {
    const json document = parse(header);
    if (!document.is_object()) fail("the header is no JSON object");
    for (const auto& [name, entry] : document.items()) {
      if (name == metadata_key) {
        read_metadata(entry, file.metadata);
      } else {
        read_tensor(name, entry, file.tensors[name]);
      }
    }
    check_that_data_is_covered();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw InputError(origin_ + ": " + what); }
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    fail("tensor '" + shown(name) + "': " + what);
  }

  // JSON parsers keep the last of two equal names in silence; another reader may keep the first.
  json parse(std::string_view header) const {
    std::vector<std::set<std::string>> names(1);
    const auto check = [&](int depth, json::parse_event_t event, json& value) {
      if (event == json::parse_event_t::object_start) names.emplace_back();
      if (event == json::parse_event_t::object_end) names.pop_back();
      if (event == json::parse_event_t::key && !names.back().insert(value.get<std::string>()).second) {
        fail(value.get<std::string>(), "the name occurs twice in the header");
      }
      if (depth > depth_max) fail("the header is nested too deeply");
      return true;
    };
    try {
      return json::parse(header.begin(), header.end(), check);
    } catch (const json::exception& error) {
      fail(std::string("the header is no valid JSON: ") + shown(error.what()));
    }
  }

  void read_metadata(const json& entry, std::map<std::string, std::string>& metadata) const {
    if (!entry.is_object()) fail("__metadata__ is no JSON object");
    for (const auto& [name, value] : entry.items()) {
      if (!value.is_string()) fail("__metadata__ '" + shown(name) + "' is no string");
      metadata[name] = value.get<std::string>();
    }
  }

  void read_tensor(const std::string& name, const json& entry, NamedTensor& tensor) {
    if (!entry.is_object()) fail(name, "its header entry is no JSON object");
    for (const auto& [field, value] : entry.items()) {
      if (field != "dtype" && field != "shape" && field != "data_offsets") {
        fail(name, "unknown field '" + shown(field) + "'; expected dtype, shape and data_offsets");
      }
    }
    const TypeName& type = read_type(name, entry);
    tensor.type = type.type;
    tensor.shape = read_shape(name, entry);
    const auto [begin, end] = read_offsets(name, entry);
    const std::optional<std::uint64_t> count = element_count(tensor.shape);
    std::uint64_t size = 0;
    if (!count || __builtin_mul_overflow(*count, std::uint64_t{type.width}, &size)) {
      fail(name, "shape " + shape_text(tensor.shape) + " is larger than any file");
    }
    if (size != end - begin) {
      fail(name, "shape " + shape_text(tensor.shape) + " of " + type.name + " needs " + std::to_string(size) +
                     " bytes, data_offsets give " + std::to_string(end - begin));
    }
    const std::string_view bytes = data_.substr(begin, size);
    tensor.bytes.assign(bytes.begin(), bytes.end());
    placements_.push_back({&name_of(name), begin, end});
  }

  const TypeName& read_type(const std::string& name, const json& entry) const {
    const auto found = entry.find("dtype");
    if (found == entry.end() || !found->is_string())
      fail(name, "has no dtype; expected \"F32\", \"F64\" or \"I64\"");
    const auto text = found->get<std::string>();
    for (const TypeName& candidate : type_names) {
      if (text == candidate.name) return candidate;
    }
    fail(name, "dtype '" + shown(text) + "' is not supported; expected F32, F64 or I64");
  }

  std::vector<std::int64_t> read_shape(const std::string& name, const json& entry) const {
    const auto found = entry.find("shape");
    if (found == entry.end() || !found->is_array()) fail(name, "has no shape; expected an array of integers");
    if (found->size() > rank_max) {
      fail(name, "has " + std::to_string(found->size()) + " dimensions; at most " + std::to_string(rank_max));
    }
    std::vector<std::int64_t> shape;
    for (const json& dimension : *found) {
      // Unsigned is what the parser makes of every non-negative integer that fits.
      if (!dimension.is_number_unsigned() ||
          dimension.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        fail(name, "dimension " + shown(dimension.dump()) + " of its shape is no non-negative integer");
      }
      shape.push_back(dimension.get<std::int64_t>());
    }
    return shape;
  }

  std::pair<std::uint64_t, std::uint64_t> read_offsets(const std::string& name, const json& entry) const {
    const auto found = entry.find("data_offsets");
    if (found == entry.end() || !found->is_array() || found->size() != 2 ||
        !(*found)[0].is_number_unsigned() || !(*found)[1].is_number_unsigned()) {
      fail(name, "has no data_offsets; expected two non-negative integers");
    }
    const auto begin = (*found)[0].get<std::uint64_t>(), end = (*found)[1].get<std::uint64_t>();
    if (begin > end || end > data_.size()) {
      fail(name, "data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) +
                     "] do not lie in the " + std::to_string(data_.size()) + " bytes behind the header");
    }
    return {begin, end};
  }

  const std::string& name_of(const std::string& name) { return *names_.insert(name).first; }

  // Every byte belongs to exactly one tensor: no overlap, no gap, nothing behind the last.
  void check_that_data_is_covered() {
    std::sort(placements_.begin(), placements_.end(), [](const Placement& left, const Placement& right) {
      return std::tie(left.begin, left.end) < std::tie(right.begin, right.end);
    });
    std::uint64_t covered = 0;
    for (const Placement& placement : placements_) {
      if (placement.begin < covered) {
        fail(*placement.name, "overlaps another tensor at byte " + std::to_string(placement.begin));
      }
      if (placement.begin > covered) {
        fail(*placement.name, "leaves a gap before it from byte " + std::to_string(covered) + " to " +
                                  std::to_string(placement.begin));
      }
      covered = placement.end;
    }
    if (covered != data_.size()) {
      fail("has " + std::to_string(data_.size() - covered) + " bytes behind its last tensor");
    }
  }

  const std::string& origin_;
  std::string_view data_;
  std::set<std::string> names_;
  std::vector<Placement> placements_;
};

void append_length(std::string& bytes, std::uint64_t length) {
  for (std::size_t i = 0; i < length_bytes; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xFFU);
}

std::uint64_t read_length(std::string_view bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

// Wider types first, so that every tensor is aligned in the file; then by name.
std::vector<const std::pair<const std::string, NamedTensor>*> data_order(const TensorFile& file) {
  std::vector<const std::pair<const std::string, NamedTensor>*> order;
  for (const auto& item : file.tensors) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](const auto* left, const auto* right) {
    return describe(left->second.type).width > describe(right->second.type).width;
  });
  return order;
}

template <typename Value>
std::vector<Value> typed(const std::string& origin, const std::map<std::string, NamedTensor>& tensors,
                         const std::string& name, TensorType type, const std::vector<std::int64_t>& shape) {
  const std::string where = origin + ": tensor '" + shown(name) + "'";
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw InputError(where + " is missing");
  const NamedTensor& tensor = found->second;
  if (tensor.type != type) {
    throw InputError(where + " is of type " + describe(tensor.type).name + "; expected " +
                     describe(type).name);
  }
  if (tensor.shape != shape) {
    throw InputError(where + " has shape " + shape_text(tensor.shape) + "; expected " + shape_text(shape));
  }
  REGENT_INVARIANT(tensor.bytes.size() == tensor.count() * sizeof(Value),
                   where + " has a wrong number of bytes");
  std::vector<Value> values(tensor.count());
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  if constexpr (std::is_floating_point_v<Value>) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        throw InputError(where + " holds " + std::to_string(values[i]) + " at element " + std::to_string(i) +
                         "; every number must be finite");
      }
    }
  }
  return values;
}

}  // namespace

NamedTensor NamedTensor::from(std::span<const float> values, std::vector<std::int64_t> shape) {
  return make_tensor(TensorType::f32, values, std::move(shape));
}
NamedTensor NamedTensor::from(std::span<const double> values, std::vector<std::int64_t> shape) {
  return make_tensor(TensorType::f64, values, std::move(shape));
}
NamedTensor NamedTensor::from(std::span<const std::int64_t> values, std::vector<std::int64_t> shape) {
  return make_tensor(TensorType::i64, values, std::move(shape));
}

std::size_t NamedTensor::count() const {
  const std::optional<std::uint64_t> count = element_count(shape);
  REGENT_INVARIANT(count.has_value(), "shape " + shape_text(shape) + " overflows");
  return *count;
}

std::string TensorFile::to_bytes() const {
  json header = json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::uint64_t offset = 0;
  const auto order = data_order(*this);
  for (const auto* item : order) {
    const auto& [name, tensor] = *item;
    REGENT_INVARIANT(name != metadata_key, "a tensor must not be named __metadata__");
    REGENT_INVARIANT(tensor.shape.size() <= rank_max &&
                         tensor.bytes.size() == tensor.count() * describe(tensor.type).width,
                     "tensor '" + name + "' has a wrong number of bytes or too many dimensions");
    header[name] = {{"dtype", describe(tensor.type).name},
                    {"shape", tensor.shape},
                    {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& error) {
    throw Error(std::string("a tensor's name or metadata is not UTF-8: ") + error.what());
  }
  text.append((8 - text.size() % 8) % 8, ' ');  // the data start aligned
  REGENT_INVARIANT(text.size() <= header_bytes_max, "the header is too large to be read again");
  std::string bytes;
  bytes.reserve(length_bytes + text.size() + offset);
  append_length(bytes, text.size());
  bytes += text;
  for (const auto* item : order) {
    const std::vector<std::uint8_t>& data = item->second.bytes;
    bytes.append(data.begin(), data.end());
  }
  return bytes;
}

void TensorFile::write(const std::filesystem::path& path) const {
  write_file_atomically(path, to_bytes());
}

TensorFile TensorFile::read(const std::filesystem::path& path) {
  return from_bytes(read_file(path), path.string());
}

TensorFile TensorFile::from_bytes(std::string_view bytes, const std::string& name_for_errors) {
  TensorFile file;
  file.origin_ = name_for_errors;
  if (bytes.size() < length_bytes) {
    throw InputError(name_for_errors + ": has " + std::to_string(bytes.size()) +
                     " bytes; a safetensors file starts with 8 bytes of header length");
  }
  const std::uint64_t length = read_length(bytes);
  bytes.remove_prefix(length_bytes);
  if (length > header_bytes_max || length > bytes.size()) {
    throw InputError(name_for_errors + ": header length " + std::to_string(length) + " is larger than the " +
                     (length > header_bytes_max ? "limit of " + std::to_string(header_bytes_max)
                                                : std::to_string(bytes.size()) + " bytes that follow") +
                     "; the file is cut off or is no safetensors file");
  }
  const std::string_view header = bytes.substr(0, length);
  if (header.empty() || header.front() != '{')
    throw InputError(name_for_errors + ": the header is no JSON object");
  HeaderReader(file.origin_, bytes.substr(length)).read(header, file);
  return file;
}

std::vector<float> TensorFile::f32(const std::string& name, const std::vector<std::int64_t>& shape) const {
  return typed<float>(origin_, tensors, name, TensorType::f32, shape);
}
std::vector<double> TensorFile::f64(const std::string& name, const std::vector<std::int64_t>& shape) const {
  return typed<double>(origin_, tensors, name, TensorType::f64, shape);
}
std::vector<std::int64_t> TensorFile::i64(const std::string& name,
                                          const std::vector<std::int64_t>& shape) const {
  return typed<std::int64_t>(origin_, tensors, name, TensorType::i64, shape);
}

}  // namespace regent
