#include "strategies/commands/trading_flags.hpp"

#include "base/command_line.hpp"
#include "base/error.hpp"

namespace regent::strategies {

void add_trading_flags(CLI::App& command, TradingFlags& flags) {
  market::add_data_flags(command, flags.bars);
  command.add_option("--data", flags.data, "Files of bars, as without the flag")->type_name("FILE…");
  command.add_option("--fee", flags.rules.fee_rate, "Of the traded value, at each fill")
      ->capture_default_str();
  command.add_option("--slippage", flags.rules.slippage_rate, "Of the price, against you, but for targets")
      ->each([&](const std::string&) { flags.slippage_given = true; })
      ->capture_default_str();
  command
      .add_option(
          "--slippage-model", flags.slippage_model,
          "fixed: --slippage at every fill. liquidity: at most 8 basis points by volatility, spread and "
          "volume of the bars before")
      ->check(CLI::IsMember({"fixed", "liquidity"}))
      ->capture_default_str();
  command.add_option("--cash", flags.rules.start_cash, "At the start, for each symbol")
      ->capture_default_str();
  command.add_option("--size", flags.rules.size, "Fraction of the equity that an entry spends, fee included")
      ->capture_default_str();
  command.add_flag("--whole-units", flags.rules.whole_units, "Entries are rounded down to whole units");
  command.add_flag("--shorts", flags.rules.shorts, "Trade short wishes too; else they mean flat");
  command.add_option("--fill", flags.fill, "A bar's wish is filled at the next bar's open, or at its close")
      ->check(CLI::IsMember({"next-open", "next-close"}))
      ->capture_default_str();
  command.add_flag("--keep-last-open", flags.keep_last_open,
                   "Do not close at the last bar's close what is open then");
  command
      .add_option("--model", flags.model,
                  "A regime model of regent hmm: statistics by regime, filtered, causal")
      ->type_name("FILE");
  command.add_option("--only-regimes", flags.only_regimes, "With --model: flat in all other regimes")
      ->type_name("A,B");
  command.add_option("--device", flags.device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
}

void settle(TradingFlags& flags) {
  flags.bars.files.insert(flags.bars.files.end(), flags.data.begin(), flags.data.end());
  flags.data.clear();
  flags.rules.close_last = !flags.keep_last_open;
  refuse_unless(flags.slippage_given, !flags.liquidity_slippage(), "--slippage",
                "--slippage-model fixed; liquidity finds a rate for every bar");
  cuda::sweep::validate(flags.rules, {"--fee", "--slippage", "--cash", "--size"});
  if (flags.model.empty() && !flags.only_regimes.empty()) throw InputError("--only-regimes needs --model");
}

}  // namespace regent::strategies
