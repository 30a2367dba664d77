// Goal: SHA-256 and HMAC-SHA-256 are the published ones, and domains keep hashes apart.
// Method: vectors of FIPS 180-4 (NIST examples) and RFC 4231; our own composition spelled out.
#include "sync/crypto/digest.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::hex;

std::string sha256_hex(std::string_view text) {
  return to_hex(sha256(as_bytes(text)));
}

struct MacCase {
  std::string key;
  std::string data;
  const char* mac;
};

}  // namespace

TEST_CASE("SHA-256: the published examples") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256: parts are hashed one after the other") {
  CHECK(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")}) == sha256(as_bytes("abc")));
  CHECK(sha256(std::initializer_list<ByteView>{}) == sha256(ByteView{}));
}

TEST_CASE("a domain is its word, a zero byte, and then the parts") {
  const std::string spelled("tram chain\0abc", 14);
  CHECK(sha256_of("tram chain", {as_bytes("a"), as_bytes("bc")}) == sha256(as_bytes(spelled)));
  CHECK(sha256_of("tram log", {as_bytes("abc")}) != sha256_of("tram chain", {as_bytes("abc")}));
  // Without the zero byte these two would be one.
  CHECK(sha256_of("tram log", {as_bytes(" head")}) != sha256_of("tram log head", {}));
}

TEST_CASE("HMAC-SHA-256: the cases of RFC 4231") {
  const MacCase cases[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(as_text(hex("0102030405060708090a0b0c0d0e0f10111213141516171819"))),
       std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"}};
  for (const MacCase& known : cases) {
    CHECK(to_hex(hmac_sha256(as_bytes(known.key), {as_bytes(known.data)})) == known.mac);
    const std::string_view data = known.data;
    CHECK(to_hex(hmac_sha256(as_bytes(known.key), {as_bytes(data.substr(0, 3)),
                                                   as_bytes(data.substr(3))})) == known.mac);
  }
}

TEST_CASE("HMAC-SHA-256: nothing under an empty key") {
  CHECK(to_hex(hmac_sha256({}, {})) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("equal_secret compares contents and sizes") {
  CHECK(equal_secret(hex("0102"), hex("0102")));
  CHECK(equal_secret({}, {}));
  CHECK(!equal_secret(hex("0102"), hex("0103")));
  CHECK(!equal_secret(hex("0102"), hex("010203")));
}

}  // namespace tram::sync
