// Goal: a signed feed head round-trips, has one encoding, and loses its signature's cover with any
// change. Method: one head, altered a member at a time and a bit at a time.
#include "sync/feed/head.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::filled;

SigningKey hub_key(std::uint8_t seed = 0x51) {
  Result<SigningKey> key = SigningKey::from_seed(filled<32>(seed));
  REQUIRE(key.has_value());
  return *std::move(key);
}

SignedHead sample_head() {
  SignedHead head;
  head.feed = "24796";
  head.epoch = filled<8>(0x61);
  head.base_size = 700;
  head.base_root = filled<32>(0x62);
  head.size = 905;
  head.root = filled<32>(0x63);
  head.hub_time = {1'751'331'480'000};
  return sign_head(hub_key(), head);
}

Bytes encoded(const SignedHead& head) {
  Writer out;
  write_head(out, head);
  return out.take();
}

Result<SignedHead> decoded(ByteView bytes) {
  Reader in(bytes);
  SignedHead head = read_head(in);
  if (const Status done = in.finish("head"); !done) return fail(done.error());
  return head;
}

}  // namespace

TEST_CASE("feed head: round trip, and the signature fits the hub's key only") {
  const SignedHead head = sample_head();
  CHECK(verify_head(hub_key().public_key(), head));
  CHECK(!verify_head(hub_key(0x52).public_key(), head));
  const Result<SignedHead> back = decoded(encoded(head));
  REQUIRE(back.has_value());
  CHECK(*back == head);
}

TEST_CASE("feed head: the signature covers every member") {
  const PublicKey key = hub_key().public_key();
  const auto altered = [&](const std::function<void(SignedHead&)>& alter) {
    SignedHead head = sample_head();
    alter(head);
    return verify_head(key, head);
  };
  CHECK(altered([](SignedHead&) {}));
  CHECK(!altered([](SignedHead& h) { h.feed = province_feed; }));
  CHECK(!altered([](SignedHead& h) { h.epoch[0] ^= 1U; }));
  CHECK(!altered([](SignedHead& h) { ++h.base_size; }));
  CHECK(!altered([](SignedHead& h) { h.base_root[31] ^= 1U; }));
  CHECK(!altered([](SignedHead& h) { ++h.size; }));
  CHECK(!altered([](SignedHead& h) { h.root[0] ^= 1U; }));
  CHECK(!altered([](SignedHead& h) { ++h.hub_time.ms; }));
  CHECK(!altered([](SignedHead& h) { h.signature[5] ^= 1U; }));
}

TEST_CASE("feed head: the border between feed and epoch cannot be moved") {
  SignedHead head = sample_head();
  head.feed.push_back(static_cast<char>(head.epoch[0]));
  CHECK(!verify_head(hub_key().public_key(), head));
}

TEST_CASE("feed head: every cut is refused, and every flipped bit is refused or does not verify") {
  const Bytes bytes = encoded(sample_head());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(!decoded(ByteView(bytes).first(size)));
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(!decoded(longer));
  const PublicKey key = hub_key().public_key();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const Result<SignedHead> head = decoded(flipped);
    if (!head) continue;
    CHECK(encoded(*head) == flipped);
    CHECK(!verify_head(key, *head));
  }
}

TEST_CASE("feed head: a head below its base, and a feed's name beyond its limit, are refused") {
  SignedHead below = sample_head();
  below.size = below.base_size - 1;
  CHECK(!decoded(encoded(below)));
  SignedHead named = sample_head();
  named.feed = std::string(32, 'x');
  CHECK(decoded(encoded(named)));
  named.feed.push_back('x');
  CHECK(!decoded(encoded(named)));
}

}  // namespace tram::sync
