#include "hmm/commands/hmm_command.hpp"

#include <CLI/CLI.hpp>
#include <functional>

#include "base/command_line.hpp"
#include "hmm/commands/describe_command.hpp"
#include "hmm/commands/fit_command.hpp"
#include "hmm/commands/forecast_command.hpp"
#include "hmm/commands/inference_command.hpp"
#include "hmm/commands/plot_command.hpp"
#include "hmm/commands/select_command.hpp"

namespace regent::hmm {

// fit | select | forecast | sample | describe | plot | convert | score | filter | smooth | decode
int hmm_command(int argc, char** argv) {
  CLI::App app("Fit, decode and describe market regimes", "regent-hmm");
  app.require_subcommand(1);
  std::function<int()> body;
  add_fit_command(app, body);
  add_select_command(app, body);
  add_describe_command(app, body);
  add_plot_command(app, body);
  add_inference_commands(app, body);
  add_forecast_command(app, body);
  add_sample_command(app, body);
  add_convert_command(app, body);
  return run_command(app, argc, argv, [&] { return body(); });
}

}  // namespace regent::hmm
