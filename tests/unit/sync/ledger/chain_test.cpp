// Goal: one chain value fixes a log's whole history, and a signed head covers log, count and chain.
// Method: chains over altered, swapped, missing and doubled names; heads altered a member at a
// time.
#include "sync/ledger/chain.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::filled;

const LogId log_id = filled<16>(0x11);

Digest chain_over(const LogId& log, const std::vector<Name>& names) {
  Digest chain = chain_start(log);
  for (const Name& name : names) chain = chain_next(chain, name);
  return chain;
}

SigningKey device_key(std::uint8_t seed = 0x41) {
  Result<SigningKey> key = SigningKey::from_seed(filled<32>(seed));
  REQUIRE(key.has_value());
  return *std::move(key);
}

Bytes spelled(std::string_view domain, std::initializer_list<ByteView> parts) {
  Bytes out = to_bytes(domain);
  out.push_back(0);
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace

TEST_CASE("chain: its definition, spelled out") {
  const Name name = filled<32>(0xaa);
  const Digest start = sha256(spelled("tram log", {log_id}));
  CHECK(chain_start(log_id) == start);
  CHECK(chain_next(start, name) == sha256(spelled("tram chain", {start, name})));
}

TEST_CASE("chain: any other history has another value") {
  const std::vector<Name> names{filled<32>(1), filled<32>(2), filled<32>(3), filled<32>(4)};
  const Digest chain = chain_over(log_id, names);
  CHECK(chain != chain_over(filled<16>(0x12), names));
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<Name> altered = names;
    altered[i][0] ^= 1U;
    CHECK(chain != chain_over(log_id, altered));
    std::vector<Name> missing = names;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(chain != chain_over(log_id, missing));
    std::vector<Name> doubled = names;
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), names[i]);
    CHECK(chain != chain_over(log_id, doubled));
    std::vector<Name> swapped = names;
    std::swap(swapped[i], swapped[(i + 1) % names.size()]);
    CHECK(chain != chain_over(log_id, swapped));
  }
}

TEST_CASE("log head: the signature covers log, count and chain, and fits one device") {
  const SigningKey key = device_key();
  const SignedLogHead head = sign_log_head(key, log_id, 300, filled<32>(0xcc));
  CHECK(verify_log_head(key.public_key(), head));
  CHECK(!verify_log_head(device_key(0x42).public_key(), head));
  SignedLogHead other = head;
  other.log[0] ^= 1U;
  CHECK(!verify_log_head(key.public_key(), other));
  other = head;
  ++other.count;
  CHECK(!verify_log_head(key.public_key(), other));
  other = head;
  other.chain[31] ^= 1U;
  CHECK(!verify_log_head(key.public_key(), other));
  other = head;
  other.signature[0] ^= 1U;
  CHECK(!verify_log_head(key.public_key(), other));
}

TEST_CASE("log head: what is signed, spelled out") {
  const SigningKey key = device_key();
  const SignedLogHead head = sign_log_head(key, log_id, 300, filled<32>(0xcc));
  const Bytes count = test::hex("ac02");
  Bytes message = to_bytes(log_id);
  message.insert(message.end(), count.begin(), count.end());
  message.insert(message.end(), 32, 0xcc);
  CHECK(verify(key.public_key(), "tram log head", message, head.signature));
  CHECK(!verify(key.public_key(), "tram feed head", message, head.signature));
}

}  // namespace tram::sync
