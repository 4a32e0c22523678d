#pragma once
// Cores, memory, instruction set, disk, clock, open files.

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/doctor/finding.hpp"
#include "base/time.hpp"

namespace regent::doctor {

// `runs`: where runs are written; it need not exist yet.
Findings look_at_machine(const std::filesystem::path& runs);

// The parts that judge a reading, apart from where it is read.
// "200000 100000" → 2.0 cores; nothing for "max 100000" or anything else. Source: Linux cgroup-v2, cpu.max.
std::optional<double> cores_of_quota(std::string_view cpu_max);
// Bytes of a field of /proc/meminfo ("MemAvailable: 1024 kB").
std::optional<double> meminfo_bytes(std::string_view meminfo, std::string_view field);
Finding judge_memory(double available_bytes, double total_bytes);
Finding judge_disk(const std::filesystem::path& folder, double free_bytes, bool writable);
Finding judge_clock(TimestampMs now_ms, bool synchronised);

}  // namespace regent::doctor
