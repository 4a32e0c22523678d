#pragma once
// Files and folders that are either whole or not there.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace regent {

// Throws InputError naming the path when it cannot be read or is larger than bytes_max.
std::string read_file(const std::filesystem::path& path, std::size_t bytes_max = std::size_t{1} << 32);

// Writes to a temporary name in the same folder, syncs, renames, syncs the folder. A failure (a full disk)
// removes the temporary file, leaves the old file untouched and throws Error.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Calls `fill` with a temporary folder beside `path`, syncs every file in it and renames it to `path`. An
// existing folder at `path` is an InputError unless `replace`. Nothing half-written stays.
void write_folder_atomically(const std::filesystem::path& path, bool replace,
                             const std::function<void(const std::filesystem::path&)>& fill);

}  // namespace regent
