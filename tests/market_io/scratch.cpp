#include "scratch.hpp"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>

#include "base/error.hpp"

namespace regent::market::test {

std::filesystem::path Scratch::write_gzip(const std::string& name, const std::string& text) const {
  const auto codec = *arrow::util::Codec::Create(arrow::Compression::GZIP);
  const auto file = *arrow::io::FileOutputStream::Open(path(name).string());
  const auto stream = *arrow::io::CompressedOutputStream::Make(codec.get(), file);
  EXPECT_TRUE(stream->Write(text.data(), static_cast<std::int64_t>(text.size())).ok());
  EXPECT_TRUE(stream->Close().ok());
  return path(name);
}

std::string Scratch::complaint(const std::filesystem::path& file, const ValidationPolicy& policy) {
  try {
    read(file, policy);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace regent::market::test
