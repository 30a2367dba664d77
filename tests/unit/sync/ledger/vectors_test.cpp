// Goal: the bytes of entries, names, chains, heads and ids are for ever those in schema/vectors/.
// Method: compute each value, compare with the files; TRAM_WRITE_VECTORS=1 writes the files anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sync/feed/head.hpp"
#include "sync/ledger/chain.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/ledger/sample_entries.hpp"

namespace tram::sync {

namespace {

using test::filled;
using test::sample_entries;
using test::sample_entry;

struct Vector {
  std::string name;
  std::string what;
  Bytes bytes;
};

constexpr const char* header =
    "# Golden bytes of the ledger (schema/ledger.md). A change in this file breaks every ledger "
    "ever\n"
    "# written: names, record ids, chains and signatures that exist would no longer fit. Lines may "
    "be\n"
    "# added. Written by test_sync when TRAM_WRITE_VECTORS=1 is set; read the difference well.\n";

std::filesystem::path path_of(const std::string& file) {
  return std::filesystem::path(TRAM_SOURCE_DIR) / "schema" / "vectors" / file;
}

void write_file(const std::string& file, const std::vector<Vector>& vectors) {
  std::ofstream out(path_of(file), std::ios::binary);
  out << header;
  for (const Vector& vector : vectors) {
    out << "\n# " << vector.what << "\n" << vector.name << " = " << to_hex(vector.bytes) << "\n";
  }
  REQUIRE(out.flush().good());
}

// name and hex of each line that is no comment.
std::vector<std::pair<std::string, std::string>> read_vectors(const std::string& file) {
  std::ifstream in(path_of(file), std::ios::binary);
  INFO(file);
  REQUIRE(in.good());
  std::vector<std::pair<std::string, std::string>> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t equals = line.find(" = ");
    REQUIRE(equals != std::string::npos);
    lines.emplace_back(line.substr(0, equals), line.substr(equals + 3));
  }
  return lines;
}

void check_file(const std::string& file, const std::vector<Vector>& vectors) {
  const char* const flag = std::getenv("TRAM_WRITE_VECTORS");
  if (flag != nullptr && std::string_view(flag) == "1") {
    write_file(file, vectors);
    WARN("wrote schema/vectors/" << file);
  }
  const auto lines = read_vectors(file);
  CHECK(lines.size() == vectors.size());
  for (std::size_t i = 0; i < std::min(lines.size(), vectors.size()); ++i) {
    INFO(file << ": " << vectors[i].name);
    CHECK(lines[i].first == vectors[i].name);
    CHECK(lines[i].second == to_hex(vectors[i].bytes));
  }
}

Name name_of_sample(std::string_view sample) {
  return name_of(encode_entry(sample_entry(sample)));
}

SigningKey key_from(std::uint8_t seed) {
  Result<SigningKey> key = SigningKey::from_seed(filled<32>(seed));
  REQUIRE(key.has_value());
  return *std::move(key);
}

}  // namespace

TEST_CASE("vectors: entries") {
  std::vector<Vector> entries;
  std::vector<Vector> names;
  for (const test::SampleEntry& sample : sample_entries()) {
    const Bytes bytes = encode_entry(sample.entry);
    entries.push_back({sample.name, sample.what, bytes});
    names.push_back({sample.name, sample.what, to_bytes(name_of(bytes))});
  }
  check_file("entries.txt", entries);
  check_file("names.txt", names);
}

TEST_CASE("vectors: the entries of the file decode to the samples") {
  const auto lines = read_vectors("entries.txt");
  for (const auto& [name, hex] : lines) {
    INFO(name);
    const Result<Entry> entry = decode_entry(test::hex(hex));
    REQUIRE(entry.has_value());
    CHECK(*entry == sample_entry(name));
  }
}

TEST_CASE("vectors: chain values of a log of three entries") {
  const LogId log = sample_entry("opening").place.log;
  std::vector<Vector> vectors{{"log", "the log's id", to_bytes(log)}};
  Digest chain = chain_start(log);
  vectors.push_back({"start", "before the first entry", to_bytes(chain)});
  for (const char* sample : {"opening", "create_self", "update"}) {
    chain = chain_next(chain, name_of_sample(sample));
    vectors.push_back(
        {std::string("after_") + sample, "after this entry of names.txt", to_bytes(chain)});
  }
  check_file("chain.txt", vectors);
}

TEST_CASE("vectors: signed heads") {
  const SigningKey device = key_from(0x41);
  const SignedLogHead log_head = sign_log_head(device, filled<16>(0x11), 300, filled<32>(0xcc));
  const SigningKey hub = key_from(0x51);
  SignedHead head;
  head.feed = "24796";
  head.epoch = filled<8>(0x61);
  head.base_size = 700;
  head.base_root = filled<32>(0x62);
  head.size = 905;
  head.root = filled<32>(0x63);
  head.hub_time = {1'751'331'480'000};
  Writer feed_head;
  write_head(feed_head, sign_head(hub, head));
  check_file(
      "heads.txt",
      {{"device_seed", "the device's Ed25519 seed", Bytes(32, 0x41)},
       {"device_key", "its public key", to_bytes(device.public_key())},
       {"log_head_signature", "over log 11…, 300 entries, chain cc…", to_bytes(log_head.signature)},
       {"hub_seed", "the hub's Ed25519 seed", Bytes(32, 0x51)},
       {"hub_key", "its public key", to_bytes(hub.public_key())},
       {"feed_head",
        "feed 24796, epoch 61…, base 700 and 62…, size 905, root 63…, signed by the hub",
        feed_head.take()}});
}

TEST_CASE("vectors: ids and event names") {
  const Entry& create = sample_entry("create_self");
  const Entry& imported = sample_entry("create_imported");
  check_file(
      "ids.txt",
      {{"record_created_self", "the record that create_self creates",
        to_bytes(record_of(create, name_of_sample("create_self"))->id)},
       {"record_imported", "unit 24796, dossier H36.49-250701-0002",
        to_bytes(imported_record_id("24796", "H36.49-250701-0002"))},
       {"record_imported_empty", "empty unit, empty code", to_bytes(imported_record_id("", ""))},
       {"event_imported", "the event that create_imported takes",
        to_bytes(*event_name(imported, name_of_sample("create_imported")))},
       {"event_update", "the event that update would be",
        to_bytes(*event_name(sample_entry("update"), name_of_sample("update")))}});
}

}  // namespace tram::sync
