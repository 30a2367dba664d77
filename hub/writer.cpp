#include "hub/writer.hpp"

#include "store/record_export.hpp"

namespace tram::hub {

using sync::fail;

sync::Status HubWriter::create_record(store::WriteUnit& unit, const sync::FeedId& feed,
                                      std::uint32_t kind, std::vector<sync::Change> changes) {
  sync::Edit edit;
  edit.target = sync::Edit::Target::self;
  edit.kind = kind;
  edit.changes = std::move(changes);
  return write(unit, feed, std::move(edit));
}

sync::Status HubWriter::edit_record(store::WriteUnit& unit, const sync::FeedId& feed,
                                    const store::RecordRow& row,
                                    std::vector<sync::Change> changes) {
  const sync::Result<store::FieldValues> values = store::FieldValues::of(row);
  if (!values) return fail(values.error());
  sync::Edit edit;
  edit.kind = row.record.kind;
  edit.id = row.record.id;
  edit.parents.assign(values->frontier().begin(), values->frontier().end());
  edit.changes = std::move(changes);
  return write(unit, feed, std::move(edit));
}

sync::Status HubWriter::write(store::WriteUnit& unit, const sync::FeedId& feed,
                              sync::EntryBody body) {
  auto author = authors_.find(feed);
  if (author == authors_.end()) {
    const sync::LogAuthor::Identity identity{key_.public_key(), feed, unit.newest_own_entry()};
    sync::LogAuthor fresh(identity, random_);
    // As at a node: a hub that was copied with its memory draws a log that stands already.
    while (unit.log(fresh.log().log)) fresh = sync::LogAuthor(identity, random_);
    author = authors_.emplace(feed, std::move(fresh)).first;
  }
  const sync::Draft draft{clock_.now(), true, sync::Capacity::province, std::nullopt,
                          std::move(body)};
  const sync::Result<std::vector<sync::NewEntry>> entries = author->second.write(draft);
  if (!entries) return fail(entries.error());
  sync::Commit commit;
  commit.logs.push_back(author->second.log());
  commit.entries = *entries;
  commit.log_heads.push_back(author->second.head(key_));
  sync::Router router(unit, commit);
  for (const sync::NewEntry& entry : *entries) {
    router.accept(feed, entry.name, entry.place, entry.bytes);
  }
  return unit.apply(commit);
}

}  // namespace tram::hub
