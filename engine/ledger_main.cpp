// regent-ledger: checks, shows, replays and explains a ledger. Changes nothing.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "base/terminal.hpp"
#include "engine/ledger/decision_replay.hpp"
#include "engine/ledger/explain.hpp"
#include "engine/ledger/reader.hpp"
#include "engine/ledger/rebuild.hpp"
#include "engine/ledger/verify.hpp"
#include "serving/client/decision_client.hpp"

namespace regent::engine {
namespace {

struct Flags {
  std::string ledger, kind, from, to, server;
  std::uint64_t limit = 0, sequence = 0;
  bool json = false;
};

int verify(const Flags& flags) {
  const Verification result = verify_ledger(flags.ledger);
  if (flags.json) {
    const nlohmann::json body{{"ok", result.ok},
                              {"problem", result.problem},
                              {"rows", result.rows},
                              {"anchored", result.anchored},
                              {"after_anchor", result.after_anchor},
                              {"sealed", result.sealed},
                              {"head", result.head_hash}};
    std::printf("%s\n", body.dump().c_str());
  } else if (result.ok) {
    std::printf("%s: %llu rows, %s, head %s\n", flags.ledger.c_str(),
                static_cast<unsigned long long>(result.rows), coloured("intact", Colour::green).c_str(),
                result.head_hash.c_str());
    if (result.after_anchor > 0) {
      std::printf("  the last %llu rows were not anchored yet: the engine runs, or did not stop cleanly\n",
                  static_cast<unsigned long long>(result.after_anchor));
    }
    if (!result.sealed) std::printf("  bytes outside of the rows are checked after a clean stop only\n");
  } else {
    std::printf("%s: %s: %s\n", flags.ledger.c_str(), coloured("NOT intact", Colour::red).c_str(),
                result.problem.c_str());
  }
  return result.ok ? 0 : exit_failure;
}

void show_row(const LedgerRow& row, bool as_json) {
  if (as_json) {
    std::printf(R"({"sequence":%llu,"kind":"%s","stream_ms":%lld,"payload":%s,"hash":"%s"})"
                "\n",
                static_cast<unsigned long long>(row.sequence), row.kind.c_str(),
                static_cast<long long>(row.stream_ms), row.payload.c_str(), to_hex(row.hash).c_str());
    return;
  }
  constexpr std::size_t width = 160;
  std::string payload = row.payload.substr(0, width);
  if (row.payload.size() > width) payload += "…";
  std::printf("%8llu  %-15s  %-20s  %s\n", static_cast<unsigned long long>(row.sequence), row.kind.c_str(),
              format_timestamp(row.stream_ms).c_str(), payload.c_str());
}

int show(const Flags& flags) {
  if (!flags.kind.empty() && !is_input_kind(flags.kind) && !is_output_kind(flags.kind)) {
    throw InputError(
        "--kind '" + flags.kind +
        "' is unknown; started, bar, decision, order, order_filled, denial, state, equity, … are right");
  }
  RowFilter filter;
  if (!flags.kind.empty()) filter.kind = flags.kind;
  if (!flags.from.empty()) filter.from_ms = parse_timestamp(flags.from);
  if (!flags.to.empty()) filter.to_ms = parse_timestamp(flags.to);
  if (flags.limit > 0) filter.limit = flags.limit;
  LedgerReader reader(flags.ledger);
  reader.for_each(
      [&](const LedgerRow& row) {
        show_row(row, flags.json);
        return true;
      },
      filter);
  return 0;
}

wire::DecisionReply ask(client::DecisionClient& client, const wire::DecisionRequest& request) {
  using std::chrono::steady_clock;
  constexpr int poll_ms = 50;
  bool sent = false;
  const auto give_up = steady_clock::now() + std::chrono::seconds(60);
  while (steady_clock::now() < give_up) {
    if (!sent) sent = client.send(request);
    const auto reply = client.receive(poll_ms);
    if (reply && reply->sequence == request.sequence && reply->status != wire::Status::alive) return *reply;
  }
  throw RetryableError("the server did not answer about bar " + std::to_string(request.sequence) +
                       " within 60 s");
}

int replay_on_server(const Flags& flags) {
  const std::string stream =
      "replay-" + std::to_string(::getpid()) + "-" + std::to_string(wall_clock_now_ms());
  client::DecisionClient client({flags.server, stream});
  const DecisionReplay result = replay_decisions(
      flags.ledger, stream, [&](const wire::DecisionRequest& request) { return ask(client, request); });
  std::printf("%llu of %llu decisions came again bit for bit (%llu bars)\n",
              static_cast<unsigned long long>(result.equal), static_cast<unsigned long long>(result.compared),
              static_cast<unsigned long long>(result.bars));
  if (!result.difference.empty()) std::printf("first difference: %s\n", result.difference.c_str());
  return result.difference.empty() ? 0 : exit_failure;
}

int replay(const Flags& flags) {
  const Verification verification = verify_ledger(flags.ledger);
  if (!verification.ok) throw InputError(flags.ledger + ": is not intact: " + verification.problem);
  const Rebuild state = rebuild(flags.ledger);
  if (!state.core.started()) throw InputError(flags.ledger + ": holds no events");
  std::printf("%llu inputs gave %llu outputs again, byte for byte\n",
              static_cast<unsigned long long>(state.inputs), static_cast<unsigned long long>(state.outputs));
  std::printf("stream %s, %s, equity %.2f, drawdown %.2f %%, %zu open orders, %s\n",
              state.core.settings().stream.c_str(), format_timestamp(state.core.stream_ms()).c_str(),
              state.core.equity(), 100 * state.core.drawdown(), state.core.open_orders().size(),
              to_text(state.core.state()));
  return flags.server.empty() ? 0 : replay_on_server(flags);
}

int why(const Flags& flags) {
  std::fputs(explain_decision(flags.ledger, flags.sequence).c_str(), stdout);
  return 0;
}

CLI::App* command(CLI::App& app, const char* name, const char* help, Flags& flags) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->add_option("LEDGER", flags.ledger, "The ledger's file")->required();
  return sub;
}

}  // namespace
}  // namespace regent::engine

int main(int argc, char** argv) {
  using namespace regent::engine;
  CLI::App app("Check, show, replay and explain a ledger", "regent ledger");
  Flags flags;
  app.require_subcommand(1);
  CLI::App* verify_command =
      command(app, "verify", "Is every row as it was written, and the last one there?", flags);
  verify_command->add_flag("--json", flags.json, "As JSON");
  CLI::App* show_command = command(app, "show", "Print rows", flags);
  show_command->add_option("--kind", flags.kind, "Only rows of this kind");
  show_command->add_option("--from", flags.from, "From this stream time on");
  show_command->add_option("--to", flags.to, "Up to this stream time");
  show_command->add_option("--limit", flags.limit, "At most so many rows");
  show_command->add_flag("--json", flags.json, "One JSON object per line, payloads whole");
  CLI::App* replay_command =
      command(app, "replay", "Rebuild the state from the inputs and compare every recorded output", flags);
  replay_command->add_option("--server", flags.server, "Also ask this server for every decision again");
  CLI::App* why_command = command(app, "why", "Explain one bar's decision, verdicts and orders", flags);
  why_command->add_option("BAR", flags.sequence, "The bar's sequence number")->required();
  return regent::run_command(app, argc, argv, [&] {
    if (verify_command->parsed()) return verify(flags);
    if (show_command->parsed()) return show(flags);
    if (replay_command->parsed()) return replay(flags);
    return why(flags);
  });
}
