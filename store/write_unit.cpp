#include "store/write_unit.hpp"

#include "store/feed_writer.hpp"
#include "store/index.hpp"
#include "store/ledger_writer.hpp"
#include "store/projection.hpp"
#include "store/session_writer.hpp"
#include "store/sqlite/transaction.hpp"

namespace tram::store {

using sync::Status;

namespace {

template <class List, class Put>
Status put_all(const List& list, const Put& put) {
  for (const auto& item : list) {
    if (const Status done = put(item); !done) return done;
  }
  return {};
}

Status write_ledger(Database& database, const Context& context, const sync::Commit& commit,
                    Touched& touched) {
  LedgerWriter ledger(database, context, touched);
  const auto put = [&](const auto& item) { return ledger.put(item); };
  if (const Status done = put_all(commit.logs, put); !done) return done;
  if (const Status done = put_all(commit.entries, put); !done) return done;
  return put_all(commit.log_heads, put);
}

Status write_feeds(Database& database, const Context& context, const sync::Commit& commit,
                   Touched& touched) {
  FeedWriter feeds(database, context, touched);
  const auto cut = [&](const sync::FeedCut& item) { return feeds.cut(item); };
  const auto append = [&](const sync::FeedAppend& item) { return feeds.append(item); };
  const auto deliver = [&](const sync::FeedAppend& item) { return feeds.deliver(item); };
  const auto hold = [&](const auto& item) { return feeds.hold(item.first, item.second); };
  const auto put = [&](const sync::SignedHead& item) { return feeds.put(item); };
  const auto returned = [&](const auto& item) { return feeds.returned(item.first, item.second); };
  if (const Status done = put_all(commit.cuts, cut); !done) return done;
  if (const Status done = put_all(commit.appends, append); !done) return done;
  if (const Status done = put_all(commit.deliveries, deliver); !done) return done;
  if (const Status done = put_all(commit.holders, hold); !done) return done;
  if (const Status done = put_all(commit.heads, put); !done) return done;
  return put_all(commit.returned, returned);
}

}  // namespace

WriteUnit::WriteUnit(Database& database, const Context& context) : ReadUnit(database, context) {}

Status WriteUnit::apply(const sync::Commit& commit) {
  Savepoint part(database_);
  if (const Status begun = part.begin(); !begun) return begun;
  Touched touched;
  if (const Status done = write_ledger(database_, context_, commit, touched); !done) return done;
  if (const Status done = write_feeds(database_, context_, commit, touched); !done) return done;
  const auto put = [&](const auto& item) { return write_session(database_, item); };
  if (const Status done = put_all(commit.lineages, put); !done) return done;
  if (commit.visit_state) {
    if (const Status done = write_session(database_, *commit.visit_state); !done) return done;
  }
  erased_bytes_ = erased_bytes_ || touched.erased();
  if (const Status done = Projection(database_, context_).follow(touched); !done) return done;
  return part.release();
}

Status WriteUnit::savepoint(const std::function<Status(WriteUnit&)>& work) {
  Savepoint part(database_);
  if (const Status begun = part.begin(); !begun) return begun;
  if (const Status done = work(*this); !done) return done;
  if (const Status read = status(); !read) return read;
  return part.release();
}

Status WriteUnit::drop_delivery(const Delivery& delivery) {
  Touched nothing;
  return FeedWriter(database_, context_, nothing).drop_delivery({delivery.feed, delivery.name});
}

Status WriteUnit::set_meta(std::string_view key, sync::ByteView value) {
  return database_
      .prepare(
          "INSERT INTO meta (key, value) VALUES (:key, :value)"
          " ON CONFLICT (key) DO UPDATE SET value = excluded.value")
      .bind_text(":key", key)
      .bind(":value", value)
      .run();
}

Status WriteUnit::drop_meta(std::string_view key) {
  return database_.prepare("DELETE FROM meta WHERE key = :key").bind_text(":key", key).run();
}

Status WriteUnit::add_hub_key(const sync::PublicKey& key) {
  Savepoint part(database_);
  if (const Status begun = part.begin(); !begun) return begun;
  const Status added = database_.prepare("INSERT OR IGNORE INTO hub_key (device) VALUES (:device)")
                           .bind(":device", key)
                           .run();
  if (!added) return added;
  if (database_.changes() != 0) {
    Touched touched;
    Index index(database_, context_, touched);
    std::vector<std::int64_t> logs;
    Statement statement = database_.prepare("SELECT log_id FROM log WHERE device = :device");
    statement.bind(":device", key);
    while (row(statement)) logs.push_back(statement.integer("log_id"));
    if (const Status read = status(); !read) return read;
    for (const std::int64_t log_id : logs) {
      if (const Status known = index.log_is_known(log_id); !known) return known;
    }
    erased_bytes_ = erased_bytes_ || touched.erased();
    if (const Status done = Projection(database_, context_).follow(touched); !done) return done;
  }
  return part.release();
}

Status WriteUnit::rebuild(const Progress& progress) {
  Savepoint part(database_);
  if (const Status begun = part.begin(); !begun) return begun;
  const auto step = [&](std::string_view name) {
    return [&progress, name](std::uint64_t done) {
      if (progress) progress(name, done, 0);
    };
  };
  Touched touched;
  touched.mute();
  erased_bytes_ = true;  // what counts as erased may be more than before
  if (const Status read = Index(database_, context_, touched).rebuild(step("entries")); !read) {
    return read;
  }
  if (const Status done = Projection(database_, context_).rebuild(step("records")); !done) {
    return done;
  }
  return part.release();
}

}  // namespace tram::store
