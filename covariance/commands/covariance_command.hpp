#pragma once

namespace regent::covariance {

// `regent covariance`: returns the process's exit code.
int covariance_command(int argc, char** argv);

}  // namespace regent::covariance
