#pragma once

namespace regent::trainer {

// `regent train`: returns the process's exit code.
int train_command(int argc, char** argv);

}  // namespace regent::trainer
