#pragma once

namespace regent::allocation {

// `regent allocate`: flags in, weights out; returns the process's exit code.
int allocate_command(int argc, char** argv);

}  // namespace regent::allocation
