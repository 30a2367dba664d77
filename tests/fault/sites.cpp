// Goal: the fault tests speak of saves, exchanges and deliveries, and not of stores and sessions.
// Method: the engine driven as the programs drive it, on stores whose disks can fail.
#include "tests/fault/sites.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "store/sqlite/database.hpp"
#include "store/sqlite/statement.hpp"
#include "store/verify.hpp"
#include "sync/merge/resolve.hpp"
#include "sync/session/hello.hpp"
#include "sync/wire/frame.hpp"

namespace tram::fault {

using store::ReadUnit;
using store::Statement;
using store::WriteUnit;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

constexpr std::uint32_t dossier_kind = 1;
const sync::FieldTag notes_field{9, "", sync::ValueType::text, sync::Policy::review};
const sync::FieldTag code_field{sync::field_number::code, "", sync::ValueType::code,
                                sync::Policy::latest};
const sync::FieldTag custody_field{sync::field_number::custody, "", sync::ValueType::token,
                                   sync::Policy::authority};
const sync::Bytes store_key(32, 0x5a);

sync::Change change_of(const sync::FieldTag& field, const std::string& text,
                       bool decision = false) {
  return {field, "", decision, sync::encode_text(text)};
}

sync::Edit edit_of(const sync::RecordRef& record, std::vector<sync::Name> parents,
                   sync::Change change) {
  std::sort(parents.begin(), parents.end());
  return {sync::Edit::Target::existing,
          record.kind,
          record.id,
          std::move(parents),
          {std::move(change)}};
}

}  // namespace

Site::Site(store::Role role, std::uint64_t seed)
    : disk(seed),
      home_unit(role == store::Role::node ? home : ""),
      role_(role),
      hub_key_(sync::test::key_from(99)),
      random_(seed) {}

store::StoreOptions Site::options(const simulation::Disk& on) const {
  store::StoreOptions options;
  options.path = on.path("tram.db");
  options.key = store_key;
  options.role = role_;
  options.home_unit = home_unit;
  options.hub_keys = {hub_key_->public_key()};
  options.readers = 1;
  options.background_checkpoints = false;
  options.vfs = simulation::vfs();
  return options;
}

namespace {

// Notes what the store lets out, and lets it go on.
template <class Work>
auto watched(bool& threw, const Work& work) {
  try {
    return work();
  } catch (...) {
    threw = true;
    throw;
  }
}

}  // namespace

Status Site::open() {
  const store::StoreOptions how = options(disk);
  auto opened = watched(store_threw, [&] { return store::Store::open(how); });
  if (!opened) return fail(opened.error());
  store = std::move(*opened);
  return {};
}

Status Site::read(const std::function<Status(const ReadUnit&)>& work) {
  return watched(store_threw, [&] { return store->read(work); });
}

Status Site::write(const std::function<Status(WriteUnit&)>& work) {
  return watched(store_threw, [&] { return store->write(work); });
}

Status Site::rebuild() {
  return write([](WriteUnit& unit) { return unit.rebuild(); });
}

Status Site::apply(const sync::Commit& commit) {
  return write([&](WriteUnit& unit) { return unit.apply(commit); });
}

// --- the node ---

NodeSite::NodeSite(std::uint64_t seed, std::uint64_t key)
    : Site(store::Role::node, seed), key_(sync::test::key_from(key)) {}

Status NodeSite::start() {
  if (const Status opened = open(); !opened) return opened;
  std::optional<sync::VisitState> before;
  const Status seen = read([&](const ReadUnit& unit) {
    before = unit.visit_state();
    return unit.status();
  });
  if (!seen) return seen;
  sync::VisitId visit{};
  random_.fill(visit);
  visit_ = sync::begin_visit(before, visit);
  author_.reset();
  initiator_.reset();
  return {};
}

Status NodeSite::put(std::vector<sync::EntryBody> bodies) {
  std::vector<sync::Name> written;
  const Status saved = write([&](WriteUnit& unit) -> Status {
    if (!author_) {
      const auto newest = unit.newest_own_entry();
      if (const Status read = unit.status(); !read) return read;
      author_.emplace(sync::LogAuthor::Identity{device(), home, newest}, random_);
    }
    sync::Commit commit;
    commit.logs.push_back(author_->log());
    for (sync::EntryBody& body : bodies) {
      now_ms_ += 60'000;
      const sync::Draft draft{
          {now_ms_}, true, sync::Capacity::owner, std::nullopt, std::move(body)};
      const auto entries = author_->write(draft);
      if (!entries) return fail(entries.error());
      commit.entries.insert(commit.entries.end(), entries->begin(), entries->end());
      written.push_back(entries->back().name);
    }
    return unit.apply(commit);
  });
  // The log may have places that are not saved: a new one begins.
  if (!saved) {
    author_.reset();
    return saved;
  }
  frontier_ = std::move(written);
  return {};
}

Status NodeSite::save(const std::string& text) {
  const sync::Edit edit{
      sync::Edit::Target::self, dossier_kind, {}, {}, {change_of(notes_field, text)}};
  if (const Status saved = put({edit}); !saved) return saved;
  newest_ = {dossier_kind, {}};
  std::copy_n(frontier_.front().begin(), newest_->id.size(), newest_->id.begin());
  return {};
}

Status NodeSite::import(int count) {
  std::vector<sync::EntryBody> bodies;
  for (int i = 0; i < count; ++i) {
    const std::string code = "H36.49-250701-" + std::to_string(++imported_);
    bodies.emplace_back(
        sync::Edit{sync::Edit::Target::created_as,
                   dossier_kind,
                   sync::imported_record_id(home, code),
                   {},
                   {change_of(code_field, code), change_of(notes_field, "from the portal")}});
  }
  return put(std::move(bodies));
}

Status NodeSite::disagree() {
  if (!newest_) return save("a dossier to disagree about");
  const auto parents = frontier_.size() == 1 ? frontier_ : std::vector<sync::Name>{};
  return put({edit_of(*newest_, parents, change_of(notes_field, "one reading")),
              edit_of(*newest_, parents, change_of(notes_field, "another reading"))});
}

Status NodeSite::decide() {
  if (!newest_) return save("a dossier to decide");
  return put({edit_of(*newest_, frontier_, change_of(notes_field, "decided", true))});
}

Status NodeSite::transfer() {
  if (!newest_) return save("a dossier to hand over");
  return put({edit_of(*newest_, frontier_, change_of(custody_field, elsewhere))});
}

void NodeSite::begin_session() {
  sync::InitiatorOptions session;
  session.home = home;
  session.hub_key = hub_key_->public_key();
  initiator_.emplace(session, *key_, visit_);
}

Result<sync::Bytes> NodeSite::next_request() {
  if (!initiator_) begin_session();
  sync::Ask ask;
  const Status seen = read([&](const ReadUnit& unit) {
    ask = initiator_->next_request(unit);
    return unit.status();
  });
  if (!seen) return fail(seen.error());
  if (!ask.commit.empty()) {
    if (const Status saved = apply(ask.commit); !saved) return fail(saved.error());
  }
  return sync::pack_frame(sync::FrameKind::request, sync::encode_message(ask.request));
}

Status NodeSite::take_reply(sync::ByteView frame) {
  const auto message = sync::unpack_frame(sync::FrameKind::reply, frame);
  if (!message) return fail(message.error());
  const auto reply = sync::decode_reply(*message);
  if (!reply) return fail(reply.error());
  const Status taken = write([&](WriteUnit& unit) -> Status {
    const auto commit = initiator_->on_reply(unit, *reply);
    if (!commit) return fail(commit.error());
    return unit.apply(*commit);
  });
  if (taken) visit_ = initiator_->visit();
  return taken;
}

// --- the hub ---

HubSite::HubSite(std::uint64_t seed) : Site(store::Role::hub, seed) {}

Status HubSite::start() {
  if (const Status opened = open(); !opened) return opened;
  sync::HeadSigner::Bases bases;
  const Status seen = read([&](const ReadUnit& unit) {
    for (const store::FeedRow& feed : unit.feeds()) {
      bases[feed.feed] = {feed.size, unit.feed_root(feed.feed, feed.size)};
    }
    return unit.status();
  });
  if (seen) signer_.emplace(*hub_key_, std::move(bases), random_);
  return seen;
}

namespace {

Result<sync::ExchangeRequest> unpack(sync::ByteView frame) {
  const auto message = sync::unpack_frame(sync::FrameKind::request, frame);
  if (!message) return fail(message.error());
  auto request = sync::decode_request(*message);
  if (!request) return fail(request.error());
  return std::move(*request);
}

}  // namespace

Status HubSite::take(WriteUnit& unit, const sync::PublicKey& device,
                     const sync::ExchangeRequest& request) {
  return unit.savepoint([&](WriteUnit& part) -> Status {
    sync::ResponderOptions answers;
    answers.hub_keys = {hub_key_->public_key()};
    sync::Nonce nonce{};
    random_.fill(nonce);
    const sync::DeviceScope scope{device, home, {sync::province_feed, home}, true};
    responder_.emplace(scope, answers, nonce, std::vector<sync::Nonce>{});
    const auto commit = responder_->accept(part, request);
    if (!commit) return fail(commit.error());
    return part.apply(*commit);
  });
}

Status HubSite::accept(const sync::PublicKey& device, sync::ByteView frame) {
  auto request = unpack(frame);
  if (!request) return fail(request.error());
  const Status taken = write([&](WriteUnit& unit) { return take(unit, device, *request); });
  if (taken) request_ = std::move(*request);
  return taken;
}

Status HubSite::accept_both(const sync::PublicKey& first, sync::ByteView first_frame,
                            const sync::PublicKey& second, sync::ByteView second_frame) {
  const auto request = unpack(first_frame);
  const auto other = unpack(second_frame);
  if (!request || !other) return fail((request ? other : request).error());
  Status failed;
  const Status committed = write([&](WriteUnit& unit) -> Status {
    if (Status taken = take(unit, first, *request); !taken) failed = std::move(taken);
    if (Status taken = take(unit, second, *other); !taken) failed = std::move(taken);
    return {};
  });
  return committed ? failed : committed;
}

Result<sync::Bytes> HubSite::reply() {
  sync::ExchangeReply answer;
  now_ms_ += 1000;
  const Status seen = read([&](const ReadUnit& unit) {
    answer = responder_->reply({now_ms_}, unit, *signer_, *request_);
    return unit.status();
  });
  if (!seen) return fail(seen.error());
  return sync::pack_frame(sync::FrameKind::reply, sync::encode_message(answer));
}

Status HubSite::deliver() {
  return write([](WriteUnit& unit) -> Status {
    sync::Commit commit;
    for (const store::Delivery& due : unit.deliveries(512)) {
      commit.appends.push_back({due.feed, due.name});
    }
    return commit.appends.empty() ? Status() : unit.apply(commit);
  });
}

// --- judging ---

namespace {

struct Query {
  std::string text;
  bool of_sessions = false;
};

// Every table of the schema, as one text a row. The queries are made once: the schema is the same
// in every store.
Result<std::vector<Query>> queries_of(store::Database& database) {
  std::vector<Query> queries;
  Statement columns = database.prepare(
      "SELECT m.name AS tbl, group_concat('quote(' || c.name || ')', '||'',''||') AS list"
      " FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c"
      " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' GROUP BY m.name");
  for (;;) {
    const auto row = columns.step();
    if (!row) return fail(row.error());
    if (!*row) return queries;
    const std::string table = columns.text("tbl");
    queries.push_back(
        {"SELECT " + columns.text("list") + " AS line FROM " + table +
             (table == "meta" ? " WHERE key NOT LIKE 'store.%' AND key <> 'test.probe'" : ""),
         table == "run_state" || table == "lineage"});
  }
}

std::uint64_t mix(std::uint64_t sum, std::string_view text) {
  for (const char letter : text) {
    sum = (sum ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
  }
  return (sum ^ (sum >> 29U)) * 0xbf58476d1ce4e5b9U;
}

}  // namespace

Result<std::uint64_t> fingerprint(store::Store& store, Tables tables) {
  static std::vector<Query> queries;
  std::uint64_t sum = 0xcbf29ce484222325U;
  const Status read = store.read([&](const ReadUnit& unit) -> Status {
    if (queries.empty()) {
      auto made = queries_of(unit.database());
      if (!made) return fail(made.error());
      queries = std::move(*made);
    }
    for (const Query& query : queries) {
      if (tables != Tables::all && query.of_sessions != (tables == Tables::sessions)) continue;
      sum = mix(sum, query.text);
      Statement rows = unit.database().prepare(query.text);
      for (;;) {
        const auto row = rows.step();
        if (!row) return fail(row.error());
        if (!*row) break;
        sum = mix(sum, rows.text("line"));
      }
    }
    return {};
  });
  if (!read) return fail(read.error());
  return sum;
}

Result<Findings> audit(store::Store& store) {
  Findings findings;
  const auto pages = store::check_pages(store);
  if (!pages) return fail(pages.error());
  if (!pages->empty()) return Findings{pages->size(), pages->front().message};
  const Status read = store.read([&](const ReadUnit& unit) -> Status {
    const auto report = store::verify(unit, {});
    if (!report) return fail(report.error());
    findings.errors = report->errors;
    for (const store::Finding& finding : report->findings) {
      if (!finding.information && findings.first.empty()) findings.first = finding.message;
    }
    return {};
  });
  if (!read) return fail(read.error());
  return findings;
}

}  // namespace tram::fault
