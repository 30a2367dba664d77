#include "sync/session/responder.hpp"

#include <algorithm>

#include "sync/feed/merkle.hpp"
#include "sync/limits.hpp"
#include "sync/session/hello.hpp"

namespace tram::sync {

namespace {

// Runs of an offer that chain and are signed.
struct ChainedRun {
  SignedLogHead head;
  std::vector<NewEntry> entries;
};

enum class ChainResult { fits, base_unknown, wrong_signature };

ChainResult chain_run(const LedgerReader& ledger, const PublicKey& device, const EntryRun& run,
                      const std::vector<PlacedRow>& rows, const Signature& signature,
                      ChainedRun& out) {
  const std::vector<Digest> bases = run.first == 0 ? std::vector<Digest>{chain_start(run.log)}
                                                   : ledger.chains_at(run.log, run.first);
  if (bases.empty()) return ChainResult::base_unknown;
  for (const Digest& base : bases) {
    out = {};
    Digest chain = base;
    for (const PlacedRow& row : rows) {
      chain = chain_next(chain, row.name);
      out.entries.push_back(new_entry(row));
      out.entries.back().chain = chain;
    }
    out.head = {run.log, run.first + rows.size(), chain, signature};
    if (verify_log_head(device, out.head)) return ChainResult::fits;
  }
  return ChainResult::wrong_signature;
}

std::uint64_t known_count(const LedgerReader& ledger, const LogId& log, std::uint64_t below) {
  const std::optional<LogState> state = ledger.log(log);
  std::uint64_t count = 0;
  if (!state) return 0;
  for (const LogTip& tip : state->tips) {
    if (tip.count <= below) count = std::max(count, tip.count);
  }
  return count;
}

FeedId unit_of(const LedgerReader& ledger, const LogId& log) {
  const std::optional<LogState> state = ledger.log(log);
  return state ? state->unit : FeedId();
}

}  // namespace

Responder::Responder(DeviceScope scope, ResponderOptions options, const Nonce& nonce,
                     std::vector<Nonce> asked)
    : scope_(std::move(scope)),
      options_(std::move(options)),
      nonce_(nonce),
      asked_(std::move(asked)) {}

Status Responder::check_scope(const ExchangeRequest& request) const {
  const auto may_state = [this](const FeedId& feed) {
    return !scope_.known ||
           std::find(scope_.readable.begin(), scope_.readable.end(), feed) != scope_.readable.end();
  };
  std::set<FeedId> stated;
  for (const FeedStatement& statement : request.feeds) {
    if (!may_state(statement.feed)) {
      return fail(ErrorCode::refused, "this computer is enrolled for another commune");
    }
    if (!stated.insert(statement.feed).second) {
      return fail(ErrorCode::malformed, "request: a feed is stated twice");
    }
  }
  for (const ReturnedPart& part : request.returns) {
    if (!may_state(part.head.feed)) {
      return fail(ErrorCode::refused, "a returned part belongs to another commune");
    }
  }
  return {};
}

Responder::Standing Responder::standing_of(const LedgerReader& ledger,
                                           const FeedStatement& statement,
                                           const ExchangeRequest& request) const {
  const std::uint64_t size = ledger.feed_size(statement.feed);
  const auto has = [&](std::uint64_t at, const Digest& root) {
    return at == 0 || (at <= size && ledger.feed_root(statement.feed, at) == root);
  };
  if (has(statement.size, statement.root)) {
    return {scope_.known ? FeedAnswer::Kind::agrees : FeedAnswer::Kind::closed, statement.size};
  }
  for (const FeedRoots& roots : request.roots) {
    if (roots.feed != statement.feed) continue;
    std::uint64_t agreed = 0;
    for (const SizedRoot& root : roots.roots) {
      if (root.size > agreed && has(root.size, root.root)) agreed = root.size;
    }
    return {FeedAnswer::Kind::agreed_at, agreed};
  }
  return {FeedAnswer::Kind::disagrees, 0};
}

void Responder::judge(const LedgerReader& ledger, const ExchangeRequest& request, Commit& commit) {
  for (const FeedStatement& statement : request.feeds) {
    standings_[statement.feed] = standing_of(ledger, statement, request);
  }
  for (const HeldLog& held : request.held) held_by_node_[held.log] = held.count;
  if (request.hello) judge_hello_of(ledger, *request.hello, commit);
}

void Responder::judge_hello_of(const LedgerReader& ledger, const Hello& hello, Commit& commit) {
  const bool fresh =
      hello.answer && std::find(asked_.begin(), asked_.end(), *hello.answer) != asked_.end();
  const HelloJudgement judgement =
      judge_hello(scope_.device, hello, ledger.lineages(scope_.device), fresh);
  if (judgement.ask) {
    hello_answer_ = HelloAnswer{hello.visit, 0, nonce_};
    return;
  }
  hello_answer_ = HelloAnswer{hello.visit, judgement.update.lineage.count, std::nullopt};
  commit.lineages.push_back(judgement.update);
}

Result<Commit> Responder::accept(const LedgerReader& ledger, const ExchangeRequest& request) {
  if (request.versions.protocol_min > Versions{}.protocol_max) {
    return fail(ErrorCode::refused, "this computer speaks only newer protocols than the hub");
  }
  if (const Status scope = check_scope(request); !scope) return fail(scope.error());
  Commit commit;
  Router router(ledger, commit);
  judge(ledger, request, commit);
  if (const Status taken = take_returns(ledger, request, router, commit); !taken) {
    return fail(taken.error());
  }
  if (const Status taken = take_offers(ledger, request, router, commit); !taken) {
    return fail(taken.error());
  }
  if (const Status taken = take_fills(ledger, request, router, commit); !taken) {
    return fail(taken.error());
  }
  if (const Status read = ledger.status(); !read) return fail(read.error());
  return commit;
}

// The hub's own old signature authenticates every entry, whoever wrote it and whoever brings it.
Status Responder::take_returns(const LedgerReader& ledger, const ExchangeRequest& request,
                               Router& router, Commit& commit) {
  std::map<LogId, FeedId> homes;
  for (const ReturnedPart& part : request.returns) {
    const bool ours =
        std::any_of(options_.hub_keys.begin(), options_.hub_keys.end(),
                    [&](const PublicKey& key) { return verify_head(key, part.head); });
    if (!ours) return fail(ErrorCode::unverified, "a returned head is not signed by this hub");
    const Result<DecodedBatch> batch = decode_batch(part.batch, decoder_for(ledger));
    if (!batch) return fail(batch.error());
    if (batch->unresolved) {
      plain_ = true;
      continue;
    }
    std::vector<PlacedRow> rows;
    std::vector<Digest> leaves;
    for (const EntryRun& run : batch->runs) {
      const auto of_run = rows_of(ledger, run);
      if (!of_run) return fail(ErrorCode::malformed, "a returned part names places only");
      for (const PlacedRow& row : *of_run) {
        rows.push_back(row);
        leaves.push_back(merkle::leaf_hash(row.name));
      }
    }
    if (!merkle::verify_range(part.from, part.head.size, leaves, part.proof, part.head.root)) {
      return fail(ErrorCode::unverified, "a returned part does not stand under its head");
    }
    for (const PlacedRow& row : rows) {
      sent_by_node_.insert(row.name);
      if (is_opening(row)) {
        commit.logs.push_back(log_opened_by(row));
        homes[row.place.log] = commit.logs.back().unit;
      }
      commit.entries.push_back(new_entry(row));
      if (ledger.feed_position(part.head.feed, row.name)) continue;
      const std::optional<HeldEntry> held = row.bytes ? std::nullopt : ledger.entry(row.name);
      const auto [home, unknown] = homes.try_emplace(row.place.log);
      if (unknown) home->second = unit_of(ledger, row.place.log);
      router.restore(part.head.feed, home->second, row.name, row.place,
                     held ? held->bytes : row.bytes);
    }
  }
  return {};
}

Status Responder::take_offers(const LedgerReader& ledger, const ExchangeRequest& request,
                              Router& router, Commit& commit) {
  if (request.offers.empty() || !scope_.known) return {};
  const auto home = standings_.find(scope_.home);
  const bool settled = home == standings_.end() || home->second.kind == FeedAnswer::Kind::agrees;
  if (!settled) return {};  // first what the hub lost, in its order; then what is new
  const Result<DecodedBatch> batch = decode_batch(request.offers, decoder_for(ledger));
  if (!batch) return fail(batch.error());
  plain_ = plain_ || batch->unresolved;
  if (batch->runs.size() > request.signatures.size()) {
    return fail(ErrorCode::malformed, "a run without a signature");
  }
  for (std::size_t i = 0; i < batch->runs.size(); ++i) {
    // Where the batch broke off, the signature covers more than was read: the whole run comes
    // again.
    if (batch->unresolved && i + 1 == batch->runs.size()) break;
    const Status taken =
        take_run(ledger, batch->runs[i], request.signatures[i].signature, router, commit);
    if (!taken) return taken;
  }
  return {};
}

Status Responder::take_run(const LedgerReader& ledger, const EntryRun& run,
                           const Signature& signature, Router& router, Commit& commit) {
  const auto rows = rows_of(ledger, run);
  if (!rows) return fail(ErrorCode::malformed, "an offer names places only");
  const std::optional<LogState> log = ledger.log(run.log);
  const bool known = log && log->device != PublicKey{};
  const NewLog opened = is_opening(rows->front()) ? log_opened_by(rows->front()) : NewLog{};
  const bool names_another = opened.device != PublicKey{} && opened.device != scope_.device;
  if ((known && log->device != scope_.device) || names_another) {
    return fail(ErrorCode::unverified, "a log of another computer");
  }
  // After a rewind the opening tells whose home it was (Router::restore).
  if (!opened.unit.empty() && opened.unit != scope_.home) {
    return fail(ErrorCode::unverified, "a log that was opened for another commune");
  }
  ChainedRun chained;
  switch (chain_run(ledger, scope_.device, run, *rows, signature, chained)) {
    case ChainResult::base_unknown:
      needs_.push_back({run.log, known_count(ledger, run.log, run.first)});
      return {};
    case ChainResult::wrong_signature:
      if (run.first == 0) {
        return fail(ErrorCode::unverified, "a log's head is not signed by its computer");
      }
      needs_.push_back({run.log, 0});  // perhaps another branch: from its beginning
      return {};
    case ChainResult::fits: break;
  }
  if (!known) {
    commit.logs.push_back(
        {run.log, scope_.device, opened.unit.empty() ? scope_.home : opened.unit, false});
  }
  commit.log_heads.push_back(chained.head);
  for (const NewEntry& entry : chained.entries) {
    sent_by_node_.insert(entry.name);
    commit.entries.push_back(entry);
    if (ledger.feed_position(scope_.home, entry.name)) continue;
    router.accept(scope_.home, entry.name, entry.place, entry.bytes);
    if (entry.place.seq != 0) ++accepted_entries_;
  }
  return {};
}

// Bytes of entries that came by name alone: only now can the hub tell what they are about.
Status Responder::take_fills(const LedgerReader& ledger, const ExchangeRequest& request,
                             Router& router, Commit& commit) {
  if (request.fills.empty() || !scope_.known) return {};
  const Result<DecodedBatch> batch = decode_batch(request.fills, decoder_for(ledger));
  if (!batch) return fail(batch.error());
  plain_ = plain_ || batch->unresolved;
  for (const EntryRun& run : batch->runs) {
    const auto rows = rows_of(ledger, run);
    if (!rows) continue;
    for (const PlacedRow& row : *rows) {
      const std::optional<HeldEntry> held = ledger.entry(row.name);
      if (!held || held->bytes || !row.bytes) continue;  // only what was asked for
      if (is_opening(row)) {
        // Who signed the log is known: bytes that name somebody else, the hub above all, are
        // refused.
        const NewLog opened = log_opened_by(row);
        const std::optional<LogState> log = ledger.log(row.place.log);
        if (log && log->device != PublicKey{} && log->device != opened.device) continue;
        commit.logs.push_back(opened);
      }
      commit.entries.push_back(new_entry(row));
      if (ledger.feed_position(scope_.home, row.name)) {
        const FeedId home = unit_of(ledger, row.place.log);
        router.restore(scope_.home, home, row.name, row.place, row.bytes);
      }
    }
  }
  return {};
}

// Sent by its place alone, if that means one entry on both sides.
bool Responder::node_holds(const LedgerReader& ledger, const HeldEntry& entry) const {
  const auto held = held_by_node_.find(entry.place.log);
  const bool says_so = held != held_by_node_.end() && entry.place.seq < held->second;
  return (says_so || sent_by_node_.count(entry.name) != 0) &&
         ledger.names_at(entry.place).size() == 1;
}

FeedAnswer Responder::answer_feed(Instant now, const LedgerReader& ledger, HeadSigner& signer,
                                  const FeedStatement& statement, bool plain, Room& room) const {
  FeedAnswer answer;
  answer.feed = statement.feed;
  const Standing standing = standings_.at(statement.feed);
  answer.kind = standing.kind;
  answer.agreed = standing.agreed;
  if (standing.kind == FeedAnswer::Kind::closed) return answer;
  answer.hub_size = ledger.feed_size(statement.feed);
  if (standing.kind != FeedAnswer::Kind::agrees) return answer;

  RunBuilder runs;
  std::uint64_t size = statement.size;
  const std::vector<Name> names =
      ledger.feed_names(statement.feed, statement.size, limits::frame_entries_max);
  for (const Name& name : names) {
    const std::optional<HeldEntry> entry = ledger.entry(name);
    if (!entry) break;
    Row row = !plain && node_holds(ledger, *entry) ? Row{HeldRows{1}} : row_of(*entry);
    if (!runs.add(entry->place, std::move(row), room)) break;
    ++size;
  }
  const BatchEncoder encoder =
      plain ? plain_encoder() : encoder_for(ledger, statement.feed, statement.size);
  if (!runs.empty()) answer.batch = encode_batch(runs.take(), encoder);
  if (size != statement.size || (size != 0 && statement.epoch != signer.epoch())) {
    const Digest root = ledger.feed_root(statement.feed, size);
    // A reader that failed answers with empty values from then on: they must never be signed.
    if (ledger.status()) answer.head = signer.head(statement.feed, size, root, now);
  }
  return answer;
}

// Many whenever a node has something to tell, one in an idle exchange: what nobody has would make
// each of them large for ever, and what is never asked for never comes. A node that has the one is
// asked for the others when it brings it.
std::vector<Name> Responder::wants(const LedgerReader& ledger,
                                   const ExchangeRequest& request) const {
  std::vector<Name> out;
  const bool idle = request.offers.empty() && request.returns.empty() && request.fills.empty() &&
                    request.wants.size() <= wants_idle;
  if (!scope_.known) return out;
  std::set<Name> known;
  for (const FeedStatement& statement : request.feeds) {
    for (const Name& name : ledger.names_without_bytes(statement.feed, limits::frame_names_max)) {
      if (known.insert(name).second) out.push_back(name);
    }
  }
  return few_of(std::move(out), nonce_[0] * 256U + nonce_[1], idle ? wants_idle : wants_max);
}

Bytes Responder::fills(const LedgerReader& ledger, const std::vector<Name>& wanted,
                       Room& room) const {
  RunBuilder runs;
  for (const Name& name : wanted) {
    const bool readable = std::any_of(
        scope_.readable.begin(), scope_.readable.end(),
        [&](const FeedId& feed) { return ledger.feed_position(feed, name).has_value(); });
    const std::optional<HeldEntry> entry = ledger.entry(name);
    if (!readable || !entry || !entry->bytes) continue;
    if (!runs.add(entry->place, row_of(*entry), room)) break;
  }
  return runs.empty() ? Bytes{} : encode_batch(runs.take(), plain_encoder());
}

ExchangeReply Responder::reply(Instant now, const LedgerReader& ledger, HeadSigner& signer,
                               const ExchangeRequest& request) const {
  ExchangeReply reply;
  reply.hub_time = now;
  reply.come_back_ms = options_.come_back_ms;
  reply.hello = hello_answer_;
  Room room(options_.frame_bytes);
  for (const FeedStatement& statement : request.feeds) {
    reply.feeds.push_back(answer_feed(now, ledger, signer, statement, request.plain, room));
  }
  reply.needs = needs_;
  reply.plain = plain_;
  reply.wants = wants(ledger, request);
  reply.fills = fills(ledger, request.wants, room);
  return reply;
}

}  // namespace tram::sync
