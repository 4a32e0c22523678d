// regent-engine: takes bars, asks the server for decisions, sends orders through both gates to the paper
// venue, and records every step.

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/stop_signal.hpp"
#include "base/time.hpp"
#include "engine/shell/commands.hpp"
#include "engine/shell/feed_loop.hpp"
#include "engine/shell/server_port.hpp"
#include "engine/shell/session.hpp"
#include "engine/shell/telemetry.hpp"

namespace regent::engine {
namespace {

struct Flags {
  CommonFlags common;
  FeedSettings feed;
  std::string server = "tcp://127.0.0.1:5555", ledger, limits, trade_from, announce, http, control;
};

void declare(CLI::App& app, Flags& flags) {
  add_common_flags(app, flags.common);
  app.add_option("--feed", flags.feed.source, "Bars: replay:FILE.csv, stdin, or zmq:ENDPOINT");
  app.add_option("--history", flags.feed.history, "CSV whose bars come before those of a live feed");
  app.add_option("--symbols", flags.feed.symbols, "Symbols of a live feed without history, as A,B,C")
      ->delimiter(',');
  app.add_option("--server", flags.server, "Where decisions are asked for")->capture_default_str();
  app.add_option("--ledger", flags.ledger,
                 "The stream's ledger; made when it does not exist, continued when it does");
  app.add_option("--limits", flags.limits, "TOML file with [guardian] and [governor]");
  app.add_option("--trade-from", flags.trade_from, "Bars before this time are history (default: trade all)");
  app.add_option("--http", flags.http, "Where to serve /health and /metrics, as 127.0.0.1:9101");
  app.add_option("--control", flags.control, "Where to take commands, as ipc:///run/regent/control");
  app.add_option("--announce", flags.announce, "File to write the bound addresses to, as JSON");
}

std::map<std::string, std::string> as_keys(const Flags& flags) {
  std::map<std::string, std::string> keys;
  if (!flags.http.empty()) keys["engine.http"] = flags.http;
  if (!flags.control.empty()) keys["engine.control"] = flags.control;
  return keys;
}

// Gone with its process, so that nobody is sent to an engine that is not there.
class Announcement {
 public:
  explicit Announcement(std::string file) : file_(std::move(file)) { remove(); }
  ~Announcement() { remove(); }
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;
  void write(const std::string& http, const std::string& control) const {
    if (file_.empty()) return;
    const nlohmann::json body{{"pid", ::getpid()}, {"http", http}, {"control", control}};
    write_file_atomically(file_, body.dump(2) + "\n");
  }

 private:
  void remove() const {
    std::error_code ignored;
    if (!file_.empty()) std::filesystem::remove(file_, ignored);
  }
  std::string file_;
};

// A live engine that cannot record stays up, HALTED, for people to see; it must not come back by itself.
void wait_for_stop(Session& session, ProcessCommands& commands) {
  spdlog::error("HALTED until a person stops this process: the ledger cannot be written");
  while (!stop_requested()) {
    while (const auto command = commands.poll(session.core())) {
      commands.done(session.core());
      if (command->kind == Command::Kind::shutdown) return;
    }
    ::usleep(20'000);
  }
}

int trade(const Flags& flags) {
  if (flags.feed.source.empty())
    throw InputError("--feed is needed: replay:FILE.csv, stdin, or zmq:ENDPOINT");
  if (flags.ledger.empty()) throw InputError("--ledger is needed: the file that every step is recorded in");
  start_log("engine", flags.common.log_level);
  install_stop_signals();
  install_kill_signal();
  const Config config = load_config(flags.common, as_keys(flags));
  SessionSettings settings = session_settings(config, flags.limits);
  if (!flags.trade_from.empty()) settings.core.trade_from_ms = parse_timestamp(flags.trade_from);

  const Announcement announcement(flags.announce);
  Telemetry telemetry;
  std::unique_ptr<http::HttpEndpoint> pages;
  if (!config.text("engine.http").empty())
    pages = std::make_unique<http::HttpEndpoint>(
        http::HttpSettings{"engine.http", config.text("engine.http")}, telemetry.pages());
  std::unique_ptr<ControlSocket> socket;
  if (!config.text("engine.control").empty())
    socket = std::make_unique<ControlSocket>(config.text("engine.control"));
  ProcessCommands commands(std::move(socket));
  announcement.write(pages ? pages->url() : "",
                     commands.socket() != nullptr ? commands.socket()->endpoint() : "");

  const std::unique_ptr<Feed> feed = open_feed(flags.feed);
  settings.live = feed->live();
  settings.core.symbols = feed->symbols();
  LedgerWriter ledger(flags.ledger, ledger_settings(config));
  MonotonicClock clock;
  ServerPort server(flags.server, settings.core.stream);
  Session session(settings, ledger,
                  ledger.rows() > 0 ? rebuild(flags.ledger, settings.memory_bars) : Rebuild(),
                  {clock, server, commands, telemetry});
  session.start();
  run_feed(session, *feed, settings, config.integer("engine.feed_timeout_ms") * ns_per_ms, clock);
  if (session.failed() && feed->live()) wait_for_stop(session, commands);
  session.stop();
  std::fputs(telemetry.summary(session.core()).c_str(), stdout);
  return session.failed() ? exit_failure : 0;
}

}  // namespace
}  // namespace regent::engine

int main(int argc, char** argv) {
  using namespace regent::engine;
  CLI::App app("Trade a feed of bars on the server's decisions, through both gates, on paper",
               "regent engine");
  Flags flags;
  declare(app, flags);
  std::string endpoint, command;
  CLI::App* control = app.add_subcommand("control", "Command a running engine");
  control->add_option("ENDPOINT", endpoint, "Its control endpoint")->required();
  control->add_option("COMMAND", command, "status, kill, rearm, hold or stop")
      ->required()
      ->check(CLI::IsMember({"status", "kill", "rearm", "hold", "stop"}));
  return regent::run_command(app, argc, argv, [&] {
    if (!control->parsed()) return trade(flags);
    constexpr int answer_timeout_ms = 5'000;
    std::printf("%s\n", send_control(endpoint, command, answer_timeout_ms).c_str());
    return 0;
  });
}
