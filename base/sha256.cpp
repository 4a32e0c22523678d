#include "base/sha256.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace regent {
namespace {

// Fetched once: the implicit fetch inside EVP_sha256() costs more than hashing a ledger row.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  REGENT_INVARIANT(algorithm != nullptr, "OpenSSL offers no SHA-256");
  return algorithm;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

Sha256Digest sha256(std::span<const std::uint8_t> bytes) {
  Sha256Digest digest{};
  unsigned int size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, sha256_algorithm(), nullptr);
  REGENT_INVARIANT(done == 1 && size == digest.size(), "SHA-256 failed");
  return digest;
}

Sha256Digest sha256(std::string_view text) {
  return sha256(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Sha256Digest sha256_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw InputError(path.string() + ": cannot be opened: " + std::strerror(errno));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  REGENT_INVARIANT(context && EVP_DigestInit_ex(context.get(), sha256_algorithm(), nullptr) == 1,
                   "SHA-256 failed");
  std::vector<std::uint8_t> buffer(std::size_t{1} << 18);
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InputError(path.string() + ": cannot be read: " + std::strerror(errno));
    if (got == 0) break;
    REGENT_INVARIANT(EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(got)) == 1,
                     "SHA-256 failed");
  }
  Sha256Digest digest{};
  REGENT_INVARIANT(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1, "SHA-256 failed");
  return digest;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Sha256Digest digest_from_hex(std::string_view hex) {
  Sha256Digest digest{};
  bool valid = hex.size() == digest.size() * 2;
  for (std::size_t i = 0; valid && i < digest.size(); ++i) {
    const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
    valid = high >= 0 && low >= 0;
    if (valid) digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (!valid) {
    throw InputError("not a SHA-256 digest: '" + std::string(hex.substr(0, 80)) +
                     "'; expected 64 hexadecimal digits");
  }
  return digest;
}

}  // namespace regent
