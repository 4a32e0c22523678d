#pragma once
// A dream's summary for people and machines.

#include <string>

#include "scenario/commands/dream_summary.hpp"

namespace regent::scenario {

std::string summary_text(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                         const DreamSummary& summary);
// One page: what breaks this portfolio, how likely, and which path shows it.
std::string report_markdown(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                            const DreamSummary& summary);
// Prometheus' text format.
std::string metrics_text(const DreamFlags& flags, const Dreamed& dreamed, const DreamSummary& summary);
// dream.parquet, dream_report.md, report.json and metrics.prom into --out.
void write_report(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                  const DreamSummary& summary);

}  // namespace regent::scenario
