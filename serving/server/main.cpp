// regent-serve: loads bundles and answers decision requests until it is told to stop.

#include <filesystem>

#include "base/command_line.hpp"
#include "base/log.hpp"
#include "base/stop_signal.hpp"
#include "models/device.hpp"
#include "serving/server/model_bundles.hpp"
#include "serving/server/server.hpp"

namespace regent::server {
namespace {

struct Flags {
  CommonFlags common;
  std::string bundle, endpoint, http, announce;
};

void declare(CLI::App& app, Flags& flags) {
  add_common_flags(app, flags.common);
  app.add_option("--bundle", flags.bundle, "A bundle, or a folder of bundles (a walk-forward set)")
      ->required();
  app.add_option("--endpoint", flags.endpoint,
                 "Where to answer, as tcp://127.0.0.1:5555; port * picks a free one");
  app.add_option("--http", flags.http, "Where to serve /health, /ready and /metrics, as 127.0.0.1:8080");
  app.add_option("--announce", flags.announce, "File to write the bound addresses to, as JSON, once ready");
}

std::map<std::string, std::string> as_keys(const Flags& flags) {
  std::map<std::string, std::string> keys;
  if (!flags.endpoint.empty()) {
    keys["serving.endpoint"] = flags.endpoint;
  }
  if (!flags.http.empty()) {
    keys["serving.http"] = flags.http;
  }
  return keys;
}

// An announcement that outlives its server would send clients to nobody.
class Announcement {
 public:
  explicit Announcement(std::string file) : file_(std::move(file)) { remove(); }
  ~Announcement() { remove(); }
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;
  void write(const Server& server, const ServedBundles& bundles) const {
    if (!file_.empty()) {
      announce(file_, server, bundles.labels());
    }
  }

 private:
  void remove() const {
    std::error_code ignored;  // it need not be there
    if (!file_.empty()) {
      std::filesystem::remove(file_, ignored);
    }
  }
  std::string file_;
};

int serve(const Flags& flags) {
  start_log("serve", flags.common.log_level);
  install_stop_signals();
  const Config config = load_config(flags.common, as_keys(flags));
  const Announcement announcement(flags.announce);
  Server server(http_settings(config));
  // A decision is a few small products: one thread answers soonest, unless the user says otherwise.
  const auto threads = static_cast<int>(config.integer("runtime.threads"));
  models::choose_torch_device("cpu", threads == 0 ? 1 : threads);
  const std::unique_ptr<ServedBundles> bundles = load_served_bundles(flags.bundle);
  server.open(*bundles, service_settings(config), socket_settings(config));
  announcement.write(server, *bundles);
  spdlog::info("{} bundles; decisions on {}, metrics on {}/metrics", bundles->labels().size(),
               server.endpoint(), server.http_url());
  server.run(stop_descriptor());
  spdlog::info("stopped");
  return 0;
}

}  // namespace
}  // namespace regent::server

int main(int argc, char** argv) {
  CLI::App app("Answer decision requests from a bundle", "regent serve");
  regent::server::Flags flags;
  regent::server::declare(app, flags);
  return regent::run_command(app, argc, argv, [&] { return regent::server::serve(flags); });
}
