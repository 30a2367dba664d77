#include "tests/support/sync_pair.hpp"

#include <algorithm>

#include "sync/core/assert.hpp"
#include "sync/feed/merkle.hpp"
#include "sync/session/hello.hpp"
#include "sync/wire/frame.hpp"

namespace tram::sync::test {

namespace {

constexpr std::uint32_t dossier_kind = 1;
const FieldTag notes_field{9, "", ValueType::text, Policy::review};
const FieldTag code_field{field_number::code, "", ValueType::code, Policy::latest};
const FieldTag custody_field{field_number::custody, "", ValueType::token, Policy::authority};

Change text_change(const FieldTag& field, const std::string& text) {
  return {field, "", false, encode_text(text)};
}

}  // namespace

// --- randomness and keys ---

std::uint64_t SeededRandom::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
}

std::shared_ptr<const SigningKey> key_from(std::uint64_t seed) {
  ByteArray<32> bytes{};
  SeededRandom(seed).fill(bytes);
  Result<SigningKey> key = SigningKey::from_seed(bytes);
  TRAM_ASSERT(key.has_value());
  return std::make_shared<const SigningKey>(std::move(*key));
}

Edit notes_edit(const RecordRef& record, std::vector<Name> parents, const std::string& text) {
  return {Edit::Target::existing,
          record.kind,
          record.id,
          std::move(parents),
          {text_change(notes_field, text)}};
}

// --- the hub ---

TestHub::TestHub(std::uint64_t seed)
    : ledger(MemoryLedger::Options{}), key_(key_from(seed)), random_(seed + 1) {
  wipe();
}

void TestHub::wipe() {
  ledger = MemoryLedger(MemoryLedger::Options{"", {key_->public_key()}});
  start();
}

void TestHub::restore(const MemoryLedger& copy) {
  ledger = copy;
  start();
}

void TestHub::start() {
  HeadSigner::Bases bases;
  for (const FeedId& feed : ledger.feeds()) {
    const std::uint64_t size = ledger.feed_size(feed);
    bases[feed] = {size, ledger.feed_root(feed, size)};
  }
  signer_.emplace(*key_, std::move(bases), random_);
  asked_.clear();
  authors_.clear();
}

void TestHub::enrol(const PublicKey& device, const FeedId& home) {
  homes_[device] = home;
}

Result<Bytes> TestHub::handle(const PublicKey& device, ByteView frame) {
  const Result<Bytes> message = unpack_frame(FrameKind::request, frame);
  if (!message) return fail(message.error());
  const Result<ExchangeRequest> request = decode_request(*message);
  if (!request) return fail(request.error());
  DeviceScope scope{device, "", {}, false};
  if (const auto home = homes_.find(device); home != homes_.end()) {
    scope.home = home->second;
    scope.readable = {province_feed, scope.home};
    scope.known = true;
  }
  ResponderOptions options;
  options.frame_bytes = frame_bytes;
  options.hub_keys = {public_key()};
  Nonce nonce{};
  random_.fill(nonce);
  std::vector<Nonce>& asked = asked_[device];
  Responder responder(scope, options, nonce, asked);
  const Result<Commit> commit = responder.accept(ledger, *request);
  if (!commit) return fail(commit.error());
  ledger.apply(*commit);
  for (const LineageUpdate& update : commit->lineages) {
    if (update.opened || update.copied) told.push_back(update);
  }
  const ExchangeReply reply = responder.reply(tick(), ledger, *signer_, *request);
  if (request->hello && request->hello->answer) {
    asked.erase(std::remove(asked.begin(), asked.end(), *request->hello->answer), asked.end());
  }
  if (reply.hello && reply.hello->nonce) asked.push_back(*reply.hello->nonce);
  if (delivers) deliver_all();
  return pack_frame(FrameKind::reply, encode_message(reply), {3});
}

void TestHub::deliver_all() {
  while (ledger.deliver(16)) continue;
}

Name TestHub::write(const FeedId& feed, EntryBody body) {
  auto author = authors_.find(feed);
  if (author == authors_.end()) {
    LogAuthor::Identity identity{public_key(), "province", std::nullopt};
    author = authors_.emplace(feed, LogAuthor(identity, random_)).first;
  }
  Draft draft{tick(), true, Capacity::province, std::nullopt, std::move(body)};
  const Result<std::vector<NewEntry>> written = author->second.write(draft);
  TRAM_ASSERT(written.has_value());
  Commit commit;
  Router router(ledger, commit);
  commit.logs.push_back({author->second.log().log, public_key(), "province", false});
  for (const NewEntry& entry : *written) {
    commit.entries.push_back(entry);
    router.accept(feed, entry.name, entry.place, entry.bytes);
  }
  ledger.apply(commit);
  if (delivers) deliver_all();
  return written->back().name;
}

// --- the node ---

TestNode::TestNode(std::uint64_t seed, FeedId home, const TestHub& hub)
    : unit(std::move(home)),
      ledger(MemoryLedger::Options{unit, {hub.public_key()}}),
      key_(key_from(seed)),
      hub_key_(hub.public_key()),
      random_(seed + 1) {
  restart();
}

void TestNode::restart() {
  VisitId visit{};
  random_.fill(visit);
  visit_ = begin_visit(ledger.visit_state(), visit);
  sessions_ = 0;
  author_.reset();
  initiator_.reset();
}

Name TestNode::write(EntryBody body) {
  if (!author_) {
    author_.emplace(LogAuthor::Identity{device(), unit, ledger.newest_own_entry()}, random_);
  }
  now.ms += 60'000;
  Draft draft{now, false, Capacity::owner, std::nullopt, std::move(body)};
  const Result<std::vector<NewEntry>> written = author_->write(draft);
  TRAM_ASSERT(written.has_value());
  Commit commit;
  commit.logs.push_back(author_->log());
  commit.entries = *written;
  ledger.apply(commit);
  return written->back().name;
}

RecordRef TestNode::create(const std::string& text) {
  Edit edit{Edit::Target::self, dossier_kind, {}, {}, {text_change(notes_field, text)}};
  return *ledger.record_of(write(edit));
}

RecordRef TestNode::import(const std::string& code) {
  Edit edit{Edit::Target::created_as,
            dossier_kind,
            imported_record_id(unit, code),
            {},
            {text_change(code_field, code), text_change(notes_field, "imported")}};
  return *ledger.record_of(write(edit));
}

std::vector<Name> TestNode::frontier(const RecordRef& record) const {
  std::set<Name> newest;
  std::set<Name> older;
  for (const Name& name : ledger.all_names()) {
    if (ledger.record_of(name) != record) continue;
    const Result<Entry> entry = decode_entry(ledger.entry(name)->bytes.value_or(Bytes{}));
    if (!entry) continue;
    newest.insert(name);
    if (const auto* edit = std::get_if<Edit>(&entry->body)) {
      older.insert(edit->parents.begin(), edit->parents.end());
    }
  }
  std::vector<Name> out;
  std::set_difference(newest.begin(), newest.end(), older.begin(), older.end(),
                      std::back_inserter(out));
  if (out.size() > 8) out.resize(8);
  return out;
}

Name TestNode::edit(const RecordRef& record, const std::string& text) {
  return write(notes_edit(record, frontier(record), text));
}

Name TestNode::transfer(const RecordRef& record, const FeedId& to) {
  Edit edit{Edit::Target::existing,
            record.kind,
            record.id,
            frontier(record),
            {text_change(custody_field, to)}};
  return write(edit);
}

void TestNode::begin_session(bool unanswered) {
  InitiatorOptions options;
  options.home = unit;
  options.hub_key = hub_key_;
  options.frame_bytes = frame_bytes;
  options.unanswered = unanswered;
  options.first = sessions_ == 0;
  options.turn = sessions_++;
  if (visit_.acknowledged) {
    VisitId visit{};
    random_.fill(visit);
    visit_ = begin_visit(visit_, visit);
  }
  initiator_.emplace(options, *key_, visit_);
}

Bytes TestNode::request_frame() {
  const Ask ask = initiator_->next_request(ledger);
  ledger.apply(ask.commit);
  visit_ = initiator_->visit();
  return pack_frame(FrameKind::request, encode_message(ask.request), {3});
}

Status TestNode::take_reply_frame(ByteView frame) {
  const Result<Bytes> message = unpack_frame(FrameKind::reply, frame);
  if (!message) return fail(message.error());
  const Result<ExchangeReply> reply = decode_reply(*message);
  if (!reply) return fail(reply.error());
  const Result<Commit> commit = initiator_->on_reply(ledger, *reply);
  if (!commit) return fail(commit.error());
  ledger.apply(*commit);
  visit_ = initiator_->visit();
  if (initiator_->copied()) author_.reset();  // the log has a second branch: it ends here
  return {};
}

// --- both ---

namespace {

Status exchange_once(TestNode& node, TestHub& hub, Outcome& outcome) {
  ++outcome.exchanges;
  const Bytes request = node.request_frame();
  outcome.bytes_up += request.size();
  const Result<Bytes> reply = hub.handle(node.device(), request);
  if (!reply) return fail(reply.error());
  outcome.bytes_down += reply->size();
  return node.take_reply_frame(*reply);
}

void finish(TestNode& node, Outcome& outcome) {
  outcome.synced = node.session().synced();
  outcome.hub_went_back = node.session().hub_went_back();
  outcome.counts = node.session().counts();
}

}  // namespace

Outcome exchange(TestNode& node, TestHub& hub) {
  Outcome outcome;
  outcome.status = exchange_once(node, hub, outcome);
  finish(node, outcome);
  return outcome;
}

Outcome synchronise(TestNode& node, TestHub& hub) {
  constexpr std::size_t exchanges_max = 10'000;
  Outcome outcome;
  node.begin_session();
  do {
    outcome.status = exchange_once(node, hub, outcome);
    TRAM_ASSERT(outcome.exchanges < exchanges_max);
  } while (outcome.status && !node.session().done());
  finish(node, outcome);
  return outcome;
}

}  // namespace tram::sync::test
