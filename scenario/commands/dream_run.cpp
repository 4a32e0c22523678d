#include "scenario/commands/dream_run.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/stop_signal.hpp"
#include "base/table.hpp"
#include "base/terminal.hpp"
#include "base/time.hpp"
#include "market/io/output.hpp"
#include "scenario/commands/dream_paths.hpp"

namespace regent::scenario {
namespace {

namespace fs = std::filesystem;
using cuda::scenario::Outcomes;
using market::SeriesColumn;

struct Chunk {
  std::int64_t first, end;
  fs::path file(const DreamFlags& flags, const std::string& stress, const char* folder) const {
    return fs::path(flags.out) / folder /
           (stress + "-" + std::to_string(first) + "-" + std::to_string(end) + ".parquet");
  }
};

std::vector<std::int64_t> integers(const auto& values) {
  return {values.begin(), values.end()};
}

void write_chunk(const fs::path& file, const Outcomes& out) {
  const std::vector<double> drawdown(out.drawdown_max.begin(), out.drawdown_max.end());
  market::write_series_file({{.name = "final_equity", .reals = out.final_equity},
                             {.name = "drawdown_max", .reals = drawdown},
                             {.name = "turnover", .reals = out.turnover},
                             {.name = "costs", .reals = out.costs},
                             {.name = "ruin_step", .integers = integers(out.ruin_step)},
                             {.name = "final_regime", .integers = integers(out.final_regime)}},
                            file.string());
}

[[noreturn]] void no_part_of_this_dream(const fs::path& file) {
  throw InputError(file.string() + " is no part of this dream; remove it to make it again");
}

const SeriesColumn& column_of(const market::SeriesTable& table, const std::string& name, std::int64_t rows) {
  const SeriesColumn* column = table.find(name);
  if (column == nullptr || static_cast<std::int64_t>(table.rows) != rows) no_part_of_this_dream(table.file);
  return *column;
}

// What `read` finds in the file of a part; nothing where there is none. One that cannot be read is unfinished
// work: its paths have numbers, and are the same when they are made again.
template <class Read>
auto readable(const fs::path& file, const Read& read) -> std::optional<decltype(read(file.string()))> {
  if (!fs::exists(file)) return {};
  try {
    return read(file.string());
  } catch (const InputError& error) {
    std::cerr << error.what() << "; this part of the dream is made again\n";
    return {};
  }
}

Outcomes outcomes_in(const market::SeriesTable& table, std::int64_t rows) {
  const auto reals = [&](const char* name) {
    return market::numbers_of(table, column_of(table, name, rows));
  };
  Outcomes out{reals("final_equity"), reals("turnover"), reals("costs"), {}, {}, {}};
  for (const double value : reals("drawdown_max")) out.drawdown_max.push_back(static_cast<float>(value));
  for (const double value : reals("ruin_step")) out.ruin_step.push_back(static_cast<std::int32_t>(value));
  for (const double value : reals("final_regime"))
    out.final_regime.push_back(static_cast<std::uint8_t>(value));
  return out;
}

// What --paths adds, unless it is there whole.
void make_paths(const DreamSetup& setup, const cuda::scenario::Task& task, const fs::path& file,
                const Chunk& chunk) {
  const auto there = readable(file, market::read_through);
  if (!there) return write_paths(file, setup, task, chunk.first, chunk.end);
  if (there->names != path_column_names(setup) || there->rows != (chunk.end - chunk.first) * task.steps)
    no_part_of_this_dream(file);
}

Outcomes outcomes_of(const DreamFlags& flags, const DreamSetup& setup, std::size_t stress, const Chunk& chunk,
                     std::int64_t& made) {
  const std::string& name = setup.stresses[stress].name;
  const fs::path file = chunk.file(flags, name, "chunks");
  std::vector<cuda::scenario::Stress> schedule;
  const auto task = setup.stressed(stress, schedule);
  if (flags.paths) make_paths(setup, task, chunk.file(flags, name, "paths"), chunk);
  const auto read = [](const std::string& path) { return market::read_series(path); };
  const auto there = flags.out.empty() ? std::nullopt : readable(file, read);
  if (there) return outcomes_in(*there, chunk.end - chunk.first);
  Outcomes out = setup.policy->run(task, static_cast<std::uint64_t>(chunk.first), chunk.end - chunk.first);
  made += chunk.end - chunk.first;
  if (!flags.out.empty()) write_chunk(file, out);
  return out;
}

// Ends of the baseline's parts that are there, by their first path. They may be those of fewer or more
// --scenarios, or of another --chunk: paths are the same in any part.
std::map<std::int64_t, std::int64_t> parts_there(const DreamFlags& flags) {
  std::map<std::int64_t, std::int64_t> ends;
  const fs::path folder = fs::path(flags.out) / "chunks";
  if (flags.out.empty()) return ends;
  for (const auto& entry : fs::directory_iterator(folder)) {
    Chunk part{-1, -1};
    std::sscanf(entry.path().filename().c_str(), "baseline-%" SCNd64 "-%" SCNd64, &part.first, &part.end);
    if (part.first < 0 || part.end <= part.first ||
        entry.path().filename() != part.file(flags, baseline_name, "chunks").filename())
      continue;
    ends[part.first] = std::max(ends[part.first], part.end);
  }
  return ends;
}

}  // namespace

nlohmann::json json_in(const fs::path& file) {
  return fs::exists(file) ? nlohmann::json::parse(read_file(file), nullptr, false) : nlohmann::json();
}

void check_claim(const DreamFlags& flags) {
  std::error_code error;
  const fs::path folder = flags.out, file = folder / claim_name;
  if (flags.out.empty() || fs::exists(file, error)) return;
  // what a process leaves that is killed while it claims
  const std::string unfinished = std::string(".") + claim_name + ".tmp-";
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with(unfinished))
      throw InputError("--out " + flags.out + ": the folder is not empty and holds no dream");
  }
}

void claim_folder(const DreamFlags& flags, const DreamSetup& setup) {
  if (flags.out.empty()) return;
  const fs::path folder = flags.out, file = folder / claim_name;
  check_claim(flags);
  market::make_folder(folder);
  if (fs::exists(file)) {
    const nlohmann::json known = json_in(file);
    if (!known.is_object() || !known.contains("fingerprint"))
      throw InputError(file.string() +
                       ": damaged, so that nobody knows whose dream --out holds; name another folder, or "
                       "remove it");
    if (known["fingerprint"] != setup.fingerprint)
      throw InputError("--out " + flags.out +
                       " holds another dream (other data, model, stresses, portfolio or bundle, costs, "
                       "steps or seed, or paths of another version); name another folder, or remove it");
  } else {
    const nlohmann::ordered_json written = {{"format", "regent-dream/1"}, {"fingerprint", setup.fingerprint},
                                            {"source", flags.source},     {"steps", flags.steps},
                                            {"seed", flags.seed},         {"fit", fit_flags_of(flags)}};
    write_file_atomically(file, written.dump(1) + "\n");
  }
  // after the claim: a folder that holds anything else is nobody's
  market::make_folder(folder / "chunks");
  if (flags.paths) market::make_folder(folder / "paths");
}

void keep_law(const DreamFlags& flags, const DreamSetup& setup) {
  if (setup.fitted && !flags.calibration.empty()) write_file_atomically(flags.calibration, setup.law_json);
  if (setup.calibration && !flags.path && !flags.out.empty())
    write_file_atomically(fs::path(flags.out) / "model.json", setup.law_json);
}

Dreamed run_dream(const DreamFlags& flags, const DreamSetup& setup) {
  const double budget = seconds_of("--budget", flags.budget);
  const std::int64_t began = monotonic_ns();
  const std::int64_t size =
      flags.chunk ? *flags.chunk : setup.policy->chunk_paths(setup.symbols.size(), flags.steps);
  const auto stresses = static_cast<std::int64_t>(setup.stresses.size());
  Dreamed dreamed;
  dreamed.outcomes.resize(setup.stresses.size());
  std::optional<Progress> progress;
  if (shows_progress(flags)) progress.emplace("dream", flags.scenarios * stresses);
  const auto there = parts_there(flags);
  while (dreamed.paths < flags.scenarios) {
    const std::int64_t first = dreamed.paths;
    const auto part = there.find(first);
    const auto next = there.upper_bound(first);  // what is there is not made again
    const std::int64_t last = next != there.end() ? std::min(next->first, flags.scenarios) : flags.scenarios;
    const Chunk chunk{first, part != there.end() ? part->second : std::min(first + size, last)};
    const double spent = static_cast<double>(monotonic_ns() - began) * 1e-9;
    dreamed.interrupted = stop_requested();
    // one chunk at least, so that every start gets further
    if (dreamed.interrupted || (budget > 0 && first > 0 && dreamed.made > 0 && spent > budget)) break;
    const std::int64_t end = std::min(chunk.end, flags.scenarios);  // a part may hold more than is asked for
    for (std::size_t s = 0; s < setup.stresses.size(); ++s) {
      const Outcomes out = outcomes_of(flags, setup, s, chunk, dreamed.made);
      append(dreamed.outcomes[s], out, 0, static_cast<std::size_t>(end - first));
    }
    dreamed.paths = end;
    if (progress) progress->advance(dreamed.paths * stresses);
  }
  dreamed.seconds = static_cast<double>(monotonic_ns() - began) * 1e-9;
  if (progress) progress->finish();
  return dreamed;
}

}  // namespace regent::scenario
