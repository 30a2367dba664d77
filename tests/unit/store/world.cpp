// Goal: the store's tests are stories, not plumbing.
// Method: logs written in memory, and one store on disk that requires success at every call.
#include "tests/unit/store/world.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "store/sqlite/database.hpp"
#include "sync/merge/resolve.hpp"
#include "tests/support/edit_of.hpp"

namespace tram::store::test {

using sync::Name;
using sync::NewEntry;

const sync::SigningKey& device_key(std::uint8_t number) {
  static std::map<std::uint8_t, sync::SigningKey> keys;
  if (keys.find(number) == keys.end()) {
    keys.emplace(number, std::move(*sync::SigningKey::from_seed(sync::Bytes(32, number))));
  }
  return keys.at(number);
}

const sync::SigningKey& hub_key() {
  return device_key(0xff);
}

sync::Change text_change(std::uint32_t number, std::string_view text, sync::Policy policy) {
  return {{number, "", sync::ValueType::text, policy}, "", false, sync::encode_text(text)};
}

sync::Change custody_change(std::string_view unit) {
  return {{sync::field_number::custody, "", sync::ValueType::token, sync::Policy::authority},
          "",
          false,
          sync::encode_text(unit)};
}

sync::Edit create(std::vector<sync::Change> changes) {
  sync::Edit edit;
  edit.target = sync::Edit::Target::self;
  edit.kind = kind_dossier;
  edit.changes = *sync::in_canonical_order(std::move(changes));
  return edit;
}

sync::Edit update(const sync::RecordRef& record, std::vector<Name> parents,
                  std::vector<sync::Change> changes) {
  return sync::test::edit_of(record, std::move(parents), std::move(changes));
}

sync::RecordRef record_in(const NewEntry& entry) {
  return *sync::record_of(*sync::decode_entry(*entry.bytes), entry.name);
}

TestLog::TestLog(std::uint8_t id, const sync::SigningKey& device, std::string unit, bool own)
    : device_(device), unit_(std::move(unit)), own_(own) {
  id_.fill(id);
  chain_ = sync::chain_start(id_);
  write(sync::Opening{device_.public_key(), unit_, std::nullopt});
}

const NewEntry& TestLog::write(sync::EntryBody body, std::int64_t time_ms) {
  sync::Entry entry;
  entry.place = {id_, entries_.size()};
  entry.time.ms = time_ms;
  entry.time_trusted = true;
  entry.capacity = sync::Capacity::owner;
  entry.body = std::move(body);
  NewEntry out;
  out.bytes = sync::encode_entry(entry);
  out.name = sync::name_of(*out.bytes);
  out.place = entry.place;
  chain_ = sync::chain_next(chain_, out.name);
  out.chain = chain_;
  entries_.push_back(std::move(out));
  return entries_.back();
}

sync::NewLog TestLog::log() const {
  return {id_, device_.public_key(), unit_, own_};
}

sync::SignedLogHead TestLog::head() const {
  return sync::sign_log_head(device_, id_, entries_.size(), chain_);
}

sync::Commit TestLog::commit(bool bare) const {
  sync::Commit commit;
  commit.logs.push_back(log());
  commit.entries = entries_;
  for (NewEntry& entry : commit.entries) {
    if (bare) entry.chain.reset();
  }
  return commit;
}

sync::SignedHead signed_head(const sync::FeedId& feed, std::uint64_t size, const sync::Digest& root,
                             std::int64_t hub_time, std::uint8_t epoch) {
  sync::SignedHead head;
  head.feed = feed;
  head.epoch.fill(epoch);
  head.size = size;
  head.root = root;
  head.hub_time.ms = hub_time;
  return sync::sign_head(hub_key(), head);
}

sync::SignedHead head_of(const ReadUnit& unit, const sync::FeedId& feed, std::int64_t hub_time,
                         std::uint8_t epoch) {
  const std::uint64_t size = unit.feed_size(feed);
  return signed_head(feed, size, unit.feed_root(feed, size), hub_time, epoch);
}

TestStore::TestStore(Role role) {
  extra.role = role;
  if (role == Role::node) extra.home_unit = home;
  extra.hub_keys = {hub_key().public_key()};
  extra.readers = 1;
  extra.background_checkpoints = false;
  reopen();
}

StoreOptions TestStore::options() const {
  StoreOptions options = extra;
  options.path = file();
  options.key = key_;
  return options;
}

void TestStore::reopen() {
  store_.reset();
  auto opened = Store::open(options());
  if (!opened) FAIL(opened.error().message);
  store_ = std::move(*opened);
}

void TestStore::apply(const sync::Commit& commit) {
  const sync::Status done = store_->write([&](WriteUnit& unit) { return unit.apply(commit); });
  if (!done) FAIL(done.error().message);
}

void TestStore::write(const std::function<void(WriteUnit&)>& work) {
  const sync::Status done = store_->write([&](WriteUnit& unit) -> sync::Status {
    work(unit);
    return {};
  });
  if (!done) FAIL(done.error().message);
}

void TestStore::read(const std::function<void(const ReadUnit&)>& look) {
  const sync::Status done = store_->read([&](const ReadUnit& unit) -> sync::Status {
    look(unit);
    return {};
  });
  if (!done) FAIL(done.error().message);
}

void TestStore::append(const sync::FeedId& feed, const std::vector<Name>& names) {
  sync::Commit commit;
  for (const Name& name : names) commit.appends.push_back({feed, name});
  apply(commit);
}

VerifyReport TestStore::audit() {
  VerifyReport report;
  read([&](const ReadUnit& unit) {
    auto result = verify(unit, {});
    if (!result) FAIL(result.error().message);
    report = std::move(*result);
  });
  return report;
}

std::string TestStore::projection() {
  std::string out;
  read([&](const ReadUnit& unit) {
    Statement rows = unit.database().prepare(
        "SELECT feed, kind, record, state, record.code, custody, conflicts, missing, updated,"
        " needs_rebuild, coalesce((SELECT group_concat(code, ',') FROM (SELECT code FROM"
        "  record_code WHERE record_code.record_id = record.record_id ORDER BY code)), '')"
        "  AS codes, coalesce((SELECT group_concat(line, ',') FROM (SELECT number || ':' || element"
        "  || ':' || since AS line FROM conflict WHERE conflict.record_id = record.record_id"
        "  ORDER BY line)), '') AS open"
        " FROM record JOIN feed USING (feed_id) ORDER BY feed, kind, record");
    for (;;) {
      const auto row = rows.step();
      REQUIRE(row);
      if (!*row) break;
      out += rows.text("feed") + " " + std::to_string(rows.integer("kind")) + " " +
             sync::to_hex(rows.blob("record")) + " " + sync::to_hex(rows.blob("state"));
      for (const char* column : {"code", "custody", "codes", "open"})
        out += "|" + rows.text(column);
      for (const char* column : {"conflicts", "missing", "updated", "needs_rebuild"}) {
        out += "|" + std::to_string(rows.integer(column));
      }
      out += "\n";
    }
  });
  return out;
}

void TestStore::tamper(const std::vector<std::string>& statements) {
  close();
  auto database = Database::open({.path = file(), .key = key_});
  REQUIRE(database);
  for (const char* guard :
       {"PRAGMA foreign_keys = OFF", "PRAGMA recursive_triggers = OFF",
        "DROP TRIGGER IF EXISTS entry_is_kept", "DROP TRIGGER IF EXISTS entry_keeps_its_name",
        "DROP TRIGGER IF EXISTS entry_keeps_its_bytes", "DROP TRIGGER IF EXISTS place_is_kept",
        "DROP TRIGGER IF EXISTS place_keeps_its_entry"}) {
    REQUIRE((*database)->execute(guard));
  }
  for (const std::string& statement : statements) {
    const sync::Status done = (*database)->execute(statement.c_str());
    INFO(statement);
    if (!done) FAIL(done.error().message);
  }
  database->reset();
  reopen();
}

}  // namespace tram::store::test
