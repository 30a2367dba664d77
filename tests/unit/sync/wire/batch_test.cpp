// That a batch gives back the bytes that went in, and carries nothing that a reader can compute.
// Random runs over a shared history, then single rows whose size is counted.
#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "sync/limits.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/wire/generated_runs.hpp"

namespace tram::sync::test {

namespace {

const LogId log_a = filled<16>(0xaa);
const LogId log_b = filled<16>(0xbb);

/// A log's opening, a create, and so many updates of one token with one parent each.
std::vector<Row> rows_of_log(const LogId& log, std::size_t updates) {
  std::vector<Row> rows;
  Entry entry;
  entry.place.log = log;
  entry.time = {1'751'331'480'000};
  entry.capacity = Capacity::owner;
  entry.body = Opening{filled<32>(1), "24001", std::nullopt};
  rows.push_back(encode_entry(entry));
  Edit edit{Edit::Target::self, 1, {}, {}, {write(field_tag(8, Policy::review), "create")}};
  for (std::size_t i = 0; i <= updates; ++i) {
    ++entry.place.seq;
    entry.time.ms += 45'000;
    entry.body = edit;
    rows.push_back(encode_entry(entry));
    const Name name = name_of(std::get<Bytes>(rows.back()));
    if (i == 0) edit.id = record_of(entry, name)->id;
    edit.target = Edit::Target::existing;
    edit.parents = {name};
    edit.changes = {write(field_tag(17, Policy::latest, ValueType::token), "trinh_ky")};
  }
  return rows;
}

std::size_t size_of(const std::vector<EntryRun>& runs, const BatchEncoder& with) {
  return encode_batch(runs, with).size();
}

DecodedBatch must_decode(const Bytes& bytes, const BatchDecoder& with) {
  Result<DecodedBatch> batch = decode_batch(bytes, with);
  INFO((batch ? std::string() : batch.error().message));
  REQUIRE(batch.has_value());
  return *batch;
}

}  // namespace

TEST_CASE("Every batch comes back as it was", "[wire][batch]") {
  CHECK(rc::check("round trip over a shared history", [] {
    const GeneratedBatch batch = *any_batch();
    const Bytes bytes = encode_batch(batch.runs, batch.shared.encoder());
    const Result<DecodedBatch> decoded = decode_batch(bytes, batch.shared.decoder());
    RC_ASSERT(decoded.has_value());
    RC_ASSERT_FALSE(decoded->unresolved);
    RC_ASSERT(decoded->runs == batch.runs);
  }));
}

TEST_CASE("A plain batch is read without any history", "[wire][batch]") {
  CHECK(rc::check("round trip in plain form", [] {
    const GeneratedBatch batch = *any_batch();
    const Bytes bytes = encode_batch(batch.runs, plain_encoder());
    const SharedHistory nothing;
    const Result<DecodedBatch> decoded = decode_batch(bytes, nothing.decoder());
    RC_ASSERT(decoded.has_value());
    RC_ASSERT_FALSE(decoded->unresolved);
    RC_ASSERT(decoded->runs == batch.runs);
  }));
}

TEST_CASE("A reader that lacks the history stops before the first row that needs it",
          "[wire][batch]") {
  CHECK(rc::check("unresolved, never wrong", [] {
    const GeneratedBatch batch = *any_batch();
    const Bytes bytes = encode_batch(batch.runs, batch.shared.encoder());
    const SharedHistory nothing;
    const Result<DecodedBatch> decoded = decode_batch(bytes, nothing.decoder());
    RC_ASSERT(decoded.has_value());
    if (!decoded->unresolved) RC_ASSERT(decoded->runs == batch.runs);
    RC_ASSERT(decoded->runs.size() <= batch.runs.size());
    for (std::size_t i = 0; i < decoded->runs.size(); ++i) {
      const std::vector<Row>& got = decoded->runs[i].rows;
      RC_ASSERT(got.size() <= batch.runs[i].rows.size());
      RC_ASSERT(std::equal(got.begin(), got.end(), batch.runs[i].rows.begin()));
    }
  }));
}

TEST_CASE("What can be computed is not sent", "[wire][batch]") {
  const std::size_t few = size_of({{log_a, 0, rows_of_log(log_a, 10)}}, plain_encoder());
  const std::size_t more = size_of({{log_a, 0, rows_of_log(log_a, 110)}}, plain_encoder());
  // Of an update: form, flags, time, kind, "of the parent", one parent, one change of 8 letters.
  CHECK((more - few) % 100 == 0);
  CHECK((more - few) / 100 == 24);
  CHECK(std::get<Bytes>(rows_of_log(log_a, 10).back()).size() == 90);
  CHECK(size_of({{log_a, 5, {HeldRows{10'000}}}}, plain_encoder()) == 25);
  CHECK(size_of({}, plain_encoder()) == 3);
}

TEST_CASE("An imported dossier's id is derived from the log's unit and the code", "[wire][batch]") {
  std::vector<Row> rows = rows_of_log(log_a, 0);
  Entry entry = *decode_entry(std::get<Bytes>(rows.back()));
  Edit edit{Edit::Target::created_as,
            1,
            imported_record_id("24001", "H36.49-250701-0001"),
            {},
            {write(field_tag(1, Policy::latest, ValueType::code), "H36.49-250701-0001")}};
  ++entry.place.seq;
  entry.body = edit;
  rows.emplace_back(encode_entry(entry));
  const std::size_t derived = size_of({{log_a, 0, rows}}, plain_encoder());
  edit.id[0] ^= 1U;
  entry.body = edit;
  rows.back() = encode_entry(entry);
  CHECK(size_of({{log_a, 0, rows}}, plain_encoder()) == derived + 16);
}

TEST_CASE("A place that means two entries is never used", "[wire][batch]") {
  // Two branches of one log in a batch, and children of both: names are sent in full.
  const std::vector<Row> trunk = rows_of_log(log_a, 1);
  Entry entry = *decode_entry(std::get<Bytes>(trunk.back()));
  std::vector<Row> branches[2];
  std::vector<Name> tips;
  for (std::size_t i = 0; i < 2; ++i) {
    entry.time.ms += 1;
    branches[i] = {encode_entry(entry)};
    tips.push_back(name_of(std::get<Bytes>(branches[i].front())));
  }
  Entry child = entry;
  child.place = {log_b, 7};
  auto& edit = std::get<Edit>(child.body);
  edit.parents = {std::min(tips[0], tips[1]), std::max(tips[0], tips[1])};
  const std::vector<EntryRun> runs = {{log_a, 0, {trunk.begin(), trunk.end() - 1}},
                                      {log_a, 2, branches[0]},
                                      {log_a, 2, branches[1]},
                                      {log_b, 7, {encode_entry(child)}}};
  const SharedHistory nothing;
  const DecodedBatch decoded = must_decode(encode_batch(runs, plain_encoder()), nothing.decoder());
  CHECK_FALSE(decoded.unresolved);
  CHECK(decoded.runs == runs);
}

TEST_CASE("A parent that the receiver holds elsewhere in the batch is named in full",
          "[wire][batch]") {
  // The receiver holds P at (a, 1); the batch brings a twin of it at the same place, first.
  const std::vector<Row> rows = rows_of_log(log_a, 1);
  SharedHistory shared;
  const Bytes& parent = std::get<Bytes>(rows[1]);
  shared.at[{log_a, 1}] = name_of(parent);
  shared.place_of[name_of(parent)] = {log_a, 1};
  shared.records[name_of(parent)] = {
      1, std::get<Edit>(decode_entry(std::get<Bytes>(rows[2]))->body).id};
  for (const bool decodable : {true, false}) {
    Entry twin = *decode_entry(parent);
    twin.time.ms += 1;
    const Bytes other = decodable ? encode_entry(twin) : Bytes{7, 7};
    const std::vector<EntryRun> runs = {{log_a, 1, {other, rows[2]}}};
    const DecodedBatch decoded =
        must_decode(encode_batch(runs, shared.encoder()), shared.decoder());
    CHECK_FALSE(decoded.unresolved);
    CHECK(decoded.runs == runs);
  }
}

TEST_CASE("Batches that no encoder writes are refused", "[wire][batch]") {
  const SharedHistory nothing;
  const auto refused = [&](std::string_view text) {
    const Result<DecodedBatch> batch = decode_batch(hex(text), nothing.decoder());
    REQUIRE_FALSE(batch);
    CHECK(batch.error().code == ErrorCode::malformed);
    return batch.error().message;
  };
  const std::string log(32, 'a');
  CHECK(refused("") == "batch: the bytes end too early (byte 0)");
  CHECK(refused("02 00 00") == "batch: unknown layout (byte 1)");
  CHECK(refused("01 00 00 00") == "batch: trailing bytes");
  CHECK(refused("01 02" + log + log + "00") == "batch: a log twice (byte 34)");
  CHECK(refused("01 00 01 00 00 01 03 05") == "batch: a run of no log (byte 4)");
  CHECK(refused("01 01" + log + "01 00 00 00 00 00").find("an empty run") != std::string::npos);
  CHECK(refused("01 01" + log + "01 01 00 01 03 05").find("limit") != std::string::npos);
  CHECK(refused("01 01" + log + "01 00 00 01 03 00").find("of nothing") != std::string::npos);
  CHECK(refused("01 01" + log + "01 00 00 01 04 00").find("kind of row") != std::string::npos);
  CHECK(refused("01 01" + log + "01 80 00 00 01 03 05").find("shortest") != std::string::npos);
}

TEST_CASE("Rows that no encoder writes are refused", "[wire][batch]") {
  const SharedHistory nothing;
  // One run of log aa… from seq 1, one row of an edit: form 2, flags, time, kind 1, then …
  const auto refused = [&](std::string_view rest, std::string_view why) {
    const Bytes bytes =
        hex("01 01" + std::string(32, 'a') + "01 00 01 01 00 02" + std::string(rest));
    const Result<DecodedBatch> batch = decode_batch(bytes, nothing.decoder());
    REQUIRE_FALSE(batch);
    CHECK(batch.error().code == ErrorCode::malformed);
    INFO(batch.error().message);
    CHECK(batch.error().message.find(why) != std::string::npos);
  };
  const std::string change = "01 11 01 01 01 41";  // one change: field 17, text, latest, "A"
  refused("10 00 01 01 00" + change, "unknown flags");
  refused("06 00 01 01 00" + change, "unknown flags");
  refused("00 01 01 01 00" + change, "a time out of range");
  refused("00 00 01 05 00" + change, "unknown record mode");
  refused("00 00 01 03 00" + change, "a record of no parent");
  refused("00 00 01 04 00" + change, "a derived id without a code");
  refused("00 00 01 01 01 01 00" + change, "a parent that is not earlier");
  refused("00 00 01 01 01 01 02" + change, "a parent that is not earlier");
  refused("00 00 01 01 01 03 00" + change, "a parent in an unknown log");
  refused("00 00 01 01 21", "above its limit");
  refused("00 00 01 01 02 00" + std::string(64, '5') + "00" + std::string(64, '5') + change,
          "parents are out of order");
  refused("00 00 01 01 00 00", "an edit changes nothing");
}

TEST_CASE("A few bytes never become many entries", "[wire][batch]") {
  const SharedHistory nothing;
  const auto runs_of_held = [](std::size_t runs, std::uint64_t count) {
    return encode_batch(std::vector<EntryRun>(runs, {log_a, 0, {HeldRows{count}}}),
                        plain_encoder());
  };
  CHECK(decode_batch(runs_of_held(1, limits::frame_entries_max), nothing.decoder()));
  CHECK_FALSE(decode_batch(runs_of_held(1, limits::frame_entries_max + 1), nothing.decoder()));
  CHECK_FALSE(decode_batch(runs_of_held(5, limits::frame_entries_max / 4), nothing.decoder()));
  CHECK_FALSE(decode_batch(runs_of_held(limits::frame_runs_max + 1, 1), nothing.decoder()));
}

TEST_CASE("More logs of parents than a batch names: the rest go by name", "[wire][batch]") {
  SharedHistory shared;
  Entry entry = *decode_entry(std::get<Bytes>(rows_of_log(log_a, 0).back()));
  EntryRun run{log_a, 0, {}};
  auto& edit = std::get<Edit>(entry.body);
  for (std::uint64_t i = 0; i < 160; ++i) {
    edit.parents.clear();
    for (std::uint64_t j = 0; j < limits::parents_max; ++j) {
      Name name = sha256(encode_integer(static_cast<std::int64_t>(i * 100 + j)));
      LogId log{};
      std::copy_n(name.begin(), log.size(), log.begin());
      shared.at[{log, 5}] = name;
      shared.place_of[name] = {log, 5};
      edit.parents.push_back(name);
    }
    std::sort(edit.parents.begin(), edit.parents.end());
    entry.place.seq = i;
    run.rows.emplace_back(encode_entry(entry));
  }
  const DecodedBatch decoded = must_decode(encode_batch({run}, shared.encoder()), shared.decoder());
  CHECK(decoded.runs == std::vector<EntryRun>{run});
}

}  // namespace tram::sync::test
