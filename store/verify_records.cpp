#include <algorithm>

#include "store/auditor.hpp"
#include "store/context.hpp"
#include "store/projection.hpp"
#include "store/sqlite/database.hpp"
#include "sync/merge/resolve.hpp"

// The projection against a fresh merge of the ledger.
namespace tram::store {

using sync::Status;

namespace {

Finding finding(const std::string& feed, const RecordInput& input, std::string message) {
  Finding out;
  out.kind = FindingKind::record;
  out.feed = feed;
  if (!input.entries.empty()) {
    const sync::Place& place = input.entries.back().entry.place;
    out.log = sync::to_hex(place.log);
    out.seq = place.seq;
  }
  out.message = std::move(message);
  return out;
}

}  // namespace

Status Auditor::records() {
  Statement scopes = database_.prepare(
      "SELECT DISTINCT feed_id, kind, record FROM ("
      " SELECT feed_id, entry_id FROM feed_entry"
      " UNION SELECT feed_id, entry_id FROM lost_entry JOIN lost USING (lost_id)"
      " UNION SELECT :home_feed AS feed_id, entry_id FROM entry JOIN log USING (log_id)"
      "  WHERE own = 1 AND :home_feed <> 0)"
      " JOIN entry USING (entry_id) WHERE form = 2 AND record IS NOT NULL"
      " UNION SELECT feed_id, kind, record FROM record");
  scopes.bind(":home_feed", unit_.context().home_feed);
  while (row(scopes)) {
    check_record(scopes.integer("feed_id"),
                 {static_cast<std::uint32_t>(scopes.integer("kind")), scopes.array<16>("record")});
    progress("records", ++report_.records);
  }
  return done();
}

void Auditor::check_record(std::int64_t feed_id, const sync::RecordRef& record) {
  Statement name = database_.prepare("SELECT feed FROM feed WHERE feed_id = :feed_id");
  name.bind(":feed_id", feed_id);
  const std::string feed = row(name) ? name.text("feed") : std::string();
  const auto input = load_record(database_, unit_.context(), feed_id, record);
  if (!input) {
    error_ = input.error();
    return;
  }
  Statement stored = database_.prepare(
      "SELECT state, code, custody, conflicts, missing, updated, needs_rebuild FROM record"
      " WHERE feed_id = :feed_id AND kind = :kind AND record = :record");
  stored.bind(":feed_id", feed_id).bind(":kind", record.kind).bind(":record", record.id);
  const bool stands = row(stored);
  if (input->entries.empty()) {
    if (stands) found(finding(feed, *input, "a record without entries"));
    return;
  }
  if (!stands) {
    found(finding(feed, *input, "the record is gone"));
    return;
  }
  const sync::RecordState state = sync::merge(input->entries, input->rulings);
  const std::vector<OpenConflict> conflicts = conflicts_of(state);
  const sync::Bytes encoded = sync::encode_state(state);
  const sync::ByteView held = stored.blob("state");
  const bool equal = std::equal(held.begin(), held.end(), encoded.begin(), encoded.end()) &&
                     stored.text("code") == sync::code_of(state) &&
                     stored.text("custody") == sync::custody_of(state) &&
                     stored.number("conflicts") == conflicts.size() &&
                     stored.flag("missing") == !state.missing.empty() &&
                     stored.integer("updated") == newest_time(input->entries).ms &&
                     !stored.flag("needs_rebuild");
  if (!equal) found(finding(feed, *input, "the record is not the merge of its entries"));
  Statement rows = database_.prepare(
      "SELECT count(*) AS conflicts FROM conflict JOIN record USING (record_id)"
      " WHERE feed_id = :feed_id AND kind = :kind AND record = :record");
  rows.bind(":feed_id", feed_id).bind(":kind", record.kind).bind(":record", record.id);
  if (row(rows) && rows.number("conflicts") != conflicts.size()) {
    found(finding(feed, *input, "the record's conflicts are not those of its state"));
  }
}

}  // namespace tram::store
