#pragma once

namespace regent::strategies {

// `regent sweep`: returns the process's exit code.
int sweep_command(int argc, char** argv);

}  // namespace regent::strategies
