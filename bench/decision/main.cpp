// bench-decision: how long a decision takes from the client's send to the decoded reply, beside a raw ZeroMQ
// echo of the same message sizes. Both servers are processes of their own; the two are asked in turn.
//
// With --bundle: a real regent-serve with that bundle. Without: our server with a bundle that does no work,
// which shows what everything but the model costs.

#include <sys/eventfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/stop_signal.hpp"
#include "bench/decision/bundle_shape.hpp"
#include "bench/decision/child_process.hpp"
#include "bench/decision/echo_peer.hpp"
#include "bench/decision/latency.hpp"
#include "serving/client/decision_client.hpp"
#include "serving/server/server.hpp"

namespace regent::bench {
namespace {

constexpr int patience_ms = 60'000;
constexpr std::size_t history_per_message = 512;

struct Options {
  std::string bundle, serve;
  std::size_t symbols = 20;
  std::size_t history = 600;
  std::size_t decisions = 5'000;
  std::size_t warm_up = 500;  // decisions that are not counted
};

// A folder of our own for announcements.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_(std::filesystem::temp_directory_path() / ("bench-decision-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class IdleDecider : public server::StreamDecider {
 public:
  explicit IdleDecider(std::size_t symbols) {
    decision_.warm = true;
    decision_.convictions.assign(symbols, 0.5);
    decision_.weights.assign(symbols, 0.01);
    decision_.macro_posterior = {0.5, 0.3, 0.2};
    decision_.micro_posterior.assign(9, 1.0 / 9);
    decision_.regime = "calm";
    decision_.confidence = 0.5;
  }
  server::ServedDecision update(const market::BarView&) override { return decision_; }

 private:
  server::ServedDecision decision_;
};

class IdleBundles : public server::ServedBundles {
 public:
  std::span<const server::BundleLabel> labels() const override { return labels_; }
  std::unique_ptr<server::StreamDecider> make_decider(std::size_t, const std::vector<std::string>& symbols,
                                                      market::ColumnSet) const override {
    return std::make_unique<IdleDecider>(symbols.size());
  }

 private:
  std::vector<server::BundleLabel> labels_{{std::string(64, '0'), 0, 0, {"calm", "trend", "chaos"}}};
};

int run_idle_server(const std::string& announce_file) {
  install_stop_signals();
  const IdleBundles bundles;
  http::HttpSettings http;
  http.address = "127.0.0.1:0";
  server::SocketSettings socket;
  socket.endpoint = "tcp://127.0.0.1:*";
  server::Server server(http);
  server.open(bundles, {}, socket);
  server::announce(announce_file, server, bundles.labels());
  server.run(stop_descriptor());
  return 0;
}

std::unique_ptr<ChildProcess> start_server(const Options& options, const std::string& announce_file) {
  if (options.bundle.empty()) {
    return std::make_unique<ChildProcess>([&] { return run_idle_server(announce_file); });
  }
  return std::make_unique<ChildProcess>(
      std::vector<std::string>{options.serve, "--bundle", options.bundle, "--endpoint", "tcp://127.0.0.1:*",
                               "--http", "127.0.0.1:0", "--announce", announce_file, "--log-level", "warn"});
}

wire::DecisionRequest request_for(const market::Panel& panel, std::size_t first_bar, std::size_t bars) {
  wire::DecisionRequest request;
  request.stream = "bench";
  request.symbols = panel.symbols;
  request.deadline_ms = patience_ms;
  request.sequence = first_bar + bars;
  request.bars.first_sequence = first_bar + 1;
  const market::Panel part = panel.slice(first_bar, first_bar + bars);
  request.bars.timestamps_ms = part.timestamps_ms;
  request.bars.open = part.columns[0];
  request.bars.high = part.columns[1];
  request.bars.low = part.columns[2];
  request.bars.close = part.columns[3];
  request.bars.volume = part.columns[4];
  return request;
}

wire::DecisionReply ask(client::DecisionClient& client, const wire::DecisionRequest& request) {
  for (int waited_ms = 0; !client.send(request); waited_ms += 5) {
    if (waited_ms > patience_ms) {
      throw Error("no connection to the server");
    }
    ::usleep(5'000);
  }
  auto reply = client.receive(patience_ms);
  if (!reply || (reply->status != wire::Status::decided && reply->status != wire::Status::warming)) {
    throw Error("bar " + std::to_string(request.sequence) + ": " +
                (reply ? std::string(wire::to_text(reply->status)) + ", " + reply->reason : "no reply"));
  }
  return *reply;
}

// The last reply of the history; afterwards the server waits for bar `history`.
wire::DecisionReply send_history(client::DecisionClient& client, const market::Panel& panel,
                                 std::size_t history) {
  wire::DecisionReply reply;
  for (std::size_t bar = 0; bar < history; bar += history_per_message) {
    reply = ask(client, request_for(panel, bar, std::min(history_per_message, history - bar)));
  }
  return reply;
}

struct Measured {
  Latencies ours, peer, compute;
  std::size_t request_bytes = 0, reply_bytes = 0;
};

Measured measure(const Options& options, const market::Panel& panel, const ScratchFolder& scratch) {
  const auto server = start_server(options, scratch.file("server.json"));
  const auto where = nlohmann::json::parse(wait_for_file(scratch.file("server.json"), *server, patience_ms));
  // The sizes that the echo peer imitates are those of the first real decision.
  Measured result;
  client::ClientSettings settings;
  settings.endpoint = where.at("endpoint");
  settings.stream = "bench";
  auto client = std::make_unique<client::DecisionClient>(settings);
  send_history(*client, panel, options.history);
  const wire::DecisionRequest first = request_for(panel, options.history, 1);
  const wire::DecisionReply decided = ask(*client, first);
  if (decided.status != wire::Status::decided) {
    throw Error("the bundle still warms after " + std::to_string(options.history) +
                " bars: pass a larger --history");
  }
  result.request_bytes = wire::encode(first).size();
  result.reply_bytes = wire::encode(decided).size();
  ChildProcess echo(std::vector<std::string>{"/proc/self/exe", "--echo", scratch.file("echo"),
                                             "--reply-bytes", std::to_string(result.reply_bytes)});
  EchoClient peer(wait_for_file(scratch.file("echo"), echo, patience_ms), result.request_bytes);
  for (std::size_t i = 1; i < options.decisions; ++i) {
    const wire::DecisionRequest request = request_for(panel, options.history + i, 1);
    const std::int64_t began_ns = monotonic_ns();
    const wire::DecisionReply reply = ask(*client, request);
    const double ours_us = static_cast<double>(monotonic_ns() - began_ns) * 1e-3;
    const double peer_us = peer.round_trip_us();
    if (i >= options.warm_up) {
      result.ours.add(ours_us);
      result.peer.add(peer_us);
      result.compute.add(static_cast<double>(reply.compute_us));
    }
  }
  return result;
}

nlohmann::json report(const Options& options, const Measured& measured, std::size_t symbols) {
  const std::string name = options.bundle.empty() ? "service" : "decision";
  // The echo does no work at all, so ours can only be slower; this is what we do not want to fall below.
  const double must = options.bundle.empty() ? 0.3 : 0.05;
  return {{"bench", "decision"},
          {"bundle", options.bundle.empty() ? "none" : options.bundle},
          {"symbols", symbols},
          {"history_bars", options.history},
          {"request_bytes", measured.request_bytes},
          {"reply_bytes", measured.reply_bytes},
          {"ours", measured.ours.summary()},
          {"echo", measured.peer.summary()},
          {"server_compute", measured.compute.summary()},
          {"cases",
           {{name + "_p50", compare(measured.ours, measured.peer, 0.5, must)},
            {name + "_p99", compare(measured.ours, measured.peer, 0.99, must)}}}};
}

int bench(const Options& options) {
  if (options.decisions <= options.warm_up + 1) {
    throw InputError("--decisions must be above --warm-up + 1");
  }
  BundleShape shape;
  if (options.bundle.empty()) {
    for (std::size_t i = 0; i < options.symbols; ++i) {
      shape.symbols.push_back("S" + std::to_string(10'000 + i));
    }
    shape.serve_from_ms = start_of_year(2020);
  } else {
    shape = read_shape(options.bundle);
  }
  const ScratchFolder scratch;
  const market::Panel panel = make_bars(shape, options.history, options.decisions);
  std::cout << report(options, measure(options, panel, scratch), shape.symbols.size()).dump() << "\n";
  return 0;
}

}  // namespace
}  // namespace regent::bench

int main(int argc, char** argv) {
  CLI::App app("Latency of a decision beside a raw ZeroMQ echo", "bench-decision");
  regent::bench::Options options;
  std::string echo;
  std::size_t reply_bytes = 0;
  options.serve = (std::filesystem::canonical("/proc/self/exe").parent_path() / "regent-serve").string();
  app.add_option("--bundle", options.bundle, "A bundle or a walk-forward set; without it no model is asked");
  app.add_option("--serve", options.serve, "The regent-serve program");
  app.add_option("--symbols", options.symbols, "Without a bundle")->check(CLI::Range(1, 10'000));
  app.add_option("--history", options.history, "Bars sent before the first decision")
      ->check(CLI::Range(1, 50'000));
  app.add_option("--decisions", options.decisions, "Bars to decide on")->check(CLI::Range(10, 40'000));
  app.add_option("--warm-up", options.warm_up, "Decisions that are not counted")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--echo", echo, "Be the peer: announce to this file")->group("");
  app.add_option("--reply-bytes", reply_bytes, "Of the peer")->group("");
  return regent::run_command(app, argc, argv, [&] {
    return echo.empty() ? regent::bench::bench(options) : regent::bench::run_echo_server(echo, reply_bytes);
  });
}
