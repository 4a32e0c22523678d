#pragma once
// A regime model's file, by its name: safetensors, or JSON that people read.

#include <filesystem>

#include "hmm/model_json.hpp"

namespace regent::hmm {

// *.json is JSON, *.safetensors is safetensors, any other name is judged by its first bytes. Throws
// InputError, also for a file that begins as neither.
Model read_model(const std::filesystem::path& file, const JsonReading& reading = {});

// Written atomically, the form by the extension. Throws InputError for another extension, and for a structure
// without emission that is to become safetensors.
void write_model(const Model& model, const std::filesystem::path& file);

}  // namespace regent::hmm
