// Goal: sync::merge is the definition, whatever the order; the fast path and the stored form agree
// with it. Method: random histories beside the naive twin, entry by entry (replay:
// RC_PARAMS="seed=N").
#include <catch2/catch.hpp>

#include "sync/merge/record_state.hpp"
#include "sync/merge/resolve.hpp"
#include "tests/unit/sync/merge/history_generator.hpp"
#include "tests/unit/sync/merge/naive_merge.hpp"

namespace tram::sync {

namespace {

using test::any_history;
using test::naive_merge;

Rulings no_rulings;

// How far `advance` carries through these arrivals; RC_ASSERTs that it agrees with `merge` all the
// way.
std::size_t advanced(const std::vector<MergeEntry>& arrivals) {
  RecordState state;
  std::vector<MergeEntry> held;
  std::size_t fast = 0;
  for (const MergeEntry& entry : arrivals) {
    const Bytes before = encode_state(state);
    held.push_back(entry);
    const RecordState definition = merge(held, no_rulings);
    if (advance(state, entry)) {
      ++fast;
      RC_ASSERT(to_hex(encode_state(state)) == to_hex(encode_state(definition)));
    } else {
      RC_ASSERT(encode_state(state) == before);
      state = definition;
    }
  }
  return fast;
}

}  // namespace

TEST_CASE("merge equals its definition") {
  CHECK(rc::check("definition", [] {
    const test::History history = *any_history();
    RC_CLASSIFY(history.rulings.empty(), "without rulings");
    RC_ASSERT(merge(history.entries, history.rulings) ==
              naive_merge(history.entries, history.rulings));
  }));
}

TEST_CASE("D: the same set in any order, and with doubles, is the same state") {
  CHECK(rc::check("any order", [] {
    const test::History history = *any_history();
    const Bytes state = encode_state(merge(history.entries, history.rulings));
    std::vector<MergeEntry> other = test::shuffled(history.entries);
    RC_ASSERT(encode_state(merge(other, history.rulings)) == state);
    if (!other.empty()) other.push_back(other.front());
    RC_ASSERT(encode_state(merge(other, history.rulings)) == state);
  }));
}

TEST_CASE(
    "D: the fast path gives the state of the union, and leaves the state alone when it cannot") {
  CHECK(rc::check("parents first", [] {
    const std::size_t fast = advanced((*any_history()).entries);
    RC_CLASSIFY(fast > 3, "more than three by the fast path");
  }));
  CHECK(rc::check("any order", [] { advanced(test::shuffled((*any_history()).entries)); }));
  CHECK(rc::check("twice", [] {
    std::vector<MergeEntry> entries = (*any_history(8)).entries;
    entries.insert(entries.end(), entries.begin(), entries.end());
    advanced(test::shuffled(entries));
  }));
}

TEST_CASE("a plain history goes by the fast path from its first entry to its last") {
  RecordState state;
  std::vector<MergeEntry> held;
  std::vector<Name> parents;
  for (std::uint32_t seq = 1; seq <= 20; ++seq) {
    Entry entry = test::edit_entry(
        seq, {test::write(test::field_tag(seq % 3 + 1, Policy::review), std::to_string(seq))},
        parents);
    if (seq == 1) std::get<Edit>(entry.body).target = Edit::Target::created_as;
    held.push_back(test::merge_entry(entry));
    parents = {held.back().name};
    CHECK(advance(state, held.back()));
    CHECK(state == merge(held, no_rulings));
  }
}

TEST_CASE(
    "after a ruling, with a missing parent, or before the create, the fast path steps aside") {
  const FieldTag field = test::field_tag(1, Policy::latest);
  Entry first = test::edit_entry(1, {test::write(field, "a")});
  const MergeEntry update = test::merge_entry(first);
  std::get<Edit>(first.body).target = Edit::Target::created_as;
  const MergeEntry create = test::merge_entry(first);
  const auto next_after = [&](const MergeEntry& parent) {
    return test::merge_entry(test::edit_entry(2, {test::write(field, "b")}, {parent.name}));
  };
  RecordState ruled = merge({create}, {{create.name, Verdict::Ruling::counts}});
  CHECK(!ruled.plain);
  CHECK(!advance(ruled, next_after(create)));
  RecordState uncreated = merge({update}, no_rulings);
  CHECK(uncreated.uncreated);
  CHECK(!advance(uncreated, next_after(update)));
  RecordState empty;
  CHECK(!advance(empty, update));
  const MergeEntry orphan =
      test::merge_entry(test::edit_entry(3, {test::write(field, "c")}, {test::filled<32>(0xee)}));
  RecordState missing = merge({create, orphan}, no_rulings);
  CHECK(missing.missing.size() == 1);
  CHECK(!advance(missing, next_after(create)));
}

TEST_CASE("E: a field that anything counting writes always has a candidate") {
  CHECK(rc::check("no field is lost", [] {
    const test::History history = *any_history();
    const RecordState state = merge(history.entries, history.rulings);
    for (const MergeEntry& entry : history.entries) {
      const auto ruling = history.rulings.find(entry.name);
      if (ruling != history.rulings.end() && ruling->second == Verdict::Ruling::void_entry)
        continue;
      for (const Change& change : std::get<Edit>(entry.entry.body).changes) {
        RC_ASSERT(state.candidates.count({change.field, change.key}) == 1);
      }
    }
  }));
}

TEST_CASE("E: a create that names an update as its parent loses nobody's value") {
  const FieldTag phone = test::field_tag(12, Policy::review);
  const MergeEntry update = test::merge_entry(test::edit_entry(1, {test::write(phone, "b")}));
  Entry late = test::edit_entry(2, {test::write(phone, "a")}, {update.name});
  std::get<Edit>(late.body).target = Edit::Target::created_as;
  const MergeEntry create = test::merge_entry(late);
  const RecordState state = merge({update, create}, no_rulings);
  // The create is older by rule; what its parents say does not turn that round.
  REQUIRE(state.candidates.count({phone, ""}) == 1);
  CHECK(resolve(state).at({phone, ""}).value == encode_text("b"));
}

TEST_CASE("a ruling that a time is untrusted also holds for where the record is at home") {
  const FieldTag field = test::field_tag(1, Policy::latest);
  Entry early = test::edit_entry(1, {test::write(field, "a")});
  std::get<Edit>(early.body).target = Edit::Target::created_as;
  early.time_trusted = true;
  Entry late = early;
  late.place.seq = 2;
  late.time.ms += 1000;
  const MergeEntry honest = test::merge_entry(early, "24796");
  const MergeEntry liar = test::merge_entry(late, "24799");
  CHECK(merge({honest, liar}, no_rulings).home_unit == "24799");
  const Rulings rulings{{liar.name, Verdict::Ruling::time_untrusted}};
  CHECK(merge({honest, liar}, rulings).home_unit == "24796");
}

TEST_CASE("resolving does not depend on the order of the candidates") {
  CHECK(rc::check("any order", [] {
    const test::History history = *any_history();
    const RecordState state = merge(history.entries, history.rulings);
    for (const auto& [key, candidates] : state.candidates) {
      const ResolvedField first = resolve(key, candidates, true);
      const ResolvedField second = resolve(key, test::shuffled(candidates), true);
      RC_ASSERT(first.value == second.value);
      RC_ASSERT(first.rivals == second.rivals);
      RC_ASSERT(first.conflict == second.conflict);
      RC_ASSERT(first.conflict == !first.rivals.empty());
      if (first.conflict) RC_ASSERT(first.rivals.front().value == first.value);
    }
  }));
}

TEST_CASE("a state's stored form round-trips, and nothing else is taken for one") {
  CHECK(rc::check("round trip", [] {
    const test::History history = *any_history(6);
    const RecordState state = merge(history.entries, history.rulings);
    const Bytes bytes = encode_state(state);
    const Result<RecordState> back = decode_state(bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == state);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      RC_ASSERT(!decode_state(ByteView(bytes).first(size)));
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 3) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      const Result<RecordState> other = decode_state(flipped);
      if (other) RC_ASSERT(to_hex(encode_state(*other)) == to_hex(flipped));
    }
  }));
}

}  // namespace tram::sync
