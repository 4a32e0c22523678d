#include "market/io/output.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/error.hpp"

namespace regent::market {
namespace {

void check_writable(const std::string& what, const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw InputError(what + ": " + folder.string() + " is no folder" +
                     (std::filesystem::exists(folder, error) ? ", a file has that name" : ""));
  }
  if (::access(folder.c_str(), W_OK) != 0) {
    throw InputError(what + ": nothing can be written into " + folder.string());
  }
}

}  // namespace

void check_file_place(const std::string& out, const std::string& flag) {
  std::error_code error;
  if (std::filesystem::is_directory(out, error))
    throw InputError(flag + " " + out + ": a folder has that name");
  const auto folder = std::filesystem::path(out).parent_path();
  check_writable(flag + " " + out, folder.empty() ? "." : folder);
}

nlohmann::ordered_json json_number(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

std::string digits(double value, int count) {
  if (std::isnan(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", count, value);
  return text;
}

void check_table_name(const std::string& out, const std::string& flag) {
  if (out.empty()) return;
  if (!out.ends_with(".csv") && !out.ends_with(".parquet")) {
    throw InputError(flag + " " + out + ": the name must end in .csv or .parquet");
  }
  check_file_place(out, flag);
}

void check_folder(const std::string& out, const std::string& flag) {
  std::error_code error;
  if (out.empty()) return;
  if (std::filesystem::is_directory(out, error)) return check_writable(flag + " " + out, out);
  const std::filesystem::path path = out;
  if (path.has_extension() && !std::filesystem::exists(path, error)) {
    throw InputError(flag + " " + out + ": the name is no folder's (and a model file ends in .json or " +
                     ".safetensors); a new folder with a dot in its name is meant by a slash at the end");
  }
  // the last folder of the path that is there
  std::filesystem::path place = std::filesystem::absolute(path);
  while (!std::filesystem::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  check_writable(flag + " " + out, place);
}

void make_folder(const std::filesystem::path& folder, const std::string& flag) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw InputError(flag + " " + folder.string() + ": no folder can be made there: " + error.message());
}

}  // namespace regent::market
