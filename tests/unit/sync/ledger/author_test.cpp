// Goal: a log opens with its first write, chains, signs, and is untouched by a draft that is too
// large. Method: drafts written one after the other, and the chain computed again from the names.
#include "sync/ledger/author.hpp"

#include <catch2/catch.hpp>

#include "sync/limits.hpp"
#include "tests/unit/sync/helpers.hpp"

namespace tram::sync {

namespace {

using test::filled;

SigningKey device_key() {
  Result<SigningKey> key = SigningKey::from_seed(filled<32>(0x41));
  REQUIRE(key.has_value());
  return *std::move(key);
}

LogAuthor new_author(Random& random, std::optional<Name> continues = std::nullopt) {
  return {{device_key().public_key(), "24796", continues}, random};
}

Draft draft_of(std::vector<Change> changes) {
  Draft draft;
  draft.time = {1'751'331'480'000};
  draft.time_trusted = true;
  draft.actor = filled<16>(0x33);
  draft.body = test::edit_entry(0, std::move(changes)).body;
  return draft;
}

Draft small_draft(std::string_view text = "x") {
  return draft_of({test::write(test::field_tag(3, Policy::latest), text)});
}

Draft big_draft(std::size_t values, std::size_t value_bytes) {
  std::vector<Change> changes;
  for (std::uint32_t i = 1; i <= values; ++i) {
    changes.push_back(
        test::write(test::field_tag(i, Policy::latest), std::string(value_bytes, 'v')));
  }
  return draft_of(std::move(changes));
}

void check_refused_without_trace(const Draft& draft) {
  test::CountingRandom random;
  LogAuthor author = new_author(random);
  const Result<std::vector<NewEntry>> refused = author.write(draft);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::limit);
  CHECK(author.count() == 0);
  CHECK(author.head(device_key()).chain == chain_start(author.log().log));
  CHECK(author.write(small_draft()).value().size() == 2);  // the opening is still to come
}

}  // namespace

TEST_CASE("author: the first write brings the opening, the second does not") {
  test::CountingRandom random;
  const Name before = filled<32>(0x66);
  LogAuthor author = new_author(random, before);
  CHECK(author.count() == 0);
  const std::vector<NewEntry> first = author.write(small_draft()).value();
  REQUIRE(first.size() == 2);
  const Entry opening = decode_entry(*first[0].bytes).value();
  CHECK(opening.place == Place{author.log().log, 0});
  CHECK(std::get<Opening>(opening.body) == Opening{device_key().public_key(), "24796", before});
  CHECK(opening.actor == std::nullopt);
  const Entry entry = decode_entry(*first[1].bytes).value();
  CHECK(entry.place == Place{author.log().log, 1});
  CHECK(entry.body == small_draft().body);
  CHECK(entry.actor == filled<16>(0x33));
  CHECK(entry.time_trusted);

  const std::vector<NewEntry> second = author.write(small_draft("y")).value();
  REQUIRE(second.size() == 1);
  CHECK(second[0].place == Place{author.log().log, 2});
  CHECK(author.count() == 3);
}

TEST_CASE("author: names, places and chain values fit the bytes; the head covers them") {
  test::CountingRandom random;
  LogAuthor author = new_author(random);
  Digest chain = chain_start(author.log().log);
  std::uint64_t seq = 0;
  for (int i = 0; i < 300; ++i) {  // beyond 127 places take a second byte
    const std::vector<NewEntry> written = author.write(small_draft()).value();
    for (const NewEntry& entry : written) {
      chain = chain_next(chain, name_of(*entry.bytes));
      CHECK(entry.name == name_of(*entry.bytes));
      CHECK(entry.place == Place{author.log().log, seq++});
      CHECK(entry.chain == chain);
    }
  }
  const SignedLogHead head = author.head(device_key());
  CHECK(head.log == author.log().log);
  CHECK(head.count == seq);
  CHECK(head.chain == chain);
  CHECK(verify_log_head(device_key().public_key(), head));
}

TEST_CASE("M2: every author draws its own log, so no place is used twice") {
  test::CountingRandom random;
  LogAuthor author = new_author(random);
  LogAuthor next = new_author(random);
  CHECK(author.log().log != next.log().log);
  CHECK(author.log().own);
  CHECK(author.log().device == device_key().public_key());
  CHECK(author.log().unit == "24796");
}

TEST_CASE("author: an entry that is larger than one may be is refused and leaves no trace") {
  check_refused_without_trace(big_draft(2, 40 * 1024));
  check_refused_without_trace(big_draft(64, 1024));
}

TEST_CASE("author: a value larger than one may be is refused, also where the entry would fit") {
  check_refused_without_trace(big_draft(1, limits::value_bytes_max + 1));
  test::CountingRandom random;
  LogAuthor author = new_author(random);
  CHECK(author.write(big_draft(1, limits::value_bytes_max)).value().size() == 2);
}

TEST_CASE("author: more changes, tips, letters or words than an entry may have are refused") {
  check_refused_without_trace(big_draft(limits::changes_max + 1, 1));
  const std::string long_key(limits::element_key_bytes_max + 1, 'k');
  check_refused_without_trace(
      draft_of({Change{test::field_tag(3, Policy::keyed_union), long_key, false, Bytes{}}}));
  const std::string long_name(limits::field_name_bytes_max + 1, 'n');
  check_refused_without_trace(
      draft_of({test::write({0, long_name, ValueType::json, Policy::review}, "1")}));

  Draft tips = small_draft();
  for (std::uint8_t i = 0; i <= limits::parents_max; ++i) {
    std::get<Edit>(tips.body).parents.push_back(filled<32>(i));
  }
  check_refused_without_trace(tips);

  Draft verdict = small_draft();
  const std::string long_reason(limits::reason_bytes_max + 1, 'r');
  verdict.body = Verdict{filled<32>(1), Verdict::Ruling::void_entry, {}, long_reason};
  check_refused_without_trace(verdict);
  Draft erase = small_draft();
  erase.body = Erase{{1, filled<16>(1)}, long_reason};
  check_refused_without_trace(erase);
}

TEST_CASE("author: a refused draft in mid-log changes nothing either") {
  test::CountingRandom random;
  LogAuthor author = new_author(random);
  REQUIRE(author.write(small_draft()));
  const SignedLogHead before = author.head(device_key());
  CHECK(!author.write(big_draft(2, 40 * 1024)));
  CHECK(author.head(device_key()) == before);
  CHECK(author.write(small_draft()).value()[0].place.seq == 2);
}

}  // namespace tram::sync
