// Goal: from candidates to a shown value and a question, for each policy and for decisions.
// Method: a table a policy; every row is tried in every order of its candidates.
#include "sync/merge/resolve.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::filled;

std::optional<Bytes> text(std::string_view value) {
  return encode_text(value);
}

std::optional<Bytes> status(std::uint8_t rank, std::string_view word, bool final = false) {
  return encode_status({rank, final, std::string(word)});
}

const std::optional<Bytes> nothing;

// Candidate number n: greater n is later by log, unless a row says otherwise.
Candidate by(std::uint8_t n, std::optional<Bytes> value) {
  Candidate candidate;
  candidate.name = filled<32>(n);
  candidate.place = {filled<16>(n), 1};
  candidate.value = std::move(value);
  return candidate;
}

Candidate at(Candidate candidate, std::int64_t trusted_ms) {
  candidate.time = {trusted_ms};
  candidate.time_trusted = true;
  return candidate;
}

Candidate as(Candidate candidate, Capacity capacity) {
  candidate.capacity = capacity;
  return candidate;
}

Candidate decided(Candidate candidate) {
  candidate.decision = true;
  return candidate;
}

struct Row {
  const char* what;
  std::vector<Candidate> candidates;
  std::optional<Bytes> value;
  bool conflict;
};

void check_row(Policy policy, const Row& row) {
  const FieldKey key{test::field_tag(7, policy), ""};
  std::vector<Candidate> order = row.candidates;
  const auto by_name = [](const Candidate& a, const Candidate& b) { return a.name < b.name; };
  std::sort(order.begin(), order.end(), by_name);
  do {
    INFO(row.what);
    const ResolvedField field = resolve(key, order, true);
    CHECK(field.value == row.value);
    CHECK(field.conflict == row.conflict);
    CHECK(field.rivals.empty() == !row.conflict);
    if (row.conflict) CHECK(field.rivals.front().value == row.value);
    const ResolvedField waiting = resolve(key, order, false);
    CHECK(waiting.value == row.value);
    CHECK(!waiting.conflict);
    CHECK(waiting.rivals.empty());
  } while (std::next_permutation(order.begin(), order.end(), by_name));
}

void check_rows(Policy policy, const std::vector<Row>& rows) {
  for (const Row& row : rows) check_row(policy, row);
}

}  // namespace

TEST_CASE("resolve: latest takes the greatest and never asks about plain edits") {
  check_rows(Policy::latest,
             {{"one", {by(1, text("a"))}, text("a"), false},
              {"cleared", {by(1, nothing)}, nothing, false},
              {"log decides", {by(1, text("a")), by(2, text("b"))}, text("b"), false},
              {"a clear may win", {by(1, text("a")), by(2, nothing)}, nothing, false},
              {"trusted time before log",
               {at(by(1, text("a")), 20), at(by(2, text("b")), 10)},
               text("a"),
               false},
              {"trusted before untrusted",
               {at(by(1, text("a")), 0), by(2, text("b")), by(3, text("c"))},
               text("a"),
               false}});
}

TEST_CASE("M9: latest is a total order, also inside one log and one place") {
  Candidate first = by(1, text("a"));
  Candidate same_log = by(2, text("b"));
  same_log.place = {first.place.log, 2};
  Candidate same_place = by(3, text("c"));
  same_place.place = same_log.place;
  check_rows(Policy::latest, {{"seq decides", {first, same_log}, text("b"), false},
                              {"name decides", {first, same_log, same_place}, text("c"), false}});
}

TEST_CASE("M9: an untrusted clock in 2099 wins nothing, an import of July orders by its own time") {
  Candidate wrong_clock = by(1, text("2099"));
  wrong_clock.time = {4'102'444'800'000};
  check_rows(
      Policy::latest,
      {{"untrusted time does not count", {wrong_clock, by(2, text("b"))}, text("b"), false},
       {"nor against a trusted one",
        {wrong_clock, at(by(2, text("b")), 1'751'331'480'000)},
        text("b"),
        false},
       {"imported later, written earlier",
        {at(by(9, text("July")), 1'751'331'480'000), at(by(1, text("today")), 1'763'000'000'000)},
        text("today"),
        false}});
}

TEST_CASE("resolve: authority puts province before owner before others, then latest") {
  check_rows(
      Policy::authority,
      {{"province",
        {as(by(1, text("p")), Capacity::province), as(by(2, text("o")), Capacity::owner),
         as(at(by(3, text("x")), 99), Capacity::other)},
        text("p"),
        false},
       {"owner",
        {as(by(1, text("o")), Capacity::owner), as(by(2, text("x")), Capacity::other)},
        text("o"),
        false},
       {"latest among equals",
        {as(at(by(1, text("a")), 20), Capacity::owner),
         as(at(by(2, text("b")), 10), Capacity::owner)},
        text("a"),
        false},
       {"a decision outranks the province",
        {as(by(1, text("p")), Capacity::province), as(decided(by(2, text("o"))), Capacity::owner)},
        text("o"),
        false}});
}

TEST_CASE("resolve: a union keeps an element that one removes and another changes, and asks") {
  check_rows(
      Policy::keyed_union,
      {{"two changes", {by(1, text("a")), by(2, text("b"))}, text("b"), false},
       {"removed by both", {by(1, nothing), by(2, nothing)}, nothing, false},
       {"removal against change", {by(1, text("a")), by(2, nothing)}, text("a"), true},
       {"later removal too", {at(by(1, text("a")), 1), at(by(2, nothing), 2)}, text("a"), true},
       {"two changes and a removal",
        {by(1, text("a")), by(2, text("b")), by(3, nothing)},
        text("b"),
        true},
       {"a decided removal removes", {by(1, text("a")), decided(by(2, nothing))}, nothing, false},
       {"decided both ways",
        {decided(by(1, text("a"))), decided(by(2, nothing))},
        text("a"),
        true}});
}

TEST_CASE("resolve: a workflow takes the furthest step and asks only about two finals") {
  const auto received = status(32, "da_tiep_nhan");
  const auto in_work = status(112, "dang_xu_ly");
  const auto examined = status(112, "dang_tham_dinh");
  const auto returned = status(240, "da_tra_ket_qua", true);
  const auto refused = status(208, "khong_tiep_nhan", true);
  check_rows(
      Policy::workflow,
      {{"rank before time", {at(by(1, in_work), 1), at(by(2, received), 9)}, in_work, false},
       {"equal ranks by latest", {at(by(1, in_work), 9), at(by(2, examined), 1)}, in_work, false},
       {"a final against a step", {by(1, returned), by(2, in_work)}, returned, false},
       {"two finals", {by(1, returned), by(2, refused)}, returned, true},
       {"two finals and a step", {by(1, returned), by(2, refused), by(3, in_work)}, returned, true},
       {"one final twice", {by(1, returned), by(2, returned)}, returned, false},
       {"cleared against a step", {by(1, received), by(2, nothing)}, received, false},
       {"a step of a future version",
        {by(1, status(250, "luu_kho")), by(2, returned)},
        status(250, "luu_kho"),
        false},
       {"bytes that are no status rank lowest",
        {by(1, received), by(2, std::optional<Bytes>(Bytes{9}))},
        received,
        false},
       {"a decided step back", {by(1, returned), decided(by(2, in_work))}, in_work, false},
       {"two decided finals", {decided(by(1, returned)), decided(by(2, refused))}, returned, true},
       {"two decided steps", {decided(by(1, in_work)), decided(by(2, received))}, in_work, true}});
}

TEST_CASE("resolve: review shows the latest and asks whenever values differ") {
  check_rows(Policy::review,
             {{"alone", {by(1, text("a"))}, text("a"), false},
              {"equal values", {by(1, text("a")), by(2, text("a"))}, text("a"), false},
              {"different", {by(1, text("a")), by(2, text("b"))}, text("b"), true},
              {"cleared against written", {by(1, text("a")), by(2, nothing)}, nothing, true},
              {"written empty is not cleared", {by(1, text("")), by(2, nothing)}, nothing, true},
              {"cleared by both", {by(1, nothing), by(2, nothing)}, nothing, false},
              {"two alike and one other",
               {by(1, text("a")), by(2, text("b")), by(3, text("a"))},
               text("a"),
               true}});
}

TEST_CASE("M11: a decision outranks plain edits, under every policy") {
  for (const Policy policy :
       {Policy::latest, Policy::authority, Policy::keyed_union, Policy::workflow, Policy::review}) {
    check_row(policy, {"one decision",
                       {decided(by(1, text("a"))), at(by(2, text("b")), 99), by(3, nothing)},
                       text("a"),
                       false});
    check_row(policy, {"equal decisions",
                       {decided(by(1, text("a"))), decided(by(2, text("a"))), by(3, text("c"))},
                       text("a"),
                       false});
    check_row(policy, {"different decisions",
                       {decided(by(1, text("a"))), decided(by(2, text("b"))), by(3, text("c"))},
                       text("b"),
                       true});
  }
}

TEST_CASE("M11: a conflict of two decisions names both deciders, and nobody else") {
  const FieldKey key{test::field_tag(7, Policy::latest), ""};
  const std::vector<Candidate> candidates{decided(by(1, text("a"))), decided(by(2, text("b"))),
                                          by(3, text("c"))};
  const ResolvedField field = resolve(key, candidates, true);
  REQUIRE(field.rivals.size() == 2);
  CHECK(field.rivals[0] == candidates[1]);
  CHECK(field.rivals[1] == candidates[0]);
}

TEST_CASE("M12: a policy that differs is another field, so versions never disagree about one") {
  RecordState state;
  const FieldKey as_latest{test::field_tag(12, Policy::latest), ""};
  const FieldKey as_review{test::field_tag(12, Policy::review), ""};
  state.candidates[as_latest] = {by(1, text("a")), by(2, text("b"))};
  state.candidates[as_review] = {by(1, text("a")), by(2, text("b"))};
  const std::map<FieldKey, ResolvedField> fields = resolve(state);
  CHECK(!fields.at(as_latest).conflict);
  CHECK(fields.at(as_review).conflict);
}

TEST_CASE("resolve: a missing ancestor keeps a question back, a missing create does not") {
  RecordState state;
  const FieldKey key{test::field_tag(12, Policy::review), ""};
  state.candidates[key] = {by(1, text("a")), by(2, text("b"))};
  CHECK(resolve(state).at(key).conflict);
  RecordState missing = state;
  missing.missing.insert(filled<32>(9));
  CHECK(!resolve(missing).at(key).conflict);
  CHECK(resolve(missing).at(key).value == text("b"));
  RecordState uncreated = state;
  uncreated.uncreated = true;
  CHECK(resolve(uncreated).at(key).conflict);
}

TEST_CASE("custody is its field by authority, or else the record's home") {
  RecordState state;
  state.home_unit = "24796";
  CHECK(custody_of(state) == "24796");
  const FieldKey custody{{field_number::custody, "", ValueType::token, Policy::authority}, ""};
  state.candidates[custody] = {as(by(2, text("24799")), Capacity::owner)};
  CHECK(custody_of(state) == "24799");
  state.candidates[custody].push_back(as(by(1, text("24802")), Capacity::province));
  CHECK(custody_of(state) == "24802");
  state.candidates[custody] = {by(1, nothing)};
  CHECK(custody_of(state) == "24796");
}

TEST_CASE("M5: a field with custody's number and another type or policy moves no record") {
  RecordState state;
  state.home_unit = "24796";
  const FieldKey custody{{field_number::custody, "", ValueType::token, Policy::authority}, ""};
  state.candidates[custody] = {as(by(2, text("24802")), Capacity::province)};
  for (const ValueType type : {ValueType{0}, ValueType::text, ValueType::token}) {
    for (const Policy policy : {Policy::latest, Policy::authority, Policy::review}) {
      const FieldKey rogue{{field_number::custody, "", type, policy}, ""};
      if (rogue == custody) continue;
      state.candidates[rogue] = {by(9, text("24799"))};
    }
  }
  CHECK(custody_of(state) == "24802");
}

TEST_CASE("a record's code is what field 1 resolves to") {
  RecordState state;
  CHECK(code_of(state).empty());
  const FieldKey code{{field_number::code, "", ValueType::code, Policy::review}, ""};
  state.candidates[code] = {at(by(1, text("H36.49-250701-0001")), 2), at(by(2, text("x")), 1)};
  CHECK(code_of(state) == "H36.49-250701-0001");
}

}  // namespace tram::sync
