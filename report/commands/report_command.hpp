#pragma once

namespace regent::report {

// `regent report`: what a run was worth, from its ledger; returns the process's exit code.
int report_command(int argc, char** argv);

}  // namespace regent::report
