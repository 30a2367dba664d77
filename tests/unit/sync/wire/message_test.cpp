// That messages come back as they were, and that only their canonical form is taken.
// Golden bytes in schema/vectors, then hand-written bytes that break one rule each.
#include <catch2/catch.hpp>

#include "sync/limits.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/wire/sample_messages.hpp"
#include "tests/unit/sync/wire/vectors.hpp"

namespace tram::sync::test {

namespace {

std::string why_refused(const Bytes& bytes) {
  const Result<ExchangeRequest> request = decode_request(bytes);
  REQUIRE_FALSE(request);
  CHECK(request.error().code == ErrorCode::malformed);
  return request.error().message;
}

}  // namespace

TEST_CASE("Messages have their golden bytes", "[wire][message]") {
  check_vectors("wire_messages.txt",
                {{"empty_request", "nothing but versions", encode_message(ExchangeRequest{})},
                 {"request", "every part once", encode_message(sample_request())},
                 {"documented_request", "the request of schema/wire.md",
                  encode_message(documented_request())},
                 {"empty_reply", "nothing but versions", encode_message(ExchangeReply{})},
                 {"reply", "every part once", encode_message(sample_reply())}});
  CHECK(*decode_request(vector_of("wire_messages.txt", "request")) == sample_request());
  CHECK(*decode_reply(vector_of("wire_messages.txt", "reply")) == sample_reply());
}

TEST_CASE("Only the canonical form of a request is taken", "[wire][message]") {
  const auto with = [](std::string_view text) { return why_refused(hex(text)); };
  const std::string rest = "0000 0000 0000 0000 00";
  REQUIRE(decode_request(hex("010101 00" + rest)));
  CHECK(with("010101 00" + rest + "00") == "request: trailing bytes");
  CHECK(with("81000101 00" + rest).find("shortest") != std::string::npos);
  CHECK(with("010101 02" + rest).find("neither 0 nor 1") != std::string::npos);
  CHECK(with("ffffffff1f0101 00" + rest).find("limit") != std::string::npos);
  // A feed of size 0 with a root, or with the unused epoch, has no encoding at all.
  CHECK(with("010101 00 01 00 00" + std::string(80, '1') + rest).find("request") == 0);
}

TEST_CASE("Counts beyond the bytes that follow allocate nothing", "[wire][message]") {
  // Each list of a request, said to be as long as a number can say.
  const Bytes empty = encode_message(ExchangeRequest{});
  for (std::size_t at = 4; at < 13; ++at) {
    for (const std::string_view count : {"ffffffffffffffffff01", "8080808010", "ff7f", "40"}) {
      Bytes bytes(empty.begin(), empty.begin() + static_cast<std::ptrdiff_t>(at));
      for (const std::uint8_t byte : hex(count)) bytes.push_back(byte);
      bytes.insert(bytes.end(), empty.begin() + static_cast<std::ptrdiff_t>(at) + 1, empty.end());
      CHECK_FALSE(decode_request(bytes));
    }
  }
}

TEST_CASE("Lists end at their limits", "[wire][message]") {
  ExchangeRequest request;
  request.feeds.assign(limits::feeds_max, FeedStatement{"24001", {}, 0, {}});
  request.returns.assign(returns_max, ReturnedPart{});
  CHECK(decode_request(encode_message(request)));
  request.returns.emplace_back();
  CHECK_FALSE(decode_request(encode_message(request)));
  request.returns.pop_back();
  request.feeds.emplace_back();
  CHECK_FALSE(decode_request(encode_message(request)));
  ExchangeRequest hello;
  hello.hello = Hello{};
  hello.hello->maybe_visits.resize(limits::hello_visits_max + 1);
  CHECK_FALSE(decode_request(encode_message(hello)));
}

TEST_CASE("A reply's kinds and times are known ones", "[wire][message]") {
  ExchangeReply reply;
  reply.feeds = {{"24001", FeedAnswer::Kind::agrees, 1, 1, {}, std::nullopt}};
  Bytes bytes = encode_message(reply);
  const auto kind = static_cast<std::size_t>(
      std::find(bytes.begin(), bytes.end(), std::uint8_t{'1'}) - bytes.begin() + 1);
  REQUIRE(bytes[kind] == 1);
  for (const int byte : {0, 5, 127}) {
    bytes[kind] = static_cast<std::uint8_t>(byte);
    CHECK_FALSE(decode_reply(bytes));
  }
  reply.hub_time = {static_cast<std::int64_t>(limits::time_ms_max)};
  CHECK(decode_reply(encode_message(reply)));
  reply.hub_time.ms += 1;
  CHECK_FALSE(decode_reply(encode_message(reply)));
}

}  // namespace tram::sync::test
