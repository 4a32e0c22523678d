#pragma once

namespace regent::hmm {

// `regent hmm`: returns the process's exit code.
int hmm_command(int argc, char** argv);

}  // namespace regent::hmm
