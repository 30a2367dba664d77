// Goal: every rejection of Reader, and that what Writer writes is what Reader reads.
// Method: tables of broken bytes, one a rule; rapidcheck for round trips (replay:
// RC_PARAMS="seed=N").
#include "sync/core/codec.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::hex;

struct NumberCase {
  std::uint64_t value;
  const char* bytes;
};

constexpr NumberCase numbers[] = {{0, "00"},
                                  {1, "01"},
                                  {127, "7f"},
                                  {128, "8001"},
                                  {300, "ac02"},
                                  {16383, "ff7f"},
                                  {16384, "808001"},
                                  {UINT32_MAX, "ffffffff0f"},
                                  {std::uint64_t{1} << 63U, "80808080808080808001"},
                                  {UINT64_MAX, "ffffffffffffffffff01"}};

std::string why_not(const Reader& in) {
  const Status done = in.finish("thing");
  return done ? std::string("accepted") : done.error().message;
}

// The message that reading these bytes as one number ends in.
std::string number_error(std::string_view bytes, std::uint64_t max = UINT64_MAX) {
  const Bytes input = hex(bytes);
  Reader in(input);
  const std::uint64_t value = in.varint(max);
  CHECK((!in.failed() || value == 0));
  return why_not(in);
}

}  // namespace

TEST_CASE("varint: known numbers, both ways") {
  for (const NumberCase& known : numbers) {
    Writer out;
    out.varint(known.value);
    CHECK(to_hex(out.view()) == known.bytes);
    const Bytes input = hex(known.bytes);
    Reader in(input);
    CHECK(in.varint() == known.value);
    CHECK(in.finish("number"));
  }
}

TEST_CASE("varint: refuses all but the shortest form") {
  const char* const shortest = "thing: a number is not in its shortest form";
  CHECK_THAT(number_error("8000"), Catch::StartsWith(shortest));
  CHECK_THAT(number_error("ff00"), Catch::StartsWith(shortest));
  CHECK_THAT(number_error("80808000"), Catch::StartsWith(shortest));
  CHECK_THAT(number_error("80808080808080808000"), Catch::StartsWith(shortest));
}

TEST_CASE("varint: refuses what does not fit in 64 bits") {
  const char* const overflow = "thing: a number does not fit in 64 bits";
  CHECK_THAT(number_error("ffffffffffffffffff02"), Catch::StartsWith(overflow));
  CHECK_THAT(number_error("80808080808080808080"), Catch::StartsWith(overflow));
  CHECK_THAT(number_error("ffffffffffffffffff7f"), Catch::StartsWith(overflow));
  CHECK_THAT(number_error("8080808080808080808001"), Catch::StartsWith(overflow));
}

TEST_CASE("varint: refuses what is above its limit, and accepts the limit itself") {
  CHECK(number_error("7f", 127) == "accepted");
  CHECK_THAT(number_error("8001", 127), Catch::StartsWith("thing: a number is above its limit"));
  CHECK_THAT(number_error("8080808010", UINT32_MAX),
             Catch::StartsWith("thing: a number is above its limit"));
}

TEST_CASE("varint: refuses bytes that end early") {
  for (const char* bytes : {"", "80", "ffffff", "ffffffffffffffffff"}) {
    CHECK_THAT(number_error(bytes), Catch::StartsWith("thing: the bytes end too early"));
  }
}

TEST_CASE("zigzag: small magnitudes stay short, the extremes survive") {
  const std::pair<std::int64_t, const char*> known[] = {{0, "00"},
                                                        {-1, "01"},
                                                        {1, "02"},
                                                        {-64, "7f"},
                                                        {64, "8001"},
                                                        {INT64_MAX, "feffffffffffffffff01"},
                                                        {INT64_MIN, "ffffffffffffffffff01"}};
  for (const auto& [value, bytes] : known) {
    Writer out;
    out.zigzag(value);
    CHECK(to_hex(out.view()) == bytes);
    Reader in(out.view());
    CHECK(in.zigzag() == value);
    CHECK(in.finish("number"));
  }
}

TEST_CASE("bytes: refuses a length above its limit or beyond the end") {
  const Bytes input = hex("03616263");
  Reader fits(input);
  CHECK(fits.string(3) == "abc");
  CHECK(fits.finish("thing"));

  Reader limited(input);
  CHECK(limited.bytes(2).empty());
  CHECK_THAT(why_not(limited), Catch::StartsWith("thing: a length is above its limit"));

  const Bytes cut = hex("046162");
  Reader early(cut);
  CHECK(early.bytes(100).empty());
  CHECK_THAT(why_not(early), Catch::StartsWith("thing: the bytes end too early"));

  const Bytes huge = hex("ffffffffffffffffff01");
  Reader vast(huge);
  CHECK(vast.bytes(SIZE_MAX).empty());
  CHECK_THAT(why_not(vast), Catch::StartsWith("thing: the bytes end too early"));
}

TEST_CASE("raw and array: all or nothing") {
  const Bytes input = hex("010203");
  Reader in(input);
  CHECK(in.raw(4).empty());
  CHECK(in.left() == 3);
  Reader other(input);
  CHECK(other.array<4>() == ByteArray<4>{});
  CHECK(other.failed());
  Reader third(input);
  CHECK(third.array<3>() == ByteArray<3>{1, 2, 3});
  CHECK(third.finish("thing"));
}

TEST_CASE("count: never more elements than the bytes left can hold") {
  const Bytes input = hex("0301020304050607");  // three elements, seven bytes
  Reader fits(input);
  CHECK(fits.count(3, 2) == 3);
  Reader too_many(input);
  CHECK(too_many.count(2, 2) == 0);
  CHECK_THAT(why_not(too_many), Catch::StartsWith("thing: a count is above its limit"));
  Reader too_wide(input);
  CHECK(too_wide.count(3, 3) == 0);
  CHECK_THAT(why_not(too_wide),
             Catch::StartsWith("thing: a count is larger than the bytes that follow"));
  const Bytes huge = hex("ffffffffffffffffff0100");
  Reader vast(huge);
  CHECK(vast.count(SIZE_MAX, 2) == 0);
  CHECK(vast.failed());
  Reader unsized(input);
  CHECK(unsized.count(3, 0) == 3);
}

TEST_CASE("finish: refuses what is left over") {
  const Bytes input = hex("0102");
  Reader in(input);
  CHECK(in.u8() == 1);
  CHECK(why_not(in) == "thing: trailing bytes");
  CHECK(in.finish("thing").error().code == ErrorCode::malformed);
  CHECK(in.u8() == 2);
  CHECK(why_not(in) == "accepted");
}

TEST_CASE("a reader that failed stays failed, and keeps its first reason and place") {
  const Bytes input = hex("018000aabbccdd");
  Reader in(input);
  CHECK(in.u8() == 1);
  CHECK(in.varint() == 0);
  CHECK(in.u8() == 0);
  CHECK(in.varint() == 0);
  CHECK(in.zigzag() == 0);
  CHECK(in.raw(1).empty());
  CHECK(in.bytes(10).empty());
  CHECK(in.string(10).empty());
  CHECK(in.array<2>() == ByteArray<2>{});
  CHECK(in.count(10, 1) == 0);
  in.refuse("something else");
  CHECK(why_not(in) == "thing: a number is not in its shortest form (byte 3)");
}

TEST_CASE("refuse: the caller's reason makes well-formed bytes malformed") {
  const Bytes input = hex("01");
  Reader in(input);
  CHECK(in.u8() == 1);
  in.refuse("it is odd");
  CHECK(why_not(in) == "thing: it is odd (byte 1)");
}

TEST_CASE("random values round-trip, and a varint's bytes are the only ones for it") {
  CHECK(rc::check("round trip", [](std::uint64_t number, std::int64_t whole, const Bytes& run,
                                   const std::string& text, std::uint8_t byte) {
    Writer out;
    out.varint(number);
    out.zigzag(whole);
    out.bytes(run);
    out.string(text);
    out.u8(byte);
    Reader in(out.view());
    RC_ASSERT(in.varint() == number);
    RC_ASSERT(in.zigzag() == whole);
    RC_ASSERT(to_bytes(in.bytes(run.size())) == run);
    RC_ASSERT(in.string(text.size()) == text);
    RC_ASSERT(in.u8() == byte);
    RC_ASSERT(in.finish("all").has_value());
  }));
  CHECK(rc::check("canonical", [](const Bytes& bytes) {
    Reader in(bytes);
    const std::uint64_t value = in.varint();
    if (in.failed()) return;
    Writer out;
    out.varint(value);
    RC_ASSERT(to_hex(out.view()) == to_hex(ByteView(bytes).first(in.position())));
  }));
}

TEST_CASE("hex: both cases in, lower case out; odd lengths and other characters refused") {
  CHECK(to_hex(hex("00ffA5")) == "00ffa5");
  CHECK(hex("").empty());
  for (const char* broken : {"0", "abc", "0g", "g0", " 0", "0x", "\xc3\xa0"}) {
    const Result<Bytes> result = from_hex(broken);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::malformed);
  }
  CHECK(!to_array<4>(hex("0102")));
  CHECK(to_array<2>(hex("0102")) == ByteArray<2>{1, 2});
}

TEST_CASE("every error code has a word of its own") {
  std::set<std::string_view> words;
  for (int code = 0; code <= static_cast<int>(ErrorCode::failed); ++code) {
    words.insert(to_word(static_cast<ErrorCode>(code)));
  }
  CHECK(words.size() == static_cast<std::size_t>(ErrorCode::failed) + 1);
  const Error inner{ErrorCode::io, "disk full"};
  CHECK(fail(inner, "save").value().message == "save: disk full");
  CHECK(fail(inner, "save").value().code == ErrorCode::io);
}

}  // namespace tram::sync
