// Goal: Ed25519 keys and signatures are RFC 8032's, and a signature holds for one domain, message
// and key. Method: published key pairs, a golden signature over our composition, and every bit
// altered once.
#include "sync/crypto/signature.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::array_of;
using test::hex;

struct KeyPair {
  const char* seed;
  const char* public_key;
};

// RFC 8032 section 7.1: TEST 1, 2, 3 and SHA(abc).
constexpr KeyPair published[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"}};

// Over "tram log head", a zero byte and "abc", by the key of TEST 1; made with another program.
constexpr const char* golden =
    "73542982a343b6083bf781d876077ebd770d9bd9472ec68bebf5eef5890a752a"
    "74089ba8955501281f17c83a3a196f101b4841c4ee6945e6bf428b2f4ce9250f";

SigningKey key_of(const char* seed) {
  Result<SigningKey> key = SigningKey::from_seed(hex(seed));
  REQUIRE(key.has_value());
  return *std::move(key);
}

}  // namespace

TEST_CASE("signing key: public keys of the published seeds") {
  for (const KeyPair& pair : published) {
    CHECK(to_hex(key_of(pair.seed).public_key()) == pair.public_key);
  }
}

TEST_CASE("signing key: only 32 bytes are a seed") {
  for (const std::size_t size : {0U, 1U, 31U, 33U, 64U}) {
    const Result<SigningKey> key = SigningKey::from_seed(Bytes(size, 7));
    REQUIRE(!key);
    CHECK(key.error().code == ErrorCode::malformed);
  }
}

TEST_CASE("signature: the golden bytes, deterministic, also after a move") {
  SigningKey key = key_of(published[0].seed);
  CHECK(to_hex(key.sign("tram log head", as_bytes("abc"))) == golden);
  const SigningKey moved = std::move(key);
  CHECK(to_hex(moved.sign("tram log head", as_bytes("abc"))) == golden);
  CHECK(verify(moved.public_key(), "tram log head", as_bytes("abc"), array_of<64>(golden)));
}

TEST_CASE("signature: any altered bit of it, of the message or of the key is refused") {
  const SigningKey key = key_of(published[0].seed);
  const Bytes message = to_bytes(std::string_view("abc"));
  const Signature signature = key.sign("tram log head", message);
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Signature altered = signature;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK(!verify(key.public_key(), "tram log head", message, altered));
  }
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    Bytes altered = message;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK(!verify(key.public_key(), "tram log head", altered, signature));
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    PublicKey altered = key.public_key();
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK(!verify(altered, "tram log head", message, signature));
  }
}

TEST_CASE("signature: one domain's is not another's, and the border cannot be moved") {
  const SigningKey key = key_of(published[0].seed);
  const Signature signature = key.sign("tram log head", as_bytes("abc"));
  CHECK(!verify(key.public_key(), "tram feed head", as_bytes("abc"), signature));
  CHECK(!verify(key.public_key(), "tram log hea", as_bytes("dabc"), signature));
  CHECK(!verify(key.public_key(), "", as_bytes("tram log headabc"), signature));
  CHECK(!verify(key.public_key(), "tram log heada", as_bytes("bc"), signature));
  CHECK(
      !verify(key_of(published[1].seed).public_key(), "tram log head", as_bytes("abc"), signature));
}

TEST_CASE("signature: adding the group's order to S does not make a second signature") {
  // L = 2^252 + 27742317777372353535851937790883648493, little endian (RFC 8032 section 5.1).
  const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const SigningKey key = key_of(published[0].seed);
  Signature signature = key.sign("tram log head", as_bytes("abc"));
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const unsigned sum = signature[32 + i] + order[i] + carry;
    signature[32 + i] = static_cast<std::uint8_t>(sum & 0xffU);
    carry = sum >> 8U;
  }
  CHECK(!verify(key.public_key(), "tram log head", as_bytes("abc"), signature));
}

TEST_CASE("signature: an empty message is a message") {
  const SigningKey key = key_of(published[1].seed);
  CHECK(verify(key.public_key(), "tram log head", {}, key.sign("tram log head", {})));
  CHECK(!verify(key.public_key(), "tram log head", {}, Signature{}));
}

}  // namespace tram::sync
