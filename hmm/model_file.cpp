#include "hmm/model_file.hpp"

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::hmm {
namespace {

constexpr std::size_t json_bytes_max = std::size_t{1} << 26;

bool is_json(const std::filesystem::path& file) {
  if (file.extension() == ".json") return true;
  if (file.extension() == ".safetensors") return false;
  const std::string text = read_file(file, json_bytes_max);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return true;
  constexpr std::size_t length_bytes = 8;  // of a safetensors header, before its own {
  if (text.size() > length_bytes && text[length_bytes] == '{') return false;
  throw InputError(file.string() +
                   ": no regime model: the file is neither JSON nor safetensors; regent hmm fit writes one");
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
