// Goal: any file is read line by line in bounded memory, and no line is lost or shifted.
// Method: small limits; every text is also split by an obviously right twin.
#include "node/line_reader.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

using tram::node::LineReader;

namespace {

std::vector<LineReader::Line> lines_of(const std::string& text, std::size_t bytes_max) {
  std::istringstream in(text);
  LineReader reader(in, bytes_max);
  std::vector<LineReader::Line> out;
  while (auto line = reader.next()) out.push_back(std::move(*line));
  CHECK_FALSE(reader.next());
  return out;
}

std::vector<std::string> texts_of(const std::string& text, std::size_t bytes_max = 100) {
  std::vector<std::string> out;
  std::uint64_t number = 0;
  for (const LineReader::Line& line : lines_of(text, bytes_max)) {
    CHECK(line.number == ++number);
    out.push_back(line.too_long ? line.text + "…" : line.text);
  }
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("line ends of both kinds, and none at the end") {
  CHECK(texts_of("").empty());
  CHECK(texts_of("a") == Texts{"a"});
  CHECK(texts_of("a\n") == Texts{"a"});
  CHECK(texts_of("a\nb") == Texts{"a", "b"});
  CHECK(texts_of("a\r\nb\r\n") == Texts{"a", "b"});
  CHECK(texts_of("\n\n") == Texts{"", ""});
  CHECK(texts_of("\r\n\r") == Texts{"", ""});
  CHECK(texts_of("a\rb\n") == Texts{"a\rb"});
  CHECK(texts_of("a\r\r\n") == Texts{"a\r"});
}

TEST_CASE("zeros and bytes of all kinds pass") {
  const std::string zeros("a\0b\0\n\0", 6);
  CHECK(texts_of(zeros) == Texts{std::string("a\0b\0", 4), std::string("\0", 1)});
  CHECK(texts_of("\xff\xfe\n\x1a\n") == Texts{"\xff\xfe", "\x1a"});
}

TEST_CASE("a line at the limit is whole, one above it is cut and marked") {
  CHECK(texts_of("abcd\nx\n", 4) == Texts{"abcd", "x"});
  CHECK(texts_of("abcd\r\nx\n", 4) == Texts{"abcd", "x"});
  CHECK(texts_of("abcd", 4) == Texts{"abcd"});
  CHECK(texts_of("abcde\nx\n", 4) == Texts{"abcd…", "x"});
  CHECK(texts_of("abcd\rx\nx\n", 4) == Texts{"abcd…", "x"});
  CHECK(texts_of("abc\rx\nx\n", 4) == Texts{"abc\r…", "x"});
  CHECK(texts_of("abcdefghijkl", 4) == Texts{"abcd…"});
  const std::vector<LineReader::Line> lines = lines_of(std::string(1'000'000, 'x') + "\ny\n", 10);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text.capacity() < 100);
  CHECK(lines[1].number == 2);
}

TEST_CASE("the reader agrees with a plain split") {
  CHECK(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::element('a', '\n', '\r', '\0'));
    const auto max = *rc::gen::inRange<std::size_t>(1, 5);
    Texts wanted;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      wanted.push_back(line);
    }
    const std::vector<LineReader::Line> lines = lines_of(text, max);
    RC_ASSERT(lines.size() == wanted.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      RC_ASSERT(lines[i].too_long == (wanted[i].size() > max));
      RC_ASSERT(lines[i].text == wanted[i].substr(0, max));
    }
  }));
}
