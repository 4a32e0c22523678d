#include "serving/http/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace regent::http {
namespace {

TEST(Address, IsReadInEveryForm) {
  EXPECT_EQ(parse_address("127.0.0.1:8080", "k").port, 8080);
  EXPECT_EQ(parse_address("[::1]:0", "k").host, "::1");
  EXPECT_EQ(parse_address("localhost:1", "k").host, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("tcp://127.0.0.1:*", "k").port, 0);
  EXPECT_EQ(to_endpoint(parse_endpoint("tcp://[::1]:0", "k")), "tcp://[::1]:*");
  EXPECT_EQ(to_url(parse_address("127.0.0.1:9", "k")), "http://127.0.0.1:9");
}

TEST(Address, WrongOnesAreRefusedByKeyAndValue) {
  for (const char* text : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:80x", "::1:80"}) {
    try {
      parse_address(text, "serving.http");
      ADD_FAILURE() << text << " was accepted";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("serving.http is '" + std::string(text) + "'"));
    }
  }
  EXPECT_THROW(parse_endpoint("ipc:///tmp/x", "k"), InputError);
  EXPECT_THROW(parse_endpoint("127.0.0.1:5555", "k"), InputError);
}

TEST(Address, OnlyTheMachineItselfIsLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(parse_address(text, "k").loopback()) << text;
    EXPECT_NO_THROW(permit(parse_address(text, "k"), false, "k"));
  }
  for (const char* text : {"0.0.0.0:1", "*:1", "10.0.0.1:1", "[::]:1", "[fe80::1]:1", "example.org:1",
                           "128.0.0.1:1", "127.0.0.1.example.org:1", "eth0:1"}) {
    EXPECT_FALSE(parse_address(text, "k").loopback()) << text;
    EXPECT_THROW(permit(parse_address(text, "k"), false, "k"), InputError) << text;
    EXPECT_NO_THROW(permit(parse_address(text, "k"), true, "k"));
  }
}

}  // namespace
}  // namespace regent::http
