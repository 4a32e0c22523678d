#pragma once

namespace regent::scenario {

// `regent dream` without LibTorch, which gives way to `regent-dream-bundle` for --bundle; returns the
// process's exit code.
int dream_program(int argc, char** argv);

}  // namespace regent::scenario
