#pragma once
// Reader and writer of the safetensors format (8-byte little-endian header length, JSON header, raw tensors).
// No pickle, no code: a file is numbers and names only.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace regent {

enum class TensorType { f32, f64, i64 };

struct NamedTensor {
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;  // row-major
  std::vector<std::uint8_t> bytes;  // little-endian

  static NamedTensor from(std::span<const float> values, std::vector<std::int64_t> shape);
  static NamedTensor from(std::span<const double> values, std::vector<std::int64_t> shape);
  static NamedTensor from(std::span<const std::int64_t> values, std::vector<std::int64_t> shape);
  std::size_t count() const;  // product of the shape
};

class TensorFile {
 public:
  std::map<std::string, NamedTensor> tensors;   // sorted by name, so the same content gives the same bytes
  std::map<std::string, std::string> metadata;  // the header's __metadata__

  std::string to_bytes() const;
  void write(const std::filesystem::path& path) const;  // atomically
  // Checks offsets, overlaps, dtypes, shapes and the file's end. Throws InputError naming file and tensor.
  static TensorFile read(const std::filesystem::path& path);
  static TensorFile from_bytes(std::string_view bytes, const std::string& name_for_errors);

  // Typed access; throw InputError naming the tensor when it is absent, of another type or shape, or not
  // finite.
  std::vector<float> f32(const std::string& name, const std::vector<std::int64_t>& shape) const;
  std::vector<double> f64(const std::string& name, const std::vector<std::int64_t>& shape) const;
  std::vector<std::int64_t> i64(const std::string& name, const std::vector<std::int64_t>& shape) const;

 private:
  std::string origin_ = "(memory)";
};

}  // namespace regent
