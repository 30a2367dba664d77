// Goal: schema/ledger.md and the code cannot part: its worked example, limits and domains are the
// code's. Method: read the page and the sources as text, and compare with what the code computes.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "sync/limits.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/ledger/sample_entries.hpp"

namespace tram::sync {

namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  INFO(path.string());
  REQUIRE(in.good());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The text of one section of the page, without its heading.
std::string section(const std::string& heading) {
  const std::string page =
      read_text(std::filesystem::path(TRAM_SOURCE_DIR) / "schema" / "ledger.md");
  const std::size_t begin = page.find("\n## " + heading + "\n");
  INFO(heading);
  REQUIRE(begin != std::string::npos);
  const std::size_t end = page.find("\n## ", begin + 1);
  return page.substr(begin, end - begin);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The hexadecimal digits of the section's code block; what follows a # is for people.
std::string hex_block(const std::string& text) {
  std::string digits;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    if (line.rfind("```", 0) == 0) {
      if (inside) return digits;
      inside = true;
    } else if (inside) {
      digits += line.substr(0, line.find('#'));
    }
  }
  return digits;
}

const std::regex domain_literal("\"(tram [a-z0-9 ]+)\"");

std::set<std::string> domains_in(const std::string& text) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), domain_literal), end; at != end; ++at) {
    found.insert((*at)[1].str());
  }
  return found;
}

}  // namespace

TEST_CASE("ledger.md: the worked example is the entry that the code writes, byte by byte") {
  const std::string text = section("A worked example");
  const Bytes bytes = encode_entry(test::worked_example());
  CHECK(to_hex(test::hex(hex_block(text))) == to_hex(bytes));
  CHECK(decode_entry(test::hex(hex_block(text))).value() == test::worked_example());
  const Name name = name_of(bytes);
  CHECK(text.find("`" + to_hex(name) + "`") != std::string::npos);
  CHECK(text.find("`" + to_hex(record_of(test::worked_example(), name)->id) + "`") !=
        std::string::npos);
  CHECK(text.find(std::to_string(bytes.size()) + " bytes") != std::string::npos);
}

TEST_CASE("ledger.md: the limits are those of sync/limits.hpp") {
  const std::string text = section("Limits");
  const std::pair<const char*, std::size_t> known[] = {
      {"entry_bytes_max", limits::entry_bytes_max},
      {"changes_max", limits::changes_max},
      {"parents_max", limits::parents_max},
      {"value_bytes_max", limits::value_bytes_max},
      {"field_name_bytes_max", limits::field_name_bytes_max},
      {"element_key_bytes_max", limits::element_key_bytes_max},
      {"attributes_max", limits::attributes_max},
      {"status_word_bytes_max", limits::status_word_bytes_max},
      {"unit_bytes_max", limits::unit_bytes_max},
      {"reason_bytes_max", limits::reason_bytes_max},
      {"time_ms_max", limits::time_ms_max},
      {"branches_max", limits::branches_max}};
  for (const auto& [name, value] : known) {
    const std::string row = std::string("| `") + name + "` | " + std::to_string(value) + " |";
    INFO(row);
    CHECK(text.find(row) != std::string::npos);
  }
}

TEST_CASE(
    "ledger.md: every domain that the engine hashes, signs or authenticates under stands there") {
  std::set<std::string> in_code;
  const std::filesystem::path sources = std::filesystem::path(TRAM_SOURCE_DIR) / "sync";
  for (const auto& file : std::filesystem::recursive_directory_iterator(sources)) {
    if (file.path().extension() == ".cpp") in_code.merge(domains_in(read_text(file.path())));
  }
  CHECK(domains_in(section("Domains")) == in_code);
}

}  // namespace tram::sync
