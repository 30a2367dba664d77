// Goal: one text has one form, and a name is found however it is typed; bad bytes never get in.
// Method: the ways in which people and systems spell real names, each refusal, and random bytes.
#include "schema/fold.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

using namespace tram;
using namespace tram::schema;

namespace {

std::string folded(std::string_view name) {
  return fold_name(name, Blanks::kept);
}
std::string joined(std::string_view name) {
  return fold_name(name, Blanks::dropped);
}

sync::ErrorCode refusal(std::string_view text, std::size_t bytes_max = 100,
                        Lines lines = Lines::many) {
  const auto result = normal_text(text, bytes_max, lines);
  REQUIRE(!result);
  return result.error().code;
}

}  // namespace

TEST_CASE("composed and decomposed letters become the same bytes") {
  const std::string composed = "\u1EC7";           // ệ
  const std::string decomposed = "e\u0323\u0302";  // e, dot below, circumflex
  const std::string swapped = "e\u0302\u0323";
  CHECK(*to_nfc(composed) == composed);
  CHECK(*to_nfc(decomposed) == composed);
  CHECK(*to_nfc(swapped) == composed);
  CHECK(to_nfc("")->empty());
  CHECK(!to_nfc("\xC3"));
  CHECK(!to_nfc("\xED\xA0\x80"));
}

TEST_CASE("normal text keeps what was typed") {
  CHECK(*normal_text("  Đặng Thị Hường  ", 100, Lines::one) == "  Đặng Thị Hường  ");
  CHECK(*normal_text("a\tb\nc", 100, Lines::many) == "a\tb\nc");
  CHECK(*normal_text("a\r\nb\r\n", 100, Lines::many) == "a\nb\n");
  CHECK(normal_text("", 0, Lines::one)->empty());
  CHECK(normal_text(std::string(100, 'x'), 100, Lines::one)->size() == 100);
  // Decomposed, it is longer than the limit; composed, it is not.
  CHECK(normal_text("e\u0323\u0302", 3, Lines::one)->size() == 3);
}

TEST_CASE("normal text refuses what no page shows") {
  CHECK(refusal(std::string_view("a\0b", 3)) == sync::ErrorCode::malformed);
  CHECK(refusal("a\rb") == sync::ErrorCode::malformed);
  CHECK(refusal("a\x1B[31m") == sync::ErrorCode::malformed);
  CHECK(refusal("a\x7F") == sync::ErrorCode::malformed);
  CHECK(refusal("a\u0085z") == sync::ErrorCode::malformed);
  CHECK(refusal("a\nb", 100, Lines::one) == sync::ErrorCode::malformed);
  CHECK(refusal("a\tb", 100, Lines::one) == sync::ErrorCode::malformed);
  CHECK(refusal("\xFF\xFE") == sync::ErrorCode::malformed);
  CHECK(refusal(std::string(101, 'x')) == sync::ErrorCode::limit);
  CHECK(refusal(std::string(100'000, 'x')) == sync::ErrorCode::limit);
}

TEST_CASE("every spelling of B'Lao has one key") {
  for (const std::string_view name :
       {"B'Lao", "B’Lao", "B‘Lao", "BʼLao", "BLao", "B Lao", "b lao", "B-Lao", "B' Lao",
        "B\u2032Lao", "B`Lao", "B´Lao", "ƀlao", "Ƀ'LAO"}) {
    INFO(name);
    CHECK(joined(name) == "blao");
  }
  CHECK(folded("B'Lao") == "blao");
  CHECK(folded("B Lao") == "b lao");
}

TEST_CASE("a person is found with and without accents") {
  for (const std::string_view name : {"Đặng Thị Hường", "dang thi huong", "dang thi hường",
                                      "ĐẶNG THỊ HƯỜNG", "Ðặng Thị Hường", " Đặng  Thị\tHường "}) {
    INFO(name);
    CHECK(folded(name) == "dang thi huong");
    CHECK(joined(name) == "dangthihuong");
  }
  CHECK(folded("Hòa") == folded("Hoà"));
  CHECK(folded("Phú Thủy") == folded("Phú Thuỷ"));
  CHECK(joined("N' Thôn Hạ") == joined("N'Thôn Hạ"));
  CHECK(folded("K\u2019Ho") == "kho");
}

TEST_CASE("a key of nothing is nothing") {
  CHECK(folded("").empty());
  CHECK(folded("  ").empty());
  CHECK(folded("'-’").empty());
  CHECK(folded("\xFF").empty());
}

TEST_CASE("folding and normalising are stable on any bytes") {
  CHECK(rc::check([](const std::string& text) {
    const std::string once = fold_name(text, Blanks::kept);
    RC_ASSERT(fold_name(once, Blanks::kept) == once);
    const auto nfc = to_nfc(text);
    RC_ASSERT(nfc.has_value() == is_utf8(text));
    if (nfc) RC_ASSERT(*to_nfc(*nfc) == *nfc);
  }));
}
