#pragma once
// The one way to write a JSON value: keys sorted, no white space, doubles in their shortest form that reads
// back to the same bits (always with a point or an exponent, so that they stay doubles), NaN as null,
// infinities as the texts "inf" and "-inf".

#include <nlohmann/json.hpp>
#include <string>

namespace regent::engine {

std::string canonical(const nlohmann::json& value);

}  // namespace regent::engine
