// Goal: an entry has one encoding, and only that encoding decodes.
// Method: random and fixed entries, each truncated everywhere and with every bit flipped once.
#include "sync/ledger/entry.hpp"

#include <catch2/catch.hpp>

#include "sync/limits.hpp"
#include "tests/support/entry_generator.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/ledger/sample_entries.hpp"

namespace tram::sync {

namespace {

// Nothing if all is well; else which cut was taken for an entry.
std::optional<std::size_t> accepted_cut(const Bytes& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (decode_entry(ByteView(bytes).first(size))) return size;
  }
  return std::nullopt;
}

// Nothing if every flip is refused or is another entry's one encoding; else the bit.
std::optional<std::size_t> loose_bit(const Bytes& bytes, const Entry& entry) {
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const Result<Entry> other = decode_entry(flipped);
    if (other && (*other == entry || encode_entry(*other) != flipped)) return bit;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("entry: samples round-trip; every cut and every flipped bit is seen") {
  for (const test::SampleEntry& sample : test::sample_entries()) {
    INFO(sample.name);
    const Bytes bytes = encode_entry(sample.entry);
    const Result<Entry> back = decode_entry(bytes);
    REQUIRE(back.has_value());
    CHECK(*back == sample.entry);
    CHECK(accepted_cut(bytes) == std::nullopt);
    CHECK(loose_bit(bytes, sample.entry) == std::nullopt);
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK(!decode_entry(longer));
  }
}

TEST_CASE("entry: random entries round-trip; every cut and every flipped bit is seen") {
  CHECK(rc::check("round trip", [] {
    const Entry entry = *test::any_entry();
    const Bytes bytes = encode_entry(entry);
    const Result<Entry> back = decode_entry(bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == entry);
    RC_ASSERT(accepted_cut(bytes) == std::nullopt);
    RC_ASSERT(loose_bit(bytes, entry) == std::nullopt);
  }));
}

TEST_CASE("entry: random bytes are refused, or are some entry's one encoding") {
  CHECK(rc::check("noise", [] {
    Bytes bytes = *test::any_bytes(80);
    if (bytes.size() > 20) {
      bytes[0] = 1;  // the format, a form and a small place: noise that gets further
      bytes[1] = *rc::gen::inRange<std::uint8_t>(1, 5);
      bytes[18] &= 0x7fU;
    }
    const Result<Entry> entry = decode_entry(bytes);
    if (entry) RC_ASSERT(encode_entry(*entry) == bytes);
  }));
}

TEST_CASE("entry: its name is the hash of its bytes, and the record it creates is named after it") {
  const Entry& create = test::sample_entry("create_self");
  const Bytes bytes = encode_entry(create);
  const Name name = name_of(bytes);
  CHECK(name == sha256(bytes));
  const std::optional<RecordRef> record = record_of(create, name);
  REQUIRE(record.has_value());
  CHECK(record->kind == 1);
  CHECK(to_hex(record->id) == to_hex(ByteView(name).first(16)));
}

TEST_CASE("M1: two entries in one place are two names, and two created records") {
  Entry first = test::sample_entry("create_self");
  Entry second = first;
  ++second.time.ms;
  const Name first_name = name_of(encode_entry(first));
  const Name second_name = name_of(encode_entry(second));
  CHECK(first.place == second.place);
  CHECK(first_name != second_name);
  CHECK(record_of(first, first_name)->id != record_of(second, second_name)->id);
}

TEST_CASE("entry: which record it is about") {
  const Name any = test::filled<32>(0x77);
  const auto about = [&](const char* sample) { return record_of(test::sample_entry(sample), any); };
  CHECK(about("opening") == std::nullopt);
  CHECK(about("verdict") == std::nullopt);
  CHECK(about("update") == about("erase"));
  CHECK(about("create_imported")->id == imported_record_id("24796", "H36.49-250701-0002"));
  // Records of different kinds never meet, even with one id.
  CHECK(RecordRef{1, test::filled<16>(1)} != RecordRef{2, test::filled<16>(1)});
}

TEST_CASE("in_canonical_order: sorts by field and element, refuses a double") {
  const FieldTag one = test::field_tag(1, Policy::review);
  const FieldTag two = test::field_tag(2, Policy::latest);
  const FieldTag papers = test::field_tag(3, Policy::keyed_union);
  const FieldTag named{0, "abc", ValueType::json, Policy::review};
  const FieldTag other_policy = test::field_tag(1, Policy::workflow);
  const Change paper_a{papers, "a", false, encode_text("x")};
  const Change paper_b{papers, "b", false, encode_text("x")};
  const std::vector<Change> ordered{test::write(named, "n"),
                                    test::write(other_policy, "o"),
                                    test::write(one, "1"),
                                    test::write(two, "2"),
                                    paper_a,
                                    paper_b};
  std::vector<Change> shuffled{ordered[5], ordered[3], ordered[0],
                               ordered[4], ordered[2], ordered[1]};
  CHECK(in_canonical_order(shuffled).value() == ordered);
  shuffled.push_back(test::decide(test::write(two, "another value")));
  const Result<std::vector<Change>> doubled = in_canonical_order(shuffled);
  REQUIRE(!doubled);
  CHECK(doubled.error().code == ErrorCode::malformed);
}

TEST_CASE("M16: an imported dossier's id depends on the unit and the code, and on nothing else") {
  const RecordId id = imported_record_id("24796", "H36.49-250701-0001");
  CHECK(id == imported_record_id(std::string("24796"), std::string("H36.49-250701-0001")));
  CHECK(id != imported_record_id("24799", "H36.49-250701-0001"));
  CHECK(id != imported_record_id("24796", "H36.49-250701-0002"));
  // The border between the two cannot be moved.
  CHECK(imported_record_id("2479", "6H36") != imported_record_id("24796", "H36"));
  CHECK(imported_record_id("", "24796") != imported_record_id("24796", ""));
}

TEST_CASE("M16: an event's name depends on record, time and changes, and on nothing else") {
  const Entry entry = test::sample_entry("create_imported");
  const Name name = name_of(encode_entry(entry));
  const std::optional<Digest> event = event_name(entry, name);
  REQUIRE(event.has_value());

  Entry elsewhere = entry;  // the same event, imported at another device, at another place
  elsewhere.place = {test::filled<16>(0x12), 77};
  elsewhere.time_trusted = false;
  elsewhere.capacity = Capacity::other;
  elsewhere.actor = test::filled<16>(9);
  auto& edit = std::get<Edit>(elsewhere.body);
  edit.parents = {test::filled<32>(5)};
  edit.target = Edit::Target::existing;  // there the record was known
  CHECK(event_name(elsewhere, name_of(encode_entry(elsewhere))) == event);

  const auto differs = [&](const std::function<void(Entry&)>& alter) {
    Entry other = entry;
    alter(other);
    return event_name(other, name_of(encode_entry(other))) != event;
  };
  CHECK(differs([](Entry& e) { ++e.time.ms; }));
  CHECK(differs([](Entry& e) { std::get<Edit>(e.body).id[0] ^= 1U; }));
  CHECK(differs([](Entry& e) { ++std::get<Edit>(e.body).kind; }));
  CHECK(differs([](Entry& e) { std::get<Edit>(e.body).changes.pop_back(); }));
  CHECK(differs([](Entry& e) { std::get<Edit>(e.body).changes[0].value->push_back('x'); }));
  CHECK(event_name(test::sample_entry("opening"), name) == std::nullopt);
  CHECK(event_name(test::sample_entry("verdict"), name) == std::nullopt);
  CHECK(event_name(test::sample_entry("erase"), name) == std::nullopt);
}

}  // namespace tram::sync
