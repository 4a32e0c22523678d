#include "hmm/model.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "cuda/hmm/layout.hpp"
#include "hmm/short_text.hpp"

namespace regent::hmm {
namespace {

constexpr double mean_max = 1e150;

void check_size(const std::vector<double>& table, std::size_t wanted, const std::string& origin,
                const char* name) {
  if (table.size() != wanted) {
    throw InputError(origin + ": table " + name + " has " + std::to_string(table.size()) + " values, and " +
                     std::to_string(wanted) + " are needed");
  }
}

void check_finite(const std::vector<double>& table, const std::string& origin, const char* name) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!std::isfinite(table[i])) {
      throw InputError(origin + ": table " + name + ", value " + std::to_string(i) +
                       " is not a finite number");
    }
  }
}

void check_rows(const std::vector<double>& table, std::size_t columns, const std::string& origin,
                const char* name) {
  check_finite(table, origin, name);
  for (std::size_t row = 0; row < table.size() / columns; ++row) {
    double sum = 0;
    for (std::size_t column = 0; column < columns; ++column) {
      const double value = table[row * columns + column];
      if (value < 0) {
        throw InputError(origin + ": table " + name + ", row " + std::to_string(row) +
                         " has the negative probability " + std::to_string(value));
      }
      sum += value;
    }
    if (std::abs(sum - 1) > row_sum_tolerance) {
      throw InputError(origin + ": table " + name + ", row " + std::to_string(row) + " sums to " +
                       std::to_string(sum) + " instead of 1");
    }
  }
}

std::string place_of(const Model& model, int part) {
  const std::string state = "state " + std::to_string(part / model.components);
  return model.components == 1 ? state : state + ", component " + std::to_string(part % model.components);
}

// Bars are standardised by the spread of the states, which squares their means.
void check_means(const Model& model, const std::string& origin) {
  const int dimension = model.dimension();
  for (std::size_t i = 0; i < model.means.size(); ++i) {
    if (std::abs(model.means[i]) <= mean_max) continue;
    throw InputError(origin + ": table means, " + place_of(model, static_cast<int>(i) / dimension) +
                     ", feature " + model.features[i % dimension] + " is " + short_text(model.means[i]) +
                     ", which is too large to square; between -1e+150 and 1e+150 is possible");
  }
}

void check_covariances(const Model& model, const std::string& origin) {
  const int dimension = model.dimension();
  for (int part = 0; part < model.states() * model.components; ++part) {
    const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> covariance(
        model.covariances.data() + static_cast<std::ptrdiff_t>(part) * dimension * dimension, dimension,
        dimension);
    const double size = covariance.cwiseAbs().maxCoeff();
    if ((covariance - covariance.transpose()).cwiseAbs().maxCoeff() > 1e-9 * size) {
      throw InputError(origin + ": table covariances, " + place_of(model, part) + " is not symmetric");
    }
    const Eigen::LLT<Eigen::MatrixXd> cholesky(covariance);
    if (cholesky.info() != Eigen::Success) {
      throw InputError(origin + ": table covariances, " + place_of(model, part) +
                       " is not positive definite");
    }
  }
}

void check_emission(const Model& model, const std::string& origin) {
  const std::size_t k = model.states(), c = model.components, d = model.features.size();
  const bool mixture = model.emission == EmissionKind::mixture;
  if (model.components < 1 || (!mixture && model.components != 1) || k * c > cuda::hmm::states_max) {
    throw InputError(
        origin + ": " + std::to_string(model.components) + " components per state of " +
        std::string(name_of(model.emission)) + " emissions with " + std::to_string(k) +
        " states; only a mixture has more than one, and states times components must be within " +
        std::to_string(cuda::hmm::states_max));
  }
  check_size(model.means, k * c * d, origin, "means");
  check_size(model.covariances, k * c * d * d, origin, "covariances");
  check_size(model.dof, model.emission == EmissionKind::student_t ? k : 0, origin, "dof");
  check_size(model.mixture_weights, mixture ? k * c : 0, origin, "mixture_weights");
  check_finite(model.means, origin, "means");
  check_finite(model.covariances, origin, "covariances");
  check_means(model, origin);
  check_finite(model.dof, origin, "dof");
  for (double dof : model.dof) {
    if (!(dof > 0)) {
      throw InputError(origin + ": table dof has " + std::to_string(dof) +
                       "; degrees of freedom are above 0");
    }
  }
  if (mixture) check_rows(model.mixture_weights, c, origin, "mixture_weights");
  check_covariances(model, origin);
}

void check_bar_seconds(const Model& model, const std::string& origin) {
  if (!model.bar_seconds || (*model.bar_seconds > 0 && std::isfinite(*model.bar_seconds))) return;
  throw InputError(
      origin + ": bar_seconds is " + short_text(*model.bar_seconds) +
      "; the seconds from bar to bar are a number above 0 (86400 for days), and may be left out");
}

std::vector<std::string> numbered(const std::map<std::string, std::string>& metadata,
                                  const std::string& prefix, int count, const std::string& origin) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    const auto found = metadata.find(prefix + "." + std::to_string(i));
    if (found == metadata.end()) {
      throw InputError(origin + ": metadata has no " + prefix + "." + std::to_string(i));
    }
    names.push_back(found->second);
  }
  return names;
}

// Full where nothing is said: only other kinds are written.
CovarianceKind read_covariance(const std::map<std::string, std::string>& metadata,
                               const std::string& origin) {
  const auto found = metadata.find("covariance");
  if (found == metadata.end()) return CovarianceKind::full;
  if (const auto kind = covariance_kind(found->second)) return *kind;
  throw InputError(origin + ": metadata covariance is \"" + found->second +
                   "\"; full, diagonal, tied and spherical are possible");
}

std::optional<double> read_bar_seconds(const std::map<std::string, std::string>& metadata,
                                       const std::string& origin) {
  const auto found = metadata.find("bar_seconds");
  if (found == metadata.end()) return std::nullopt;
  const std::string& text = found->second;
  double seconds = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && stop == text.data() + text.size()) return seconds;
  throw InputError(origin + ": metadata bar_seconds is \"" + text + "\", which is no number of seconds");
}
std::string shortest_text(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

EmissionKind read_emission(const std::map<std::string, std::string>& metadata, const std::string& origin) {
  const auto found = metadata.find("emission");
  const std::string name = found == metadata.end() ? "" : found->second;
  for (const EmissionKind kind : {EmissionKind::gaussian, EmissionKind::student_t, EmissionKind::mixture}) {
    if (name == name_of(kind)) return kind;
  }
  throw InputError(origin + ": metadata emission is \"" + name +
                   "\"; gaussian, student_t and mixture are possible");
}

}  // namespace

std::string_view name_of(EmissionKind kind) {
  switch (kind) {
    case EmissionKind::student_t:
      return "student_t";
    case EmissionKind::mixture:
      return "mixture";
    case EmissionKind::gaussian:
      break;
  }
  return "gaussian";
}

std::string_view name_of(CovarianceKind kind) {
  switch (kind) {
    case CovarianceKind::diagonal:
      return "diagonal";
    case CovarianceKind::tied:
      return "tied";
    case CovarianceKind::spherical:
      return "spherical";
    case CovarianceKind::full:
      break;
  }
  return "full";
}

std::optional<CovarianceKind> covariance_kind(std::string_view name) {
  for (const CovarianceKind kind :
       {CovarianceKind::full, CovarianceKind::diagonal, CovarianceKind::tied, CovarianceKind::spherical}) {
    if (name == name_of(kind)) return kind;
  }
  return std::nullopt;
}

std::vector<double> Model::flat_start() const {
  std::vector<double> flat(states());
  for (int i = 0; i < macros; ++i) {
    for (int j = 0; j < micros; ++j) flat[i * micros + j] = macro_start[i] * micro_start[i * micros + j];
  }
  return flat;
}

std::vector<double> Model::flat_transition() const {
  const int count = states();
  std::vector<double> flat(static_cast<std::size_t>(count) * count);
  for (int from = 0; from < count; ++from) {
    const int i = from / micros, j = from % micros;
    for (int to = 0; to < count; ++to) {
      const int next = to / micros, micro = to % micros;
      double value = micro_exit[from] * macro_transition[i * macros + next] * micro_start[to];
      if (next == i) value += (1 - micro_exit[from]) * micro_transition[(i * micros + j) * micros + micro];
      flat[static_cast<std::size_t>(from) * count + to] = value;
    }
  }
  return flat;
}

void validate_structure(const Model& model, const std::string& origin) {
  if (model.macros < 1 || model.micros < 1 || model.macros > cuda::hmm::states_max ||
      model.micros > cuda::hmm::states_max || model.states() > cuda::hmm::states_max) {
    throw InputError(origin + ": " + std::to_string(model.macros) + " macro regimes of " +
                     std::to_string(model.micros) + " micro states each; between 1 and " +
                     std::to_string(cuda::hmm::states_max) + " states in all are possible");
  }
  const std::size_t m = model.macros, n = model.micros, k = model.states();
  check_size(model.macro_start, m, origin, "macro_start");
  check_size(model.macro_transition, m * m, origin, "macro_transition");
  check_size(model.micro_start, k, origin, "micro_start");
  check_size(model.micro_transition, k * n, origin, "micro_transition");
  check_size(model.micro_exit, k, origin, "micro_exit");
  check_rows(model.macro_start, m, origin, "macro_start");
  check_rows(model.micro_start, n, origin, "micro_start");
  check_rows(model.micro_transition, n, origin, "micro_transition");
  check_finite(model.micro_exit, origin, "micro_exit");
  bool exits = false;
  for (double exit : model.micro_exit) {
    if (exit < 0 || exit > 1) {
      throw InputError(origin + ": table micro_exit has " + std::to_string(exit) +
                       ", which is not in [0, 1]");
    }
    exits = exits || exit > 0;
  }
  // a flat model never exits, and has no macro row to go by
  if (m > 1 || exits) check_rows(model.macro_transition, m, origin, "macro_transition");
  check_finite(model.macro_transition, origin, "macro_transition");
  check_bar_seconds(model, origin);
}

void check_features(const std::vector<std::string>& features, const std::string& origin) {
  if (features.empty() || features.size() > static_cast<std::size_t>(cuda::hmm::dimension_max)) {
    throw InputError(origin + ": " + std::to_string(features.size()) + " features; between 1 and " +
                     std::to_string(cuda::hmm::dimension_max) + " are possible");
  }
  for (auto name = features.begin(); name != features.end(); ++name) {
    if (std::find(features.begin(), name, *name) != name) {
      throw InputError(origin + ": the feature \"" + *name + "\" stands twice");
    }
  }
}

void validate(const Model& model, const std::string& origin) {
  validate_structure(model, origin);
  check_features(model.features, origin);
  check_emission(model, origin);
  const bool per_state = model.macros == 1 && model.labels.size() == static_cast<std::size_t>(model.states());
  if (model.labels.size() != static_cast<std::size_t>(model.macros) && !per_state) {
    throw InputError(origin + ": " + std::to_string(model.labels.size()) + " labels for " +
                     std::to_string(model.macros) + " macro regimes");
  }
}

void write_safetensors(const Model& model, const std::filesystem::path& file) {
  validate(model, file.string());
  const std::int64_t m = model.macros, n = model.micros, k = model.states(), d = model.dimension(),
                     c = model.components;
  TensorFile out;
  const auto put = [&out](const char* name, const std::vector<double>& values,
                          std::vector<std::int64_t> shape) {
    out.tensors[name] = NamedTensor::from(std::span<const double>(values), std::move(shape));
  };
  put("macro_start", model.macro_start, {m});
  put("macro_transition", model.macro_transition, {m, m});
  put("micro_start", model.micro_start, {m, n});
  put("micro_transition", model.micro_transition, {m, n, n});
  put("micro_exit", model.micro_exit, {m, n});
  put("means", model.means, {k, c, d});
  put("covariances", model.covariances, {k, c, d, d});
  if (model.emission == EmissionKind::student_t) put("dof", model.dof, {k});
  if (model.emission == EmissionKind::mixture) put("mixture_weights", model.mixture_weights, {k, c});
  const std::vector<std::int64_t> shape{m, n, d, c};
  out.tensors["shape"] = NamedTensor::from(std::span<const std::int64_t>(shape), {4});
  out.metadata["format"] = model_format;
  out.metadata["emission"] = name_of(model.emission);
  if (model.covariance != CovarianceKind::full) out.metadata["covariance"] = name_of(model.covariance);
  if (model.bar_seconds) out.metadata["bar_seconds"] = shortest_text(*model.bar_seconds);
  for (std::int64_t i = 0; i < d; ++i) out.metadata["feature." + std::to_string(i)] = model.features[i];
  for (std::size_t i = 0; i < model.labels.size(); ++i) {
    out.metadata["label." + std::to_string(i)] = model.labels[i];
  }
  out.write(file);
}

Model read_safetensors(const std::filesystem::path& file) {
  const std::string origin = file.string();
  const TensorFile in = TensorFile::read(file);
  const auto format = in.metadata.find("format");
  if (format == in.metadata.end() || format->second != model_format) {
    throw InputError(origin + ": metadata format is \"" +
                     (format == in.metadata.end() ? "" : format->second) + "\", and \"" + model_format +
                     "\" is needed");
  }
  const std::vector<std::int64_t> shape = in.i64("shape", {4});
  for (std::int64_t size : shape) {
    if (size < 1 || size > cuda::hmm::states_max) {
      throw InputError(origin + ": tensor shape has " + std::to_string(size) + ", which is not in 1.." +
                       std::to_string(cuda::hmm::states_max));
    }
  }
  const std::int64_t m = shape[0], n = shape[1], k = m * n, d = shape[2], c = shape[3];
  Model model;
  model.macros = static_cast<int>(m);
  model.micros = static_cast<int>(n);
  model.features = numbered(in.metadata, "feature", static_cast<int>(d), origin);
  const bool label_per_state = m == 1 && in.metadata.contains("label.1");
  model.labels = numbered(in.metadata, "label", label_per_state ? model.micros : model.macros, origin);
  model.macro_start = in.f64("macro_start", {m});
  model.macro_transition = in.f64("macro_transition", {m, m});
  model.micro_start = in.f64("micro_start", {m, n});
  model.micro_transition = in.f64("micro_transition", {m, n, n});
  model.micro_exit = in.f64("micro_exit", {m, n});
  model.emission = read_emission(in.metadata, origin);
  model.covariance = read_covariance(in.metadata, origin);
  model.bar_seconds = read_bar_seconds(in.metadata, origin);
  model.components = static_cast<int>(c);
  model.means = in.f64("means", {k, c, d});
  model.covariances = in.f64("covariances", {k, c, d, d});
  if (model.emission == EmissionKind::student_t) model.dof = in.f64("dof", {k});
  if (model.emission == EmissionKind::mixture) model.mixture_weights = in.f64("mixture_weights", {k, c});
  validate(model, origin);
  return model;
}

}  // namespace regent::hmm
