#pragma once

namespace regent::trainer {

// `regent decide`: returns the process's exit code.
int decide_command(int argc, char** argv);

}  // namespace regent::trainer
