#pragma once
// regent hmm score | filter | smooth | decode

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace regent::hmm {

// Each verb adds itself to `app` and, when it was named, sets `body`.
void add_inference_commands(CLI::App& app, std::function<int()>& body);

}  // namespace regent::hmm
