#include "trainer/commands/dream_bundle_command.hpp"

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "models/device.hpp"
#include "scenario/commands/dream_command.hpp"
#include "trainer/bundle_dream.hpp"

namespace regent::trainer {
namespace {

int run(const scenario::DreamFlags& flags) {
  if (flags.bundle.empty()) throw InputError("name the bundle with --bundle DIR");
  models::choose_torch_device("cpu", 1);  // blocks of paths are what runs side by side
  return scenario::run_dream_command(flags, [&flags] { return std::make_unique<BundleDream>(flags.bundle); });
}

}  // namespace

int dream_bundle_command(int argc, char** argv) {
  CLI::App app("Simulate many futures of a trained bundle: regimes, jumps, crises, and what breaks it",
               "regent-dream");
  scenario::DreamFlags flags;
  scenario::add_dream_flags(app, flags);
  return run_command(app, argc, argv, [&flags] { return run(flags); });
}

}  // namespace regent::trainer
