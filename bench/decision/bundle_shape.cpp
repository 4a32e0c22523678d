#include "bench/decision/bundle_shape.hpp"

#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "market/synthetic.hpp"

namespace regent::bench {
namespace {

constexpr TimestampMs day_ms = 86'400'000;

BundleShape shape_of(const std::filesystem::path& manifest) {
  const nlohmann::json found = nlohmann::json::parse(read_file(manifest));
  return {found.at("symbols").get<std::vector<std::string>>(), found.at("serve_from_ms").get<TimestampMs>()};
}

}  // namespace

BundleShape read_shape(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "manifest.json")) {
    return shape_of(folder / "manifest.json");
  }
  BundleShape latest;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::filesystem::path manifest = entry.path() / "manifest.json";
    const bool unfinished = entry.path().filename().string().front() == '.';
    if (!unfinished && std::filesystem::exists(manifest)) {
      BundleShape shape = shape_of(manifest);
      if (latest.symbols.empty() || shape.serve_from_ms > latest.serve_from_ms) {
        latest = std::move(shape);
      }
    }
  }
  if (latest.symbols.empty()) {
    throw InputError(folder.string() + " holds no bundle: no manifest.json there nor in its sub-folders");
  }
  return latest;
}

market::Panel make_bars(const BundleShape& shape, std::size_t history, std::size_t decisions) {
  market::SyntheticMarket settings;
  settings.symbols = shape.symbols.size();
  settings.bars = history + decisions;
  settings.seed = 17;
  market::Panel panel = market::make_synthetic_market(settings).panel;
  panel.symbols = shape.symbols;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    panel.timestamps_ms[bar] =
        shape.serve_from_ms + (static_cast<TimestampMs>(bar) - static_cast<TimestampMs>(history)) * day_ms;
  }
  return panel;
}

}  // namespace regent::bench
