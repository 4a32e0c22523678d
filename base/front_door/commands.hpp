#pragma once
// What `regent` can run, for its help and for the doctor.

#include <array>
#include <string_view>

namespace regent {

struct Command {
  std::string_view name;   // "train": the program regent-train
  std::string_view group;  // heading in the help
  std::string_view help;   // one line
};

// In the order of the help.
inline constexpr std::array<Command, 15> commands{{
    {"train", "The main job", "Fit regimes, train policies walk-forward, write bundles"},
    {"serve", "The main job", "Answer decision requests from a bundle over ZeroMQ"},
    {"engine", "The main job", "Feed bars, ask for decisions, trade through the gates"},
    {"report", "The main job", "Turn a run's ledgers into report, metrics and pictures"},
    {"data", "Data and models", "Import, check and describe market data"},
    {"hmm", "Data and models", "Fit, decode and describe market regimes"},
    {"covariance", "Data and models", "Estimate and clean covariance matrices, and look at their spectra"},
    {"allocate", "Data and models", "Turn convictions into weights of a target volatility"},
    {"sweep", "Data and models", "Try grids of trading rules on bars, and say how much of the best is luck"},
    {"backtest", "Data and models", "Trade one rule on bars: trades, equity, tear sheet"},
    {"dream", "Data and models", "Simulate many futures of a portfolio and say what breaks it"},
    {"decide", "Data and models", "Print one decision with its reasons, without any server"},
    {"ledger", "Looking", "Verify, show and replay what an engine did"},
    {"config", "Looking", "Explain every setting and where its value comes from"},
    {"doctor", "Looking", "Look at machine, GPU, libraries, data and configuration"},
}};

}  // namespace regent
