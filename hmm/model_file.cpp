#include "hmm/model_file.hpp"

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::hmm {
namespace {

constexpr std::size_t json_bytes_max = std::size_t{1} << 26;

constexpr std::size_t safetensors_header_at = 8;  // after its length

bool is_json(const std::filesystem::path& file) {
  if (file.extension() == ".json") return true;
  if (file.extension() == ".safetensors") return false;
  const std::string text = read_file(file, json_bytes_max);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return true;
  if (text.size() > safetensors_header_at && text[safetensors_header_at] == '{') return false;
  throw InputError(file.string() +
                   ": no regime model: it is neither JSON, which begins with {, nor safetensors");
}

}  // namespace

Model read_model(const std::filesystem::path& file, const JsonReading& reading) {
  if (!is_json(file)) return read_safetensors(file);
  const std::string text = read_file(file, json_bytes_max);
  if (text.empty()) throw InputError(file.string() + ": the file is empty; expected a regime model as JSON");
  return model_from_json(text, file.string(), reading);
}

void write_model(const Model& model, const std::filesystem::path& file) {
  if (file.extension() == ".json") {
    write_file_atomically(file, model_to_json(model));
  } else if (file.extension() != ".safetensors") {
    throw InputError(file.string() + ": the name of a model file must end in .json or .safetensors");
  } else if (!model.has_emission()) {
    throw InputError(file.string() + ": a model without emission can only be written as .json");
  } else {
    write_safetensors(model, file);
  }
}

}  // namespace regent::hmm
