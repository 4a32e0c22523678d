#include "base/sha256.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent {
namespace {

using regent::test::message_of;
using regent::test::TemporaryFolder;

// NIST, FIPS 180-4 examples and the CAVP byte vectors.
constexpr const char* of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* of_two_blocks = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr const char* of_a_million_a = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(to_hex(sha256("")), of_nothing);
  EXPECT_EQ(to_hex(sha256("abc")), of_abc);
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")), of_two_blocks);
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))), of_a_million_a);
}

TEST(Sha256, HashesAFileLongerThanItsBuffer) {
  const TemporaryFolder folder;
  EXPECT_EQ(to_hex(sha256_file(folder.write("a", std::string(1'000'000, 'a')))), of_a_million_a);
  EXPECT_EQ(to_hex(sha256_file(folder.write("empty", ""))), of_nothing);
}

TEST(Sha256, NamesAFileThatCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_NE(message_of<InputError>([&] { sha256_file(folder / "absent"); }).find("absent"),
            std::string::npos);
  EXPECT_NE(message_of<InputError>([&] { sha256_file(folder.path()); }).find("cannot be read"),
            std::string::npos);
}

TEST(Sha256, ReadsBackItsOwnHexInEitherCase) {
  EXPECT_EQ(digest_from_hex(of_abc), sha256("abc"));
  std::string upper = of_abc;
  for (char& digit : upper) digit = static_cast<char>(std::toupper(digit));
  EXPECT_EQ(digest_from_hex(upper), sha256("abc"));
}

TEST(Sha256, RefusesHexOfAnotherLengthOrWithOtherLetters) {
  const std::string good = of_abc;
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "0", "g" + good.substr(1), " " + good.substr(1)}) {
    EXPECT_THROW(digest_from_hex(bad), InputError) << bad;
  }
}

}  // namespace
}  // namespace regent
