// Goal: a node without a hub, for the tests of node/ and hub/.
// Method: what enrolment would write is written here, through the same public functions.
#include "node_folder.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "host/keys.hpp"
#include "node/status.hpp"
#include "schema/kinds.hpp"
#include "schema/values.hpp"
#include "store/record_export.hpp"

namespace tram::node::test {

namespace {

sync::Bytes seed_of(std::uint8_t number) {
  return sync::Bytes(32, number);
}

}  // namespace

const sync::SigningKey& key_of(std::uint8_t number) {
  static std::map<std::uint8_t, sync::SigningKey> keys;
  const auto at = keys.find(number);
  if (at != keys.end()) return at->second;
  return keys.emplace(number, sync::SigningKey::from_seed(seed_of(number)).value()).first->second;
}

const sync::SigningKey& hub_key() {
  return key_of(200);
}

NodeFolder::NodeFolder(std::uint8_t number) {
  auto vault = host::KeyVault::open(path());
  REQUIRE(vault);
  REQUIRE(vault->store("device", host::Secret(seed_of(number))));
  REQUIRE(vault->store("store", host::Secret(sync::Bytes(32, 0x5a))));
  Identity identity;
  identity.hub_url = "https://127.0.0.1:1";
  identity.unit = home;
  identity.unit_name = "Phường B'Lao";
  identity.province = "68";
  identity.hub_key = hub_key().public_key();
  REQUIRE(save_identity(path(), identity));
  reopen();
}

void NodeFolder::reopen() {
  node_.reset();
  auto node = Node::open(path());
  REQUIRE(node);
  node_ = std::move(*node);
}

void NodeFolder::read(const std::function<void(const store::ReadUnit&)>& look) const {
  const sync::Status done = node_->store().read([&](const store::ReadUnit& unit) {
    look(unit);
    return unit.status();
  });
  REQUIRE(done);
}

void NodeFolder::apply(const sync::Commit& commit) {
  const sync::Status done =
      node_->store().write([&](store::WriteUnit& unit) { return unit.apply(commit); });
  if (!done) FAIL(done.error().message);
}

ImportResult NodeFolder::import(const std::vector<std::string>& lines) {
  const std::vector<std::string_view> views(lines.begin(), lines.end());
  const sync::Result<ImportResult> result = import_batch(*node_, views);
  if (!result) FAIL(result.error().message);
  return *result;
}

nlohmann::json NodeFolder::status() const {
  const sync::Result<nlohmann::json> status = status_of(*node_, std::nullopt);
  REQUIRE(status);
  return *status;
}

std::string NodeFolder::exported() const {
  std::string out;
  read([&](const store::ReadUnit& unit) {
    REQUIRE(store::for_each_export_line(unit, home, schema::kind::dossier, home,
                                        [&](const std::string& line) {
                                          out += line + "\n";
                                          return true;
                                        }));
  });
  return out;
}

store::RecordRow NodeFolder::record(const std::string& code) const {
  store::RecordRow row;
  read([&](const store::ReadUnit& unit) {
    const auto rows = unit.find_record_by_code(home, schema::kind::dossier, code);
    REQUIRE(rows.size() == 1);
    row = rows.front();
  });
  return row;
}

std::uint64_t NodeFolder::pending() const {
  std::uint64_t pending = 0;
  read([&](const store::ReadUnit& unit) { pending = unit.counts(home).pending_entries; });
  return pending;
}

std::vector<sync::Entry> NodeFolder::entries_of(const std::string& code) const {
  const store::RecordRow row = record(code);
  std::vector<sync::Entry> out;
  read([&](const store::ReadUnit& unit) {
    for (const store::TimelineEntry& line : unit.timeline(home, row.record)) {
      REQUIRE(line.entry);
      out.push_back(*line.entry);
    }
  });
  return out;
}

sync::SignedHead NodeFolder::head_of(const std::string& feed) const {
  sync::SignedHead head;
  head.feed = feed;
  head.hub_time = {morning};
  read([&](const store::ReadUnit& unit) {
    head.size = unit.feed_size(feed);
    head.root = unit.feed_root(feed, head.size);
  });
  return sync::sign_head(hub_key(), head);
}

void NodeFolder::receive_receipt() {
  sync::Commit stand;
  read([&](const store::ReadUnit& unit) {
    for (const sync::PendingLog& log : unit.pending_logs()) {
      for (std::uint64_t seq = log.first; seq < log.count; ++seq) {
        for (const sync::Name& name : unit.names_at({log.log, seq})) {
          stand.appends.push_back({home, name});
        }
      }
    }
  });
  apply(stand);
  sync::Commit receipt;
  receipt.heads.push_back(head_of(home));
  apply(receipt);
}

std::string create_line(const std::string& code, std::int64_t t, const std::string& more_fields) {
  const std::string more = more_fields.empty() ? "" : "," + more_fields;
  return R"({"t":)" + std::to_string(t) + R"(,"commune":49,"dossier":")" + code +
         R"(","kind":"create","fields":{"code":")" + code +
         R"(","applicant_name":"Đặng Thị Hường","phone":"0969094693","status":"da_tiep_nhan")" +
         more + "}}";
}

std::string update_line(const std::string& code, std::int64_t t, const std::string& fields) {
  return R"({"t":)" + std::to_string(t) + R"(,"commune":49,"dossier":")" + code +
         R"(","kind":"update","fields":{)" + fields + "}}";
}

OtherDevice::OtherDevice(std::uint8_t number, std::string unit)
    : author_({key_of(number).public_key(), std::move(unit), std::nullopt}, random_) {}

sync::Commit OtherDevice::edit(const store::RecordRow& row, const std::string& fields,
                               std::int64_t t) {
  const sync::Result<store::FieldValues> values = store::FieldValues::of(row);
  REQUIRE(values);
  sync::Edit edit;
  edit.kind = row.record.kind;
  edit.id = row.record.id;
  edit.parents.assign(values->frontier().begin(), values->frontier().end());
  auto changes =
      schema::changes_from_json(row.record.kind, nlohmann::json::parse("{" + fields + "}"));
  REQUIRE(changes);
  edit.changes = std::move(*changes);
  const auto entries =
      author_.write({{t}, true, sync::Capacity::owner, std::nullopt, std::move(edit)});
  REQUIRE(entries);
  sync::Commit commit;
  commit.logs.push_back(author_.log());
  commit.logs.back().own = false;
  commit.entries = *entries;
  for (const sync::NewEntry& entry : *entries) commit.appends.push_back({home, entry.name});
  return commit;
}

}  // namespace tram::node::test
