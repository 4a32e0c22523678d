#pragma once

namespace regent::strategies {

// `regent backtest`: returns the process's exit code.
int backtest_command(int argc, char** argv);

}  // namespace regent::strategies
