#pragma once
// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto.

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace regent {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(std::span<const std::uint8_t> bytes);
Sha256Digest sha256(std::string_view text);
// Streams the file. Throws InputError when it cannot be read.
Sha256Digest sha256_file(const std::filesystem::path& path);

std::string to_hex(std::span<const std::uint8_t> bytes);
// Throws InputError unless `hex` is 64 hexadecimal digits.
Sha256Digest digest_from_hex(std::string_view hex);

}  // namespace regent
