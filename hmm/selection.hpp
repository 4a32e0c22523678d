#pragma once
// Which model to take: information criteria and held-out log-likelihood over shapes and emissions.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "hmm/fit.hpp"

namespace regent::hmm {

// With p free parameters, n observed bars and log-likelihood L of all bars; smaller is better.
struct InformationCriteria {
  double aic = 0;   // 2p − 2L (Akaike 1974)
  double aicc = 0;  // aic + 2p(p + 1)/(n − p − 1), infinite where n <= p + 1 (Hurvich, Tsai 1989)
  double bic = 0;   // p·log n − 2L (Schwarz 1978)
  double hqic = 0;  // 2p·log log n − 2L (Hannan, Quinn 1979)
};
InformationCriteria criteria(double log_likelihood, int parameters, std::int64_t bars);

struct SelectionRow {
  FitSettings settings;  // the candidate
  int parameters = 0;
  std::int64_t bars = 0;  // observed, of the whole series
  double log_likelihood = 0;
  InformationCriteria criteria;
  double held_out_log_likelihood = 0;  // per observed bar; NaN without held-out bars
  bool converged = false;
  std::string error;  // why the candidate could not be fitted; the numbers are NaN then
};

// One row per candidate, in their order. Each is fitted to all bars, for the criteria, and, where held_out >
// 0, also to all but the last share `held_out` of the bars: those are then scored one after the other by the
// filter that has seen what lay before them. observations: [bars, D]. Throws InputError when held_out is not
// in [0, 0.9], or for observations that no candidate can be fitted to.
std::vector<SelectionRow> select(const cuda::Resources& resources, std::span<const double> observations,
                                 const std::vector<std::string>& features,
                                 std::span<const FitSettings> candidates, double held_out = 0.2);

}  // namespace regent::hmm
