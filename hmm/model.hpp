#pragma once
// The 2-level hierarchical HMM. M macro regimes each own m micro states, flattened macro-major to K
// = M·m:
//   P((i,j) → (i',j')) = [i=i']·(1 − exit_ij)·micro_transition_i[j,j'] +
//   exit_ij·macro_transition[i,i']·micro_start_i'[j']

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace regent::hmm {

// The law of a bar given its state. A mixture has C Gaussian components per state; the others have C = 1.
enum class EmissionKind { gaussian, student_t, mixture };
std::string_view name_of(EmissionKind kind);  // "gaussian", "student_t", "mixture"

// What a fit may make of a covariance (of a Student-t: of a scale matrix). Tied: one for all states.
enum class CovarianceKind { full, diagonal, tied, spherical };
std::string_view name_of(CovarianceKind kind);  // "full", "diagonal", "tied", "spherical"
std::optional<CovarianceKind> covariance_kind(std::string_view name);

inline constexpr const char* model_format = "regent-hmm/1";  // of both kinds of model file
inline constexpr double row_sum_tolerance = 1e-9;            // of a table of probabilities, from 1

struct Model {
  std::vector<std::string> features;     // [D]
  int macros = 0, micros = 0;            // M, m
  std::vector<double> macro_start;       // [M]
  std::vector<double> macro_transition;  // [M, M]; the diagonal is 0 after a fit
  std::vector<double> micro_start;       // [M, m]
  std::vector<double> micro_transition;  // [M, m, m]
  std::vector<double> micro_exit;        // [M, m], in [0, 1]
  EmissionKind emission = EmissionKind::gaussian;
  int components = 1;                                // C
  CovarianceKind covariance = CovarianceKind::full;  // as it was fitted, so that a later fit can go on so
  std::vector<double> means;                         // [K, C, D], in the features' own units
  std::vector<double> covariances;      // [K, C, D, D], positive definite; of a Student-t its scale matrix
  std::vector<double> dof;              // [K], > 0, degrees of freedom; student_t only, else empty
  std::vector<double> mixture_weights;  // [K, C], rows sum to one; mixture only, else empty
  std::vector<std::string> labels;    // [M], e.g. calm, trend, chaos; of a flat HMM [1] or one per state [K]
  std::optional<double> bar_seconds;  // usual step of the bars that it was fitted on; nothing: not known

  int states() const { return macros * micros; }
  // A structure alone (features, means and covariances empty) goes with a table of emission log-likelihoods.
  bool has_emission() const { return !features.empty(); }
  int dimension() const { return static_cast<int>(features.size()); }
  std::vector<double> flat_start() const;       // [K]
  std::vector<double> flat_transition() const;  // [K, K]
};

// Shapes, finiteness, rows that sum to one (1e-9), positive definite covariances, degrees of freedom. Throws
// InputError naming the table.
void validate(const Model& model, const std::string& origin);

// Between 1 and 16, each once. Throws InputError.
void check_features(const std::vector<std::string>& features, const std::string& origin);

// The start, transition and exit tables, and the length of a bar.
void validate_structure(const Model& model, const std::string& origin);

void write_safetensors(const Model& model, const std::filesystem::path& file);
Model read_safetensors(const std::filesystem::path& file);  // validated

}  // namespace regent::hmm
