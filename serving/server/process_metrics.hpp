#pragma once
// The metrics about a process that every Prometheus client shows: start, processor time, memory, open files.

#include <prometheus/metric_family.h>

#include <vector>

namespace regent::server {

std::vector<prometheus::MetricFamily>
collect_process_metrics();  // from /proc/self; leaves out what cannot be read

}  // namespace regent::server
