// Goal: the canonical bytes of each value type, and that decoders take nothing else.
// Method: known bytes both ways, and everything near them that is not canonical.
#include "sync/ledger/value.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "sync/limits.hpp"
#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::hex;

std::string hex_of(const Bytes& bytes) {
  return to_hex(bytes);
}

}  // namespace

TEST_CASE("value types and policies keep their numbers for ever") {
  CHECK(static_cast<int>(ValueType::text) == 1);
  CHECK(static_cast<int>(ValueType::token) == 2);
  CHECK(static_cast<int>(ValueType::digits) == 3);
  CHECK(static_cast<int>(ValueType::code) == 4);
  CHECK(static_cast<int>(ValueType::integer) == 5);
  CHECK(static_cast<int>(ValueType::boolean) == 6);
  CHECK(static_cast<int>(ValueType::date) == 7);
  CHECK(static_cast<int>(ValueType::instant) == 8);
  CHECK(static_cast<int>(ValueType::status) == 9);
  CHECK(static_cast<int>(ValueType::reference) == 10);
  CHECK(static_cast<int>(ValueType::bytes) == 11);
  CHECK(static_cast<int>(ValueType::json) == 12);
  CHECK(static_cast<int>(ValueType::element) == 13);
  CHECK(static_cast<int>(Policy::latest) == 1);
  CHECK(static_cast<int>(Policy::authority) == 2);
  CHECK(static_cast<int>(Policy::keyed_union) == 3);
  CHECK(static_cast<int>(Policy::workflow) == 4);
  CHECK(static_cast<int>(Policy::review) == 5);
}

TEST_CASE("value: integers, also as dates and instants") {
  CHECK(hex_of(encode_integer(0)) == "00");
  CHECK(hex_of(encode_integer(-1)) == "01");
  CHECK(hex_of(encode_integer(100'000)) == "c09a0c");
  CHECK(decode_integer(hex("c09a0c")) == 100'000);
  for (const char* broken : {"", "8000", "0000", "80", "ffffffffffffffffff02"}) {
    CHECK(!decode_integer(hex(broken)));
  }
  CHECK(rc::check("integers", [](std::int64_t value) {
    RC_ASSERT(decode_integer(encode_integer(value)) == value);
  }));
}

TEST_CASE("value: booleans") {
  CHECK(hex_of(encode_boolean(false)) == "00");
  CHECK(hex_of(encode_boolean(true)) == "01");
  CHECK(decode_boolean(hex("00")) == false);
  CHECK(decode_boolean(hex("01")) == true);
  for (const char* broken : {"", "02", "ff", "0000"}) CHECK(!decode_boolean(hex(broken)));
}

TEST_CASE("value: a status is its rank, its final flag and its word") {
  const StatusValue done{240, true, "da_tra"};
  CHECK(hex_of(encode_status(done)) == "f00164615f747261");
  CHECK(decode_status(encode_status(done)) == done);
  CHECK(decode_status(hex("0000")) == StatusValue{});
  const std::string longest(limits::status_word_bytes_max, 'w');
  CHECK(decode_status(encode_status({1, false, longest})));
  CHECK(!decode_status(encode_status({1, false, longest + "w"})));
  for (const char* broken : {"", "f0", "f002", "f0ff6161"}) CHECK(!decode_status(hex(broken)));
}

TEST_CASE("value: an element's attributes are in order, once each") {
  const std::vector<Attribute> attributes{{1, ValueType::integer, encode_integer(1)},
                                          {2, ValueType::boolean, encode_boolean(true)}};
  CHECK(hex_of(encode_element(attributes)) ==
        "02"
        "0105"
        "0102"
        "0206"
        "0101");
  CHECK(encode_element({attributes[1], attributes[0]}) == encode_element(attributes));
  CHECK(decode_element(encode_element(attributes)) == attributes);
  CHECK(decode_element(hex("00")).value().empty());
  CHECK(
      !decode_element(hex("02"
                          "02060101"
                          "01050102")));  // out of order
  CHECK(
      !decode_element(hex("02"
                          "01050102"
                          "01050102")));  // twice
  CHECK(!decode_element(hex("0100")));    // cut
  CHECK(!decode_element(hex("0000")));    // trailing
  CHECK(!decode_element(hex("")));
  CHECK(
      !decode_element(hex("01"
                          "ffffffff1f"
                          "0501"
                          "02")));  // number above 32 bits
}

TEST_CASE("value: an element has at most attributes_max attributes") {
  std::vector<Attribute> attributes;
  for (std::uint32_t i = 0; i < limits::attributes_max; ++i) {
    attributes.push_back({i, ValueType::text, {}});
  }
  CHECK(decode_element(encode_element(attributes)));
  attributes.push_back({1000, ValueType::text, {}});
  CHECK(!decode_element(encode_element(attributes)));
}

TEST_CASE("value: elements are canonical") {
  CHECK(rc::check("elements", [](const Bytes& bytes) {
    const Result<std::vector<Attribute>> attributes = decode_element(bytes);
    if (attributes) RC_ASSERT(encode_element(*attributes) == bytes);
  }));
}

}  // namespace tram::sync
