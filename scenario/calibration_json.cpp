#include "scenario/calibration_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace regent::scenario {
namespace {

using Json = nlohmann::ordered_json;
using cuda::scenario::VolatilityKind;

constexpr const char* formats[] = {"regent-scenario/1", "regent-scenario/2", "regent-scenario/3",
                                   "regent-scenario/4"};
constexpr int with_own_tails = 1, with_now_variance = 2, with_own_volatility = 3, newest = 3;  // of formats

// One object of the file: its keys are read once each, and none may be left over. `written` has every key of
// the newest format.
class Object {
 public:
  Object(const Json& json, const Json& written, std::string path, std::string origin)
      : json_(json), written_(written), path_(std::move(path)), origin_(std::move(origin)) {
    if (!json.is_object()) refuse("", "an object is needed");
  }
  // Asked first: a key that is misspelt is also one that is missing.
  void check_keys() const {
    std::vector<std::string> known;
    for (const auto& [key, value] : written_.items()) known.push_back(key);
    refuse_unknown(known);
  }
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const {
    throw InputError(origin_ + ": " + path_ + key + ": " + what);
  }
  const Json& at(const std::string& key) {
    known_.push_back(key);
    if (!json_.contains(key)) refuse(key, "missing");
    return json_.at(key);
  }
  Object object(const std::string& key) {
    Object inner(at(key), written_.at(key), path_ + key + ".", origin_);
    inner.check_keys();
    return inner;
  }
  void read(const std::string& key, double& value) { value = number(at(key), key); }
  void read(const std::string& key, std::vector<double>& values) {
    values.clear();
    for (const Json& item : list(key)) values.push_back(number(item, key));
  }
  void read(const std::string& key, std::vector<std::string>& values) {
    values.clear();
    for (const Json& item : list(key)) values.push_back(text(item, key));
  }
  std::string read_text(const std::string& key) { return text(at(key), key); }
  template <class Integer>
  void read_count(const std::string& key, Integer& value) {
    const Json& item = at(key);
    if (!item.is_number_integer() || item.get<std::int64_t>() < 0 || item.get<std::int64_t>() > 1'000'000'000)
      refuse(key, "a whole number from 0 to 1000000000 is needed");
    value = static_cast<Integer>(item.get<std::int64_t>());
  }
  void finish() const { refuse_unknown(known_); }

 private:
  void refuse_unknown(const std::vector<std::string>& known) const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end())
        refuse(key, "unknown key" + suggestion(key, known));
    }
  }
  const Json& list(const std::string& key) {
    const Json& item = at(key);
    if (!item.is_array()) refuse(key, "a list is needed");
    return item;
  }
  double number(const Json& item, const std::string& key) const {
    if (!item.is_number()) refuse(key, "a number is needed, not " + std::string(item.type_name()));
    return item.get<double>();
  }
  std::string text(const Json& item, const std::string& key) const {
    if (!item.is_string()) refuse(key, "a text is needed, not " + std::string(item.type_name()));
    return item.get<std::string>();
  }
  const Json &json_, &written_;
  std::string path_, origin_;
  std::vector<std::string> known_;
};

const char* name_of(VolatilityKind kind) {
  return kind == VolatilityKind::garch       ? "garch"
         : kind == VolatilityKind::diffusion ? "diffusion"
                                             : "constant";
}

VolatilityKind kind_named(Object& object) {
  const std::string name = object.read_text("kind");
  for (const auto kind : {VolatilityKind::constant, VolatilityKind::garch, VolatilityKind::diffusion}) {
    if (name == name_of(kind)) return kind;
  }
  object.refuse("kind", "\"" + name + "\": constant, garch and diffusion are possible");
}

constexpr const char *of_market = "market", *of_asset = "asset";

bool apart_named(Object& object) {
  const std::string name = object.read_text("kind");
  if (name != of_market && name != of_asset)
    object.refuse("kind", "\"" + name + "\": market and asset are possible");
  return name == of_asset;
}

// visit(key, value) for every number of a part, in the file's order.
template <class Volatility, class Visit>
void visit_numbers(Volatility& v, const Visit& visit) requires requires {
  v.alpha;
}
{
  visit("alpha", v.alpha);
  visit("gamma", v.gamma);
  visit("beta", v.beta);
  visit("reversion", v.reversion);
  visit("level", v.level);
  visit("deviation", v.deviation);
  visit("correlation", v.correlation);
  visit("start", v.start);
  visit("ceiling", v.ceiling);
}
template <class OwnVolatility, class Visit>
void visit_numbers(OwnVolatility& v, const Visit& visit) requires requires {
  v.apart;
}
{
  visit("persistence", v.persistence);
  visit("response", v.response);
}
template <class Jumps, class Visit>
void visit_numbers(Jumps& j, const Visit& visit) requires requires {
  j.intensity;
}
{
  visit("intensity", j.intensity);
  visit("mean", j.mean);
  visit("deviation", j.deviation);
  visit("scale", j.scale);
  visit("participation", j.participation);
  visit("excitation", j.excitation);
  visit("decay", j.decay);
  visit("variance", j.variance);
}
template <class Liquidity, class Visit>
void visit_numbers(Liquidity& l, const Visit& visit) requires requires {
  l.probability;
}
{
  visit("probability", l.probability);
  visit("multiple", l.multiple);
  visit("decay", l.decay);
  visit("spread", l.spread);
}

template <class Part>
Json json_of(const Part& part, Json json = Json::object()) {
  visit_numbers(part, [&](const char* key, const auto& value) { json[key] = value; });
  return json;
}

template <class Part>
void read_numbers(Object& object, Part& part) {
  visit_numbers(part, [&](const char* key, auto& value) { object.read(key, value); });
  object.finish();
}

int format_of(Object& object) {
  const std::string name = object.read_text("format");
  const auto* const found = std::ranges::find(formats, name);
  if (found == std::end(formats))
    object.refuse("format", "\"" + name + "\", not \"" + formats[newest] + "\"");
  return static_cast<int>(found - formats);
}

// The law's own checks, under any portfolio.
void check(const Calibration& c, const std::string& origin) {
  cuda::scenario::Task task;
  task.law = &c.law;
  task.steps = 1;
  task.policy.target.assign(std::max(c.law.assets, 0), 0);
  try {
    cuda::scenario::validate(task);
  } catch (const InputError& error) {
    throw InputError(origin + ": " + error.what());
  }
  if (c.now.size() != static_cast<std::size_t>(c.law.regimes))
    throw InputError(origin + ": now has " + std::to_string(c.now.size()) + " values for " +
                     std::to_string(c.law.regimes) + " regimes");
  double sum = 0;
  for (const double p : c.now) sum += p >= 0 ? p : HUGE_VAL;
  if (!(std::abs(sum - 1) <= 1e-9)) throw InputError(origin + ": now is no law over the regimes");
  if (!(c.now_variance >= 0 && c.now_variance <= c.law.volatility.ceiling))
    throw InputError(origin + ": now_variance is " + std::to_string(c.now_variance) +
                     "; from 0 to the ceiling of " + std::to_string(c.law.volatility.ceiling) +
                     " is possible");
  if (c.now_own_variance.size() != (c.law.own_volatility.apart ? c.symbols.size() : 0) ||
      !std::ranges::all_of(c.now_own_variance, [](double u) { return u >= 1e-6 && u <= 1e6; }))
    throw InputError(origin + ": now_own_variance: a number from 0.000001 to 1000000 for every asset whose " +
                     "own_volatility is its own is needed, and none else");
  if (!(c.bars_per_year > 0 && c.bars_per_year < 1e7))
    throw InputError(origin + ": bars_per_year is " + std::to_string(c.bars_per_year));
}

}  // namespace

std::string calibration_to_json(const Calibration& c) {
  const auto& law = c.law;
  const Json json = {{"format", formats[newest]},
                     {"symbols", c.symbols},
                     {"regimes", c.labels},
                     {"from", format_timestamp(c.from_ms)},
                     {"to", format_timestamp(c.to_ms)},
                     {"bars", c.bars},
                     {"bars_left_out", c.left_out},
                     {"jump_bars", c.jump_bars},
                     {"bars_per_year", c.bars_per_year},
                     {"correlation_error", c.correlation_error},
                     {"start", law.start},
                     {"now", c.now},
                     {"now_variance", c.now_variance},
                     {"now_own_variance", c.now_own_variance},
                     {"transition", law.transition},
                     {"factors", law.factors},
                     {"drift", law.drift},
                     {"drift_of_variance", law.drift_of_variance},
                     {"loadings", law.loadings},
                     {"idiosyncratic", law.idiosyncratic},
                     {"beta", law.beta},
                     {"dof", law.dof},
                     {"idiosyncratic_dof", law.idiosyncratic_dof},
                     {"volatility", json_of(law.volatility, {{"kind", name_of(law.volatility.kind)}})},
                     {"own_volatility", json_of(law.own_volatility,
                                                {{"kind", law.own_volatility.apart ? of_asset : of_market}})},
                     {"jumps", json_of(law.jumps)},
                     {"liquidity", json_of(law.liquidity)}};
  return json.dump(1) + "\n";
}

Calibration calibration_from_json(const std::string& text, const std::string& origin) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw InputError(origin + ": no JSON: " + error.what());
  }
  Calibration c;
  const Json written = Json::parse(calibration_to_json(c));
  Object object(json, written, "", origin);
  const int format = format_of(object);
  object.check_keys();
  auto& law = c.law;
  object.read("symbols", c.symbols);
  object.read("regimes", c.labels);
  c.from_ms = parse_timestamp(object.read_text("from"));
  c.to_ms = parse_timestamp(object.read_text("to"));
  object.read_count("bars", c.bars);
  object.read_count("bars_left_out", c.left_out);
  object.read_count("jump_bars", c.jump_bars);
  object.read("bars_per_year", c.bars_per_year);
  object.read("correlation_error", c.correlation_error);
  object.read("start", law.start);
  object.read("now", c.now);
  if (format >= with_now_variance) object.read("now_variance", c.now_variance);
  if (format >= with_own_volatility) object.read("now_own_variance", c.now_own_variance);
  object.read("transition", law.transition);
  object.read_count("factors", law.factors);
  object.read("drift", law.drift);
  object.read("drift_of_variance", law.drift_of_variance);
  object.read("loadings", law.loadings);
  object.read("idiosyncratic", law.idiosyncratic);
  object.read("beta", law.beta);
  object.read("dof", law.dof);
  if (format >= with_own_tails) object.read("idiosyncratic_dof", law.idiosyncratic_dof);
  Object volatility = object.object("volatility"), jumps = object.object("jumps"),
         liquidity = object.object("liquidity");
  law.volatility.kind = kind_named(volatility);
  read_numbers(volatility, law.volatility);
  if (format >= with_own_volatility) {
    Object own = object.object("own_volatility");
    law.own_volatility.apart = apart_named(own);
    read_numbers(own, law.own_volatility);
  }
  read_numbers(jumps, law.jumps);
  read_numbers(liquidity, law.liquidity);
  object.finish();
  law.assets = static_cast<int>(c.symbols.size());
  law.regimes = static_cast<int>(c.labels.size());
  check(c, origin);
  return c;
}

}  // namespace regent::scenario
