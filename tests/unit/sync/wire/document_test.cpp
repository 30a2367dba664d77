// That schema/wire.md and the code cannot part: its worked example, limits and versions are ours.
// The page is read as text, and compared with what the code computes.
#include <catch2/catch.hpp>

#include <sstream>

#include "sync/limits.hpp"
#include "sync/wire/batch.hpp"
#include "sync/wire/frame.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/wire/sample_messages.hpp"
#include "tests/unit/sync/wire/vectors.hpp"

namespace tram::sync::test {

namespace {

std::string page() {
  return project_text("schema/wire.md");
}

/// The digits of the code block under "A worked example"; what follows a # is for people.
std::string worked_digits() {
  std::istringstream in(page());
  std::string digits;
  std::string line;
  while (std::getline(in, line) && line != "## A worked example") continue;
  while (std::getline(in, line) && line != "```") continue;
  while (std::getline(in, line) && line != "```") digits += line.substr(0, line.find('#'));
  return digits;
}

}  // namespace

TEST_CASE("wire.md: the worked example is the request that the code writes", "[wire][document]") {
  const Bytes bytes = hex(worked_digits());
  CHECK(to_hex(bytes) == to_hex(encode_message(documented_request())));
  CHECK(*decode_request(bytes) == documented_request());
  CHECK(page().find(std::to_string(bytes.size()) + " bytes.") != std::string::npos);
  const Bytes& offers = documented_request().offers;
  CHECK(page().find("a batch of " + std::to_string(offers.size()) + " bytes") != std::string::npos);
}

TEST_CASE("wire.md: the limits are those of the code", "[wire][document]") {
  const std::string text = page();
  const std::pair<const char*, std::size_t> known[] = {
      {"frame_bytes_max", limits::frame_bytes_max},
      {"frame_packed_bytes_max", limits::frame_packed_bytes_max},
      {"frame_entries_max", limits::frame_entries_max},
      {"frame_runs_max", limits::frame_runs_max},
      {"frame_names_max", limits::frame_names_max},
      {"proof_hashes_max", limits::proof_hashes_max},
      {"feeds_max", limits::feeds_max},
      {"roots_max", limits::roots_max},
      {"hello_visits_max", limits::hello_visits_max},
      {"returns_max", returns_max},
      {"entry_bytes_max", limits::entry_bytes_max}};
  for (const auto& [name, value] : known) {
    const std::string row = std::string("| `") + name + "` | " + std::to_string(value) + " |";
    INFO(row);
    CHECK(text.find(row) != std::string::npos);
  }
}

TEST_CASE("wire.md: the versions are those of the code", "[wire][document]") {
  const Bytes frame = pack_frame(FrameKind::request, Bytes{});
  const Bytes batch = encode_batch({}, plain_encoder());
  const std::string said = "**Protocol " + std::to_string(Versions{}.protocol_max) +
                           ", batch layout " + std::to_string(batch[0]) + ", frame version " +
                           std::to_string(frame[2]) + ".**";
  CHECK(page().find(said) != std::string::npos);
}

}  // namespace tram::sync::test
