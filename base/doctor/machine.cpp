#include "base/doctor/machine.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <thread>

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::doctor {
namespace {

namespace fs = std::filesystem;
constexpr double mib = 1 << 20, gib = 1 << 30;

std::string read_or_nothing(const fs::path& path) {
  try {
    return read_file(path, std::size_t{1} << 20);
  } catch (const InputError&) {
    return "";  // another kernel, another cgroup version
  }
}

// Cores that this process may run on, which a container or taskset makes fewer.
int cores_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0
             ? CPU_COUNT(&set)
             : static_cast<int>(std::thread::hardware_concurrency());
}

Finding look_at_cores() {
  Finding finding{Status::ok, "machine", "cores", std::to_string(cores_allowed()), ""};
  const std::optional<double> quota = cores_of_quota(read_or_nothing("/sys/fs/cgroup/cpu.max"));
  if (quota && *quota < cores_allowed()) {
    char text[64];
    std::snprintf(text, sizeof text, ", limited to %.1f by a quota", *quota);
    finding.found += text;
    finding.status = Status::warn;
    finding.advice = "set runtime.threads to the quota: more threads than quota stall each other";
  }
  return finding;
}

Finding look_at_memory() {
  const std::string meminfo = read_or_nothing("/proc/meminfo");
  double total = meminfo_bytes(meminfo, "MemTotal").value_or(0);
  double available = meminfo_bytes(meminfo, "MemAvailable").value_or(0);
  double limit = 0, used = 0;
  const std::string limit_text = read_or_nothing("/sys/fs/cgroup/memory.max");
  const std::string used_text = read_or_nothing("/sys/fs/cgroup/memory.current");
  const bool limited =
      std::from_chars(limit_text.data(), limit_text.data() + limit_text.size(), limit).ec == std::errc() &&
      std::from_chars(used_text.data(), used_text.data() + used_text.size(), used).ec == std::errc();
  if (limited && limit < total) {
    total = limit;
    available = std::min(available, std::max(limit - used, 0.0));
  }
  return judge_memory(available, total);
}

Finding look_at_instructions() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 = __builtin_cpu_supports("avx512f") != 0;
  if (avx2) return {Status::ok, "machine", "instructions", avx512 ? "AVX-512" : "AVX2", ""};
  return {Status::warn, "machine", "instructions", "no AVX2",
          "everything works, but training is several times slower"};
#else
  return {Status::warn, "machine", "instructions", "not x86-64", "this machine kind is untested"};
#endif
}

Finding look_at_disk(const fs::path& runs) {
  std::error_code error;
  fs::path folder = fs::absolute(runs, error);
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) {
    return {Status::fail, "machine", "disk", folder.string() + " cannot be looked at",
            "choose another folder for runs"};
  }
  const bool writable = fs::is_directory(folder, error) && ::access(folder.c_str(), W_OK | X_OK) == 0;
  return judge_disk(folder, static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize),
                    writable);
}

Finding look_at_clock() {
  timex kernel{};
  const bool synchronised = ::adjtimex(&kernel) != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
  return judge_clock(wall_clock_now_ms(), synchronised);
}

Finding look_at_open_files() {
  constexpr rlim_t enough = 1024;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {Status::warn, "machine", "open files", "unknown", ""};
  const bool fine = limit.rlim_cur >= enough;
  return {fine ? Status::ok : Status::warn, "machine", "open files",
          limit.rlim_cur == RLIM_INFINITY ? "no limit" : "limit " + std::to_string(limit.rlim_cur),
          fine ? "" : "raise it with 'ulimit -n 1024': every stream and peer takes one"};
}

}  // namespace

std::optional<double> cores_of_quota(std::string_view cpu_max) {
  double quota_us = 0, period_us = 0;
  const char* end = cpu_max.data() + cpu_max.size();
  const auto first = std::from_chars(cpu_max.data(), end, quota_us);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, period_us);
  if (second.ec != std::errc() || !(quota_us > 0) || !(period_us > 0)) return std::nullopt;
  return quota_us / period_us;
}

std::optional<double> meminfo_bytes(std::string_view meminfo, std::string_view field) {
  const std::string start = std::string(field) + ":";
  for (std::size_t line = 0; line < meminfo.size();) {
    const std::size_t line_end = std::min(meminfo.find('\n', line), meminfo.size());
    std::string_view text = meminfo.substr(line, line_end - line);
    line = line_end + 1;
    if (text.substr(0, start.size()) != start) continue;
    text.remove_prefix(std::min(text.find_first_not_of(' ', start.size()), text.size()));
    double kib = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), kib).ec == std::errc()) return kib * 1024;
  }
  return std::nullopt;
}

Finding judge_memory(double available_bytes, double total_bytes) {
  Finding finding{Status::ok, "machine", "memory",
                  bytes_text(available_bytes) + " available of " + bytes_text(total_bytes), ""};
  if (available_bytes < 512 * mib) {
    finding.status = Status::fail;
    finding.advice = "free some: LibTorch alone needs about 512 MiB";
  } else if (available_bytes < 2 * gib) {
    finding.status = Status::warn;
    finding.advice = "training wants 2 GiB; serving and the engine fit";
  }
  return finding;
}

Finding judge_disk(const fs::path& folder, double free_bytes, bool writable) {
  Finding finding{Status::ok, "machine", "disk", bytes_text(free_bytes) + " free in " + folder.string(), ""};
  if (!writable) {
    finding.status = Status::fail;
    finding.advice = "not writable: bundles and ledgers could not be kept; choose another folder with --runs";
  } else if (free_bytes < 1 * gib) {
    finding.status = Status::fail;
    finding.advice = "make room: a full disk stops the ledger and halts trading";
  } else if (free_bytes < 5 * gib) {
    finding.status = Status::warn;
    finding.advice = "make room soon: a full disk stops the ledger and halts trading";
  }
  return finding;
}

Finding judge_clock(TimestampMs now_ms, bool synchronised) {
  Finding finding{Status::ok, "machine", "clock", format_timestamp(now_ms), ""};
  if (now_ms < start_of_year(2025) || now_ms >= start_of_year(2100)) {
    finding.status = Status::fail;
    finding.advice = "set the clock: the age of live bars is measured with it";
  } else if (!synchronised) {
    finding.status = Status::warn;
    finding.found += ", not synchronised as far as the kernel knows";
    finding.advice = "run chrony or systemd-timesyncd where live bars are traded";
  } else {
    finding.found += ", synchronised";
  }
  return finding;
}

Findings look_at_machine(const fs::path& runs) {
  return {look_at_cores(),    look_at_memory(), look_at_instructions(),
          look_at_disk(runs), look_at_clock(),  look_at_open_files()};
}

}  // namespace regent::doctor
