#include "hmm/model_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "cuda/hmm/layout.hpp"
#include "hmm/short_text.hpp"

namespace regent::hmm {
namespace {

using nlohmann::json;
using Json = nlohmann::ordered_json;  // keys stay in the order in which people read them

constexpr int depth_max = 16;  // covariances of a mixture lie 6 deep

struct Place {
  std::string origin;
  std::string path;  // "emission.means[1]"
  Place key(const std::string& name) const { return {origin, path.empty() ? name : path + "." + name}; }
  Place index(std::size_t i) const { return {origin, path + "[" + std::to_string(i) + "]"}; }
  [[noreturn]] void refuse(const std::string& what) const {
    throw InputError(origin + ": " + (path.empty() ? "" : path + ": ") + what);
  }
};

// Keeps the last of doubled keys from hiding the first, and what is nested too deeply from every function
// that descends into it.
class DoubledKeys {
 public:
  explicit DoubledKeys(const std::string& origin) : origin_(origin) {}
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > depth_max) {
      throw InputError(origin_ + ": arrays and objects nested more than " + std::to_string(depth_max) +
                       " deep; this is no regime model");
    }
    const auto level = static_cast<std::size_t>(depth);
    if (keys_.size() <= level) keys_.resize(level + 1);
    if (event == json::parse_event_t::object_start) {
      keys_.resize(level + 2);
      keys_[level + 1].clear();
    }
    if (event == json::parse_event_t::key && !keys_[level].insert(parsed.get<std::string>()).second) {
      throw InputError(origin_ + ": the key \"" + parsed.get<std::string>() +
                       "\" stands twice in one object");
    }
    return true;
  }

 private:
  const std::string& origin_;
  std::vector<std::set<std::string>> keys_;
};

json parsed(const std::string& text, const std::string& origin) {
  DoubledKeys doubled(origin);
  try {
    return json::parse(text, [&](int depth, json::parse_event_t event, json& value) {
      return doubled(depth, event, value);
    });
  } catch (const json::exception& error) {
    const std::string what = error.what();
    const auto from = what.find("] ");
    throw InputError(origin + ": no JSON: " + (from == std::string::npos ? what : what.substr(from + 2)));
  }
}

std::string kind_of(const json& value) {
  return value.is_array() ? "an array of " + std::to_string(value.size()) : std::string(value.type_name());
}

void check_keys(const json& object, const Place& place, const std::vector<std::string>& known) {
  if (!object.is_object()) place.refuse("an object is needed, not " + kind_of(object));
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    std::string list;
    for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
    place.refuse("unknown key \"" + key + "\"" + suggestion(key, known) + " (possible: " + list + ")");
  }
}

const json& member(const json& object, const Place& place, const char* name, const char* needed) {
  const auto found = object.find(name);
  if (found == object.end())
    place.refuse("\"" + std::string(name) + "\" is missing; " + needed + " is needed");
  return *found;
}

void append_numbers(const json& value, const Place& place, std::span<const std::size_t> shape,
                    std::vector<double>& out) {
  if (shape.empty()) {
    if (!value.is_number()) place.refuse("a number is needed, not " + value.dump().substr(0, 40));
    out.push_back(value.get<double>());
    if (!std::isfinite(out.back())) place.refuse(value.dump().substr(0, 40) + " is no finite number");
    return;
  }
  if (!value.is_array() || value.size() != shape.front()) {
    place.refuse("an array of " + std::to_string(shape.front()) + " is needed, not " + kind_of(value));
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    append_numbers(value[i], place.index(i), shape.subspan(1), out);
  }
}

std::vector<double> numbers(const json& object, const Place& place, const std::string& name,
                            const std::vector<std::size_t>& shape) {
  std::string form;
  for (const std::size_t size : shape) form += "[" + std::to_string(size) + "]";
  std::vector<double> out;
  append_numbers(member(object, place, name.c_str(), form.c_str()), place.key(name), shape, out);
  return out;
}

std::vector<std::string> texts(const json& value, const Place& place) {
  if (!value.is_array()) place.refuse("an array of names is needed, not " + kind_of(value));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_string() || value[i].get<std::string>().empty()) {
      place.index(i).refuse("a name is needed, not " + value[i].dump().substr(0, 40));
    }
    if (std::ranges::find(names, value[i].get<std::string>()) != names.end()) {
      place.index(i).refuse("\"" + value[i].get<std::string>() + "\" stands twice");
    }
    names.push_back(value[i]);
  }
  return names;
}

// Index of row `row` of a table as its JSON path says it: micro_transition[1][0].
Place row_place(const Place& table, std::span<const std::size_t> shape, std::size_t row) {
  Place place = table;
  std::size_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) {
    rows /= shape[i];
    place = place.index(row / rows);
    row %= rows;
  }
  return place;
}

void check_row(const Place& place, std::span<double> row, const JsonReading& reading) {
  double sum = 0;
  for (const double value : row) {
    if (value < 0) place.refuse(short_text(value) + " is a negative probability");
    sum += value;
  }
  const double error = std::abs(sum - 1);
  if (error <= row_sum_tolerance) return;
  if (error > JsonReading::row_error_max)
    place.refuse("the row sums to " + short_text(sum) + " instead of 1");
  if (!reading.normalise_rows) {
    place.refuse("the row sums to " + short_text(sum) +
                 " instead of 1; with --normalise a row that is off by at most 0.01 is divided by its sum");
  }
  for (double& value : row) value /= sum;
}

// A table whose last index runs over a probability law.
std::vector<double> laws(const json& object, const Place& place, const std::string& name,
                         const std::vector<std::size_t>& shape, const JsonReading& reading) {
  std::vector<double> table = numbers(object, place, name, shape);
  const std::size_t columns = shape.back();
  for (std::size_t row = 0; row < table.size() / columns; ++row) {
    check_row(row_place(place.key(name), shape, row), std::span(table).subspan(row * columns, columns),
              reading);
  }
  return table;
}

std::size_t length(const json& object, const Place& place, const std::string& name) {
  const json& value = member(object, place, name.c_str(), "an array");
  if (!value.is_array() || value.empty()) place.key(name).refuse("an array is needed, not " + kind_of(value));
  return value.size();
}

void check_state_count(const Place& place, std::size_t macros, std::size_t micros) {
  if (macros * micros > static_cast<std::size_t>(cuda::hmm::states_max)) {
    place.refuse(std::to_string(macros * micros) + " states; at most " +
                 std::to_string(cuda::hmm::states_max) + " are possible");
  }
}

void read_flat(const json& file, const Place& place, const JsonReading& reading, Model& model) {
  const std::size_t states = length(file, place, "start");
  check_state_count(place.key("start"), 1, states);
  model.macros = 1;
  model.micros = static_cast<int>(states);
  model.macro_start = {1};
  model.macro_transition = {0};
  model.micro_start = laws(file, place, "start", {states}, reading);
  model.micro_transition = laws(file, place, "transition", {states, states}, reading);
  model.micro_exit.assign(states, 0);
}

bool any_exit(const Model& model) {
  return std::ranges::any_of(model.micro_exit, [](double exit) { return exit > 0; });
}

void read_hierarchy(const json& tables, const Place& place, const JsonReading& reading, Model& model) {
  check_keys(tables, place,
             {"macro_start", "macro_transition", "micro_start", "micro_transition", "micro_exit"});
  const std::size_t macros = length(tables, place, "macro_start");
  length(tables, place, "micro_exit");
  const json& exits = tables["micro_exit"];
  const std::size_t micros = exits[0].is_array() ? exits[0].size() : 0;
  if (micros == 0) place.key("micro_exit").index(0).refuse("an array is needed, not " + kind_of(exits[0]));
  check_state_count(place, macros, micros);
  model.macros = static_cast<int>(macros);
  model.micros = static_cast<int>(micros);
  model.macro_start = laws(tables, place, "macro_start", {macros}, reading);
  model.micro_start = laws(tables, place, "micro_start", {macros, micros}, reading);
  model.micro_transition = laws(tables, place, "micro_transition", {macros, micros, micros}, reading);
  model.micro_exit = numbers(tables, place, "micro_exit", {macros, micros});
  for (std::size_t k = 0; k < model.micro_exit.size(); ++k) {
    if (model.micro_exit[k] >= 0 && model.micro_exit[k] <= 1) continue;
    place.key("micro_exit")
        .index(k / micros)
        .index(k % micros)
        .refuse(short_text(model.micro_exit[k]) + " is not in [0, 1]");
  }
  // one regime that is never left has no macro row to go by
  model.macro_transition = macros == 1 && !any_exit(model)
                               ? numbers(tables, place, "macro_transition", {1, 1})
                               : laws(tables, place, "macro_transition", {macros, macros}, reading);
}

EmissionKind read_kind(const json& emission, const Place& place) {
  const json& value = member(emission, place, "kind", "\"gaussian\", \"student_t\" or \"mixture\"");
  const std::vector<std::string> known{"gaussian", "student_t", "mixture"};
  const std::string name = value.is_string() ? value.get<std::string>() : value.dump().substr(0, 40);
  if (value == "gaussian") return EmissionKind::gaussian;
  if (value == "student_t") return EmissionKind::student_t;
  if (value == "mixture") return EmissionKind::mixture;
  place.key("kind").refuse("\"" + name + "\" is no emission" + suggestion(name, known) +
                           " (possible: gaussian, student_t, mixture)");
}

// Full where nothing is said.
CovarianceKind read_covariance(const json& emission, const Place& place) {
  const auto found = emission.find("covariance");
  if (found == emission.end()) return CovarianceKind::full;
  const std::vector<std::string> known{"full", "diagonal", "tied", "spherical"};
  const std::string name = found->is_string() ? found->get<std::string>() : found->dump().substr(0, 40);
  if (const auto kind = covariance_kind(found->is_string() ? name : "")) return *kind;
  place.key("covariance")
      .refuse("\"" + name + "\" is no kind of covariance" + suggestion(name, known) +
              " (possible: full, diagonal, tied, spherical)");
}

void read_emission(const json& emission, const Place& place, const JsonReading& reading, Model& model) {
  if (!emission.is_object()) place.refuse("an object is needed, not " + kind_of(emission));
  model.emission = read_kind(emission, place);
  std::vector<std::string> keys{"kind", "covariance", "means", "covariances"};
  if (model.emission == EmissionKind::student_t) keys.push_back("dof");
  if (model.emission == EmissionKind::mixture) keys.push_back("weights");
  check_keys(emission, place, keys);
  model.covariance = read_covariance(emission, place);
  const std::size_t k = model.states(), d = model.features.size();
  if (model.emission != EmissionKind::mixture) {
    model.means = numbers(emission, place, "means", {k, d});
    model.covariances = numbers(emission, place, "covariances", {k, d, d});
    if (model.emission == EmissionKind::student_t) model.dof = numbers(emission, place, "dof", {k});
    return;
  }
  length(emission, place, "weights");
  const std::size_t c = emission["weights"][0].is_array() ? emission["weights"][0].size() : 0;
  if (c == 0) place.key("weights").index(0).refuse("an array of weights is needed");
  model.components = static_cast<int>(c);
  model.mixture_weights = laws(emission, place, "weights", {k, c}, reading);
  model.means = numbers(emission, place, "means", {k, c, d});
  model.covariances = numbers(emission, place, "covariances", {k, c, d, d});
}

std::vector<std::string> default_labels(const Model& model) {
  std::vector<std::string> labels;
  const bool flat = model.macros == 1;
  for (int i = 0; i < (flat ? model.micros : model.macros); ++i) {
    labels.push_back((flat ? "state_" : "regime_") + std::to_string(i));
  }
  return labels;
}

void read_labels(const json& file, const Place& place, Model& model) {
  const auto found = file.find("labels");
  if (found == file.end()) {
    model.labels = default_labels(model);
    return;
  }
  model.labels = texts(*found, place.key("labels"));
  const auto count = std::ssize(model.labels);
  if (count == model.macros || (model.macros == 1 && count == model.states())) return;
  place.key("labels").refuse(std::to_string(count) + " names, and " +
                             std::to_string(model.macros == 1 ? model.states() : model.macros) +
                             " are needed, one per " + (model.macros == 1 ? "state" : "macro regime"));
}

void read_bar_seconds(const json& file, const Place& place, Model& model) {
  const auto found = file.find("bar_seconds");
  if (found == file.end()) return;
  std::vector<double> seconds;
  append_numbers(*found, place.key("bar_seconds"), {}, seconds);
  model.bar_seconds = seconds.front();
}

// [first, first + Π shape) of a table as nested arrays.
Json nested(std::span<const double> values, std::span<const std::size_t> shape) {
  Json out = Json::array();
  if (shape.size() == 1) {
    for (const double value : values) out.push_back(value);
    return out;
  }
  const std::size_t part = values.size() / shape.front();
  for (std::size_t i = 0; i < shape.front(); ++i) {
    out.push_back(nested(values.subspan(i * part, part), shape.subspan(1)));
  }
  return out;
}
Json nested(const std::vector<double>& values, const std::vector<std::size_t>& shape) {
  return nested(std::span(values), std::span(shape));
}

// One line per innermost array: a matrix looks like one.
void write_value(const Json& value, int indent, std::string& out) {
  const std::string inner(static_cast<std::size_t>(indent) + 2, ' ');
  const bool plain =
      value.is_primitive() || (value.is_array() && (value.empty() || value.front().is_primitive()));
  if (plain) {
    std::string line = value.dump();
    for (std::size_t at = 0; !value.is_string() && (at = line.find(',', at)) != std::string::npos; at += 2) {
      if (value.is_array() && value.front().is_number()) line.insert(at + 1, " ");
    }
    out += line;
    return;
  }
  out += value.is_object() ? "{\n" : "[\n";
  std::size_t left = value.size();
  for (auto item = value.begin(); item != value.end(); ++item) {
    out += inner + (value.is_object() ? json(item.key()).dump() + ": " : "");
    write_value(*item, indent + 2, out);
    out += --left > 0 ? ",\n" : "\n";
  }
  out += std::string(static_cast<std::size_t>(indent), ' ') + (value.is_object() ? "}" : "]");
}

void put_structure(const Model& model, Json& file) {
  const std::size_t m = model.macros, n = model.micros;
  if (m == 1 && !any_exit(model)) {
    file["start"] = nested(model.flat_start(), {n});
    file["transition"] = nested(model.micro_transition, {n, n});
    return;
  }
  file["hierarchy"] = {{"macro_start", nested(model.macro_start, {m})},
                       {"macro_transition", nested(model.macro_transition, {m, m})},
                       {"micro_start", nested(model.micro_start, {m, n})},
                       {"micro_transition", nested(model.micro_transition, {m, n, n})},
                       {"micro_exit", nested(model.micro_exit, {m, n})}};
}

void put_emission(const Model& model, Json& file) {
  const std::size_t k = model.states(), d = model.features.size(), c = model.components;
  const bool mixture = model.emission == EmissionKind::mixture;
  Json emission = {{"kind", name_of(model.emission)}};
  if (model.covariance != CovarianceKind::full) emission["covariance"] = name_of(model.covariance);
  if (mixture) emission["weights"] = nested(model.mixture_weights, {k, c});
  if (model.emission == EmissionKind::student_t) emission["dof"] = nested(model.dof, {k});
  using Shape = std::vector<std::size_t>;
  emission["means"] = nested(model.means, mixture ? Shape{k, c, d} : Shape{k, d});
  emission["covariances"] = nested(model.covariances, mixture ? Shape{k, c, d, d} : Shape{k, d, d});
  file["emission"] = emission;
}

}  // namespace

Model model_from_json(const std::string& text, const std::string& origin, const JsonReading& reading) {
  const json file = parsed(text, origin);
  const Place root{origin, ""};
  check_keys(file, root,
             {"format", "bar_seconds", "features", "labels", "start", "transition", "hierarchy", "emission"});
  const json& format = member(file, root, "format", "\"regent-hmm/1\"");
  if (format != model_format) {
    root.key("format").refuse(format.dump().substr(0, 40) + " is not \"" + model_format + "\"");
  }
  Model model;
  if (!file.contains("hierarchy")) {
    read_flat(file, root, reading, model);
  } else if (file.contains("start") || file.contains("transition")) {
    root.refuse("a hierarchy stands instead of start and transition, not beside them");
  } else {
    read_hierarchy(file["hierarchy"], root.key("hierarchy"), reading, model);
  }
  read_labels(file, root, model);
  read_bar_seconds(file, root, model);
  if (!file.contains("emission")) {
    if (file.contains("features")) root.refuse("features without an \"emission\"");
    validate_structure(model, origin);
    return model;
  }
  model.features =
      texts(member(file, root, "features", "the names of the D columns that the emission is over"),
            root.key("features"));
  read_emission(file["emission"], root.key("emission"), reading, model);
  validate(model, origin);
  return model;
}

std::string model_to_json(const Model& model) {
  model.has_emission() ? validate(model, "regime model") : validate_structure(model, "regime model");
  Json file = {{"format", model_format}};
  if (model.has_emission()) file["features"] = model.features;
  if (model.bar_seconds) file["bar_seconds"] = *model.bar_seconds;
  file["labels"] = model.labels;
  put_structure(model, file);
  if (model.has_emission()) put_emission(model, file);
  std::string out;
  write_value(file, 0, out);
  return out + "\n";
}

}  // namespace regent::hmm
