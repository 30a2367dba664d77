// Golden bytes of the wire: files of `name = hex` lines, compared and, on request, written.
// TRAM_WRITE_VECTORS=1 writes them anew from what the code computes.
#include "tests/unit/sync/wire/vectors.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync::test {

namespace {

constexpr const char* header =
    "# Golden bytes of the wire (schema/wire.md), protocol 1. A change in this file parts "
    "versions\n"
    "# that are in use; another protocol version takes other files. Written by test_wire_session\n"
    "# when TRAM_WRITE_VECTORS=1 is set; read the difference well.\n";

std::string path_of(const std::string& file) {
  return "schema/vectors/" + file;
}

bool is_writing() {
  const char* const flag = std::getenv("TRAM_WRITE_VECTORS");
  return flag != nullptr && std::string(flag) == "1";
}

void write_file(const std::string& file, const std::vector<WireVector>& vectors) {
  std::ofstream out(std::string(TRAM_SOURCE_DIR) + "/" + path_of(file), std::ios::binary);
  out << header;
  for (const WireVector& vector : vectors) {
    out << "\n# " << vector.what << "\n" << vector.name << " = " << to_hex(vector.bytes) << "\n";
  }
  REQUIRE(out.flush().good());
}

std::vector<std::pair<std::string, std::string>> lines_of(const std::string& file) {
  std::istringstream in(project_text(path_of(file)));
  std::vector<std::pair<std::string, std::string>> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t equals = line.find(" = ");
    REQUIRE(equals != std::string::npos);
    lines.emplace_back(line.substr(0, equals), line.substr(equals + 3));
  }
  return lines;
}

}  // namespace

std::string project_text(const std::string& path) {
  std::ifstream in(std::string(TRAM_SOURCE_DIR) + "/" + path, std::ios::binary);
  INFO(path);
  REQUIRE(in.good());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void check_vectors(const std::string& file, const std::vector<WireVector>& vectors) {
  if (is_writing()) write_file(file, vectors);
  const auto lines = lines_of(file);
  REQUIRE(lines.size() == vectors.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    INFO(file << ": " << vectors[i].name);
    CHECK(lines[i].first == vectors[i].name);
    CHECK(lines[i].second == to_hex(vectors[i].bytes));
  }
}

Bytes vector_of(const std::string& file, const std::string& name) {
  for (const auto& [known, digits] : lines_of(file)) {
    if (known == name) return hex(digits);
  }
  FAIL("no vector " << name << " in " << file);
  return {};
}

}  // namespace tram::sync::test
