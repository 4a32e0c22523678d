#pragma once

namespace regent::trainer {

// regent dream --bundle. Exit code.
int dream_bundle_command(int argc, char** argv);

}  // namespace regent::trainer
