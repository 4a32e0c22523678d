#include "serving/server/process_metrics.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace regent::server {
namespace {

prometheus::MetricFamily family(const char* name, const char* help, prometheus::MetricType type,
                                double value) {
  prometheus::MetricFamily result;
  result.name = name;
  result.help = help;
  result.type = type;
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  result.metric.push_back(metric);
  return result;
}

// Fields 3.. of /proc/self/stat (proc(5)); the name in field 2 may hold anything up to the last parenthesis.
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) {
    return {};
  }
  std::istringstream rest(text.substr(end_of_name + 1));
  std::string state;
  rest >> state;
  std::vector<double> fields{0};
  for (double value = 0; rest >> value;) {
    fields.push_back(value);
  }
  return fields;
}

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("btime ", 0) == 0) {
      return std::stod(line.substr(6));
    }
  }
  return 0;
}

double open_files() {
  std::error_code failed;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", failed), end; !failed && it != end;
       it.increment(failed)) {
    ++count;
  }
  return count;
}

}  // namespace

std::vector<prometheus::MetricFamily> collect_process_metrics() {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  const std::vector<double> fields = stat_fields();
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (fields.size() > 21 && ticks > 0) {
    static const double boot_seconds = boot_time_seconds();
    families.push_back(family("process_cpu_seconds_total", "Processor time of the process.",
                              MetricType::Counter, (fields[11] + fields[12]) / ticks));
    families.push_back(family("process_start_time_seconds", "Start of the process, unix time.",
                              MetricType::Gauge, boot_seconds + fields[19] / ticks));
    families.push_back(family("process_resident_memory_bytes", "Resident memory of the process.",
                              MetricType::Gauge, fields[21] * static_cast<double>(::sysconf(_SC_PAGESIZE))));
  }
  families.push_back(
      family("process_open_fds", "Open files of the process.", MetricType::Gauge, open_files()));
  return families;
}

}  // namespace regent::server
