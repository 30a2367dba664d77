// Goal: every rule of an entry's grammar is enforced by the decoder, with the reason that fits.
// Method: entries written by hand, byte by byte, right but for one thing.
#include <catch2/catch.hpp>

#include "sync/core/codec.hpp"
#include "sync/ledger/entry.hpp"
#include "sync/limits.hpp"
#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::hex;

// The head of an entry of log 0x11…, seq 7, time 5; its flags and its body follow.
Bytes entry_bytes(std::string_view form, std::string_view flags, std::string_view body) {
  std::string text = "01";
  text += form;
  text += std::string(32, '1');
  text += "0705";
  text += flags;
  text += body;
  return hex(text);
}

std::string repeated(std::string_view hex_byte, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += hex_byte;
  return out;
}

// An edit by hand: kind 1 creates a record itself, with these parents and changes.
Bytes edit_bytes(const std::string& parents, const std::string& changes) {
  return entry_bytes("02", "00", "0101" + parents + changes);
}

std::string why_refused(const Bytes& bytes) {
  const Result<Entry> entry = decode_entry(bytes);
  return entry ? std::string("accepted") : entry.error().message;
}

bool refused_as(const Bytes& bytes, std::string_view reason) {
  const std::string why = why_refused(bytes);
  INFO(why);
  CHECK(why.find(reason) != std::string::npos);
  return why.find(reason) != std::string::npos;
}

// Field 4, text, latest = "x".
constexpr const char* change_4 =
    "04010101"
    "78";
constexpr const char* change_5 =
    "05010101"
    "78";

}  // namespace

TEST_CASE("refusals: the bytes by hand are an entry before anything is wrong with them") {
  const Result<Entry> entry =
      decode_entry(edit_bytes("00", std::string("02") + change_4 + change_5));
  REQUIRE(entry.has_value());
  CHECK(entry->place == Place{test::filled<16>(0x11), 7});
  CHECK(entry->time == Instant{5});
  const auto& edit = std::get<Edit>(entry->body);
  CHECK(edit.target == Edit::Target::self);
  REQUIRE(edit.changes.size() == 2);
  CHECK(edit.changes[1] == test::write(test::field_tag(5, Policy::latest), "x"));
}

TEST_CASE("refusals: unknown format, form and flags") {
  Bytes format = edit_bytes("00", std::string("01") + change_4);
  format[0] = 2;
  CHECK(refused_as(format, "unknown format"));
  const std::string body = std::string("010100") + "01" + change_4;
  for (const char* form : {"00", "05", "7f", "ff"}) {
    CHECK(refused_as(entry_bytes(form, "00", body), "unknown form"));
  }
  for (const char* flags : {"06", "07", "10", "20", "40", "80", "ff"}) {
    CHECK(refused_as(entry_bytes("02", flags, body), "unknown flags"));
  }
  CHECK(why_refused(entry_bytes("02", "05", body)) == "accepted");
}

TEST_CASE("refusals: a time of more than 48 bits, numbers that are not minimal") {
  const std::string head = "0102" + std::string(32, '1');
  const std::string rest = std::string("00") + "010100" + "01" + change_4;
  CHECK(why_refused(hex(head + "07" + "ffffffffffff3f" + rest)) == "accepted");
  CHECK(refused_as(hex(head + "07" + "80808080808040" + rest), "above its limit"));
  CHECK(refused_as(hex(head + "8700" + "05" + rest), "shortest form"));
  CHECK(refused_as(hex(head + "07" + "8500" + rest), "shortest form"));
}

TEST_CASE("refusals: openings") {
  const std::string device = repeated("44", 32);
  CHECK(why_refused(entry_bytes("01", "00", device + "0178" + "00")) == "accepted");
  CHECK(refused_as(entry_bytes("01", "00", device + "00" + "00"), "names no unit"));
  CHECK(refused_as(entry_bytes("01", "00", device + "0178" + "02"), "unknown flag"));
  CHECK(refused_as(entry_bytes("01", "00", device + "0178" + "01"), "end too early"));
  CHECK(why_refused(entry_bytes("01", "00", device + "20" + repeated("78", 32) + "00")) ==
        "accepted");
  CHECK(refused_as(entry_bytes("01", "00", device + "21" + repeated("78", 33) + "00"),
                   "a length is above its limit"));
}

TEST_CASE("refusals: an edit's target, parents and count") {
  const std::string one = std::string("01") + change_4;
  CHECK(refused_as(entry_bytes("02", "00",
                               "01"
                               "03"
                               "00" +
                                   one),
                   "unknown target"));
  CHECK(refused_as(edit_bytes("00", "00"), "changes nothing"));
  CHECK(refused_as(edit_bytes("00", std::string("03") + change_4), "larger than the bytes"));
  const std::string a = repeated("aa", 32);
  const std::string b = repeated("bb", 32);
  CHECK(why_refused(edit_bytes("02" + a + b, one)) == "accepted");
  CHECK(refused_as(edit_bytes("02" + b + a, one), "parents are out of order"));
  CHECK(refused_as(edit_bytes("02" + a + a, one), "parents are out of order"));
  CHECK(refused_as(edit_bytes("21" + repeated("aa", 33 * 32), one), "a count is above its limit"));
}

TEST_CASE("refusals: changes out of order or twice") {
  const std::string two = "02";
  CHECK(refused_as(edit_bytes("00", two + change_5 + change_4), "changes are out of order"));
  CHECK(refused_as(edit_bytes("00", two + change_4 + change_4), "changes are out of order"));
  const std::string paper_a =
      "04"
      "0d"
      "03"
      "0161"
      "00";
  const std::string paper_b =
      "04"
      "0d"
      "03"
      "0162"
      "00";
  CHECK(why_refused(edit_bytes("00", two + paper_a + paper_b)) == "accepted");
  CHECK(refused_as(edit_bytes("00", two + paper_b + paper_a), "changes are out of order"));
  CHECK(refused_as(edit_bytes("00", two + paper_a + paper_a), "changes are out of order"));
}

TEST_CASE("refusals: a change's policy, flags and name") {
  for (const char* control : {"00", "06", "07", "0f", "10", "41", "81", "c1"}) {
    const std::string change = std::string(
                                   "04"
                                   "01") +
                               control + "0178";
    CHECK(refused_as(edit_bytes("00", "01" + change), "unknown policy or flag"));
  }
  for (const char* control : {"01", "02", "04", "05", "21", "25"}) {
    const std::string change = std::string(
                                   "04"
                                   "01") +
                               control + "0178";
    CHECK(why_refused(edit_bytes("00", "01" + change)) == "accepted");
  }
  CHECK(why_refused(edit_bytes("00",
                               "01"
                               "00"
                               "0161"
                               "0c"
                               "05"
                               "0178")) == "accepted");
  CHECK(refused_as(edit_bytes("00",
                              "01"
                              "00"
                              "00"
                              "0c"
                              "05"
                              "0178"),
                   "neither number nor name"));
  // A cleared field brings no value; what follows is left over.
  CHECK(why_refused(edit_bytes("00",
                               "01"
                               "04"
                               "01"
                               "11")) == "accepted");
  CHECK(refused_as(edit_bytes("00",
                              "01"
                              "04"
                              "01"
                              "11"
                              "0178"),
                   "trailing bytes"));
  CHECK(refused_as(edit_bytes("00",
                              "01"
                              "8080808010"
                              "01"
                              "01"
                              "0178"),
                   "above its limit"));
}

TEST_CASE("a value of a type from the future is kept as it is") {
  for (const char* type : {"00", "0e", "7f", "ff"}) {
    const Bytes bytes = edit_bytes("00", std::string("01"
                                                     "04") +
                                             type +
                                             "01"
                                             "03"
                                             "c0ffee");
    const Result<Entry> entry = decode_entry(bytes);
    REQUIRE(entry.has_value());
    CHECK(std::get<Edit>(entry->body).changes[0].value == hex("c0ffee"));
    CHECK(encode_entry(*entry) == bytes);
  }
}

TEST_CASE("refusals: verdicts and erasures") {
  const std::string target = repeated("77", 32);
  CHECK(why_refused(entry_bytes("03", "04",
                                target + "03"
                                         "00"
                                         "00")) == "accepted");
  CHECK(refused_as(entry_bytes("03", "04",
                               target + "04"
                                        "00"
                                        "00"),
                   "unknown ruling"));
  const std::string longest = "9003" + repeated("78", 400);  // 400 bytes
  const std::string longer = "9103" + repeated("78", 401);
  CHECK(why_refused(entry_bytes("03", "04",
                                target +
                                    "01"
                                    "00" +
                                    longest)) == "accepted");
  CHECK(refused_as(entry_bytes("03", "04",
                               target +
                                   "01"
                                   "00" +
                                   longer),
                   "length is above"));
  const std::string record = "01" + repeated("22", 16);
  CHECK(why_refused(entry_bytes("04", "04", record + longest)) == "accepted");
  CHECK(refused_as(entry_bytes("04", "04", record + longer), "length is above"));
}

TEST_CASE("limits: names, keys, values, changes and the whole, at the limit and one above") {
  const auto accepts = [](Change change) {
    Entry entry = test::edit_entry(1, {std::move(change)});
    return decode_entry(encode_entry(entry)).has_value();
  };
  const auto named = [](std::size_t size) {
    return test::write({0, std::string(size, 'n'), ValueType::json, Policy::review}, "1");
  };
  const auto keyed = [](std::size_t size) {
    return Change{test::field_tag(3, Policy::keyed_union), std::string(size, 'k'), false, Bytes{}};
  };
  const auto valued = [](std::size_t size) {
    return Change{test::field_tag(3, Policy::latest), "", false, Bytes(size, 7)};
  };
  CHECK(accepts(named(limits::field_name_bytes_max)));
  CHECK(!accepts(named(limits::field_name_bytes_max + 1)));
  CHECK(accepts(keyed(limits::element_key_bytes_max)));
  CHECK(!accepts(keyed(limits::element_key_bytes_max + 1)));
  CHECK(accepts(valued(limits::value_bytes_max)));
  CHECK(!accepts(valued(limits::value_bytes_max + 1)));

  std::vector<Change> many;
  for (std::uint32_t i = 1; i <= limits::changes_max; ++i) {
    many.push_back(test::write(test::field_tag(i, Policy::latest), "x"));
  }
  CHECK(decode_entry(encode_entry(test::edit_entry(1, many))));
  std::string beyond = "8104";  // 513
  for (std::size_t i = 0; i <= limits::changes_max; ++i) beyond += change_4;
  CHECK(refused_as(edit_bytes("00", beyond), "a count is above its limit"));

  const Result<Entry> vast = decode_entry(Bytes(limits::entry_bytes_max + 1, 1));
  REQUIRE(!vast);
  CHECK(vast.error().code == ErrorCode::limit);
}

}  // namespace tram::sync
