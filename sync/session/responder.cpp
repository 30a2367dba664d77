#include "sync/session/responder.hpp"

#include <algorithm>

#include "sync/feed/merkle.hpp"
#include "sync/limits.hpp"
#include "sync/session/hello.hpp"
#include "sync/session/routing.hpp"
#include "sync/session/runs.hpp"

namespace tram::sync {

namespace {

constexpr std::size_t wants_max = 512;

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

}  // namespace

Responder::Responder(DeviceScope scope, ResponderOptions options, const Nonce& nonce,
                     std::vector<Nonce> asked)
    : scope_(std::move(scope)),
      options_(std::move(options)),
      nonce_(nonce),
      asked_(std::move(asked)) {}

Status Responder::check_scope(const ExchangeRequest& request) const {
  if (!scope_.known) return {};
  const auto may_read = [this](const FeedId& feed) {
    return std::find(scope_.readable.begin(), scope_.readable.end(), feed) != scope_.readable.end();
  };
  const auto refused = [] {
    return fail(ErrorCode::refused, "this computer is enrolled for another commune");
  };
  for (const FeedStatement& statement : request.feeds) {
    if (!may_read(statement.feed)) return refused();
  }
  for (const ReturnedPart& part : request.returns) {
    if (!may_read(part.head.feed)) return refused();
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
  if (has(statement.size, statement.root)) return {FeedAnswer::Kind::agrees, statement.size};
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
  if (!request.hello) return;
  const Hello& hello = *request.hello;
  const bool fresh =
      hello.answer && std::find(asked_.begin(), asked_.end(), *hello.answer) != asked_.end();
  const HelloJudgement judgement =
      judge_hello(scope_.device, hello, ledger.lineages(scope_.device), fresh);
  if (judgement.ask) {
    hello_answer_ = HelloAnswer{hello.run, 0, nonce_};
    return;
  }
  hello_answer_ = HelloAnswer{hello.run, judgement.update.lineage.count, std::nullopt};
  commit.lineages.push_back(judgement.update);
}

Result<Commit> Responder::accept(const LedgerReader& ledger, const ExchangeRequest& request) {
  if (request.versions.protocol_min > Versions{}.protocol_max) {
    return fail(ErrorCode::refused, "this computer speaks only newer protocols than the hub");
  }
  if (const Status scope = check_scope(request); !scope) return fail(scope.error());
  Commit commit;
  judge(ledger, request, commit);
  if (const Status taken = take_returns(ledger, request, commit); !taken) {
    return fail(taken.error());
  }
  if (const Status taken = take_offers(ledger, request, commit); !taken) {
    return fail(taken.error());
  }
  if (const Status taken = take_fills(ledger, request, commit); !taken) return fail(taken.error());
  if (const Status read = ledger.status(); !read) return fail(read.error());
  return commit;
}

// The hub's own old signature authenticates every entry, whoever wrote it and whoever brings it.
Status Responder::take_returns(const LedgerReader& ledger, const ExchangeRequest& request,
                               Commit& commit) {
  Router router(ledger, commit);
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
      if (is_opening(row)) commit.logs.push_back(log_opened_by(row));
      commit.entries.push_back(new_entry(row));
      if (!ledger.feed_position(part.head.feed, row.name)) {
        router.accept(part.head.feed, row.name, row.place, row.bytes);
      }
    }
  }
  return {};
}

Status Responder::take_offers(const LedgerReader& ledger, const ExchangeRequest& request,
                              Commit& commit) {
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
  Router router(ledger, commit);
  for (std::size_t i = 0; i < batch->runs.size(); ++i) {
    // Where the batch broke off, the signature covers more than was read: the whole run comes
    // again.
    if (batch->unresolved && i + 1 == batch->runs.size()) break;
    const EntryRun& run = batch->runs[i];
    const auto rows = rows_of(ledger, run);
    const std::optional<LogState> log = ledger.log(run.log);
    const bool foreign = log && log->device != scope_.device && log->device != PublicKey{};
    if (!rows || foreign) return fail(ErrorCode::unverified, "a log of another computer");
    ChainedRun chained;
    switch (
        chain_run(ledger, scope_.device, run, *rows, request.signatures[i].signature, chained)) {
      case ChainResult::base_unknown:
        needs_.push_back({run.log, known_count(ledger, run.log, run.first)});
        continue;
      case ChainResult::wrong_signature:
        if (run.first == 0) {
          return fail(ErrorCode::unverified, "a log's head is not signed by its computer");
        }
        needs_.push_back({run.log, 0});  // perhaps another branch: from its beginning
        continue;
      case ChainResult::fits: break;
    }
    if (!log || log->device == PublicKey{}) {
      NewLog opened = is_opening(rows->front()) ? log_opened_by(rows->front()) : NewLog{};
      commit.logs.push_back(
          {run.log, scope_.device, opened.unit.empty() ? scope_.home : opened.unit, false});
    }
    std::uint64_t& held = held_by_node_[run.log];
    held = std::max(held, chained.head.count);
    commit.log_heads.push_back(chained.head);
    for (const NewEntry& entry : chained.entries) {
      commit.entries.push_back(entry);
      if (ledger.feed_position(scope_.home, entry.name)) continue;
      router.accept(scope_.home, entry.name, entry.place, entry.bytes);
      if (entry.place.seq != 0) ++accepted_entries_;
    }
  }
  return {};
}

Status Responder::take_fills(const LedgerReader& ledger, const ExchangeRequest& request,
                             Commit& commit) {
  if (request.fills.empty()) return {};
  const Result<DecodedBatch> batch = decode_batch(request.fills, decoder_for(ledger));
  if (!batch) return fail(batch.error());
  plain_ = plain_ || batch->unresolved;
  for (const EntryRun& run : batch->runs) {
    const auto rows = rows_of(ledger, run);
    if (!rows) continue;
    for (const PlacedRow& row : *rows) {
      const std::optional<HeldEntry> held = ledger.entry(row.name);
      if (!held || held->bytes || !row.bytes) continue;  // only what was asked for
      if (is_opening(row)) commit.logs.push_back(log_opened_by(row));
      commit.entries.push_back(new_entry(row));
    }
  }
  return {};
}

FeedAnswer Responder::answer_feed(Instant now, const LedgerReader& ledger, HeadSigner& signer,
                                  const FeedStatement& statement, bool plain) const {
  FeedAnswer answer;
  answer.feed = statement.feed;
  answer.hub_size = ledger.feed_size(statement.feed);
  const Standing standing = standings_.at(statement.feed);
  answer.kind = standing.kind;
  answer.agreed = standing.agreed;
  if (standing.kind != FeedAnswer::Kind::agrees) return answer;
  if (!scope_.known) {
    answer.hub_size = statement.size;  // nothing beyond what it has itself
    return answer;
  }

  RunBuilder runs;
  std::size_t weight = 0;
  std::uint64_t taken = 0;
  const std::vector<Name> names =
      ledger.feed_names(statement.feed, statement.size, limits::frame_entries_max);
  for (const Name& name : names) {
    const std::optional<HeldEntry> entry = ledger.entry(name);
    if (!entry) break;
    const auto held = held_by_node_.find(entry->place.log);
    const bool node_has = !plain && held != held_by_node_.end() &&
                          entry->place.seq < held->second &&
                          ledger.names_at(entry->place).size() == 1;
    Row row = node_has ? Row{HeldRows{1}} : row_of(*entry);
    weight += node_has ? 0 : weight_of(row);
    if (weight > options_.frame_bytes && taken != 0) break;
    runs.add(entry->place, std::move(row));
    ++taken;
  }
  const std::uint64_t size = statement.size + taken;
  const BatchEncoder encoder =
      plain ? plain_encoder() : encoder_for(ledger, statement.feed, statement.size);
  if (taken != 0) answer.batch = encode_batch(runs.take(), encoder);
  if (size != 0 && (taken != 0 || statement.epoch != signer.epoch())) {
    answer.head = signer.head(statement.feed, size, ledger.feed_root(statement.feed, size), now);
  }
  return answer;
}

ExchangeReply Responder::reply(Instant now, const LedgerReader& ledger, HeadSigner& signer,
                               const ExchangeRequest& request) const {
  ExchangeReply reply;
  reply.hub_time = now;
  reply.come_back_ms = options_.come_back_ms;
  reply.hello = hello_answer_;
  for (const FeedStatement& statement : request.feeds) {
    reply.feeds.push_back(answer_feed(now, ledger, signer, statement, request.plain));
  }
  reply.needs = needs_;
  reply.plain = plain_;
  for (const FeedStatement& statement : request.feeds) {
    const std::vector<Name> wanted = ledger.names_without_bytes(statement.feed, wants_max);
    reply.wants.insert(reply.wants.end(), wanted.begin(), wanted.end());
  }
  RunBuilder fills;
  std::size_t weight = 0;
  for (const Name& name : request.wants) {
    const bool readable = std::any_of(
        scope_.readable.begin(), scope_.readable.end(),
        [&](const FeedId& feed) { return ledger.feed_position(feed, name).has_value(); });
    const std::optional<HeldEntry> entry = ledger.entry(name);
    if (!readable || !entry || !entry->bytes) continue;
    Row row = row_of(*entry);
    weight += weight_of(row);
    if (weight > options_.frame_bytes && !fills.empty()) break;
    fills.add(entry->place, std::move(row));
  }
  if (!fills.empty()) reply.fills = encode_batch(fills.take(), plain_encoder());
  return reply;
}

}  // namespace tram::sync
