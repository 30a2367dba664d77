#include "sync/session/initiator.hpp"

#include <algorithm>

#include "sync/core/assert.hpp"
#include "sync/feed/merkle.hpp"
#include "sync/ledger/chain.hpp"
#include "sync/limits.hpp"
#include "sync/session/hello.hpp"
#include "sync/session/runs.hpp"

namespace tram::sync {

namespace {

// Exchanges that change nothing on either side. One may (a nonce, roots); more are a fault.
constexpr unsigned idle_exchanges_max = 6;
constexpr std::size_t wants_max = 512;

}  // namespace

Initiator::Initiator(InitiatorOptions options, const SigningKey& device, RunState run)
    : options_(std::move(options)),
      device_(device),
      run_(std::move(run)),
      feeds_{province_feed, options_.home} {
  for (const FeedId& feed : feeds_) progress_[feed];
}

Ask Initiator::next_request(const LedgerReader& ledger) {
  Ask ask;
  ExchangeRequest& request = ask.request;
  if (!run_.acknowledged) {
    request.hello = hello_of(run_, nonce_);
    if (!run_saved_) ask.commit.run_state = run_;
    run_saved_ = true;
  }
  returning_.clear();
  more_to_say_ = false;
  state_feeds(ledger, request);
  give_back(ledger, request);
  if (request.returns.empty()) offer(ledger, request);
  answer_wants(ledger, request);
  missing_.clear();
  for (const FeedId& feed : feeds_) {
    for (const Name& name : ledger.names_without_bytes(feed, wants_max)) {
      if (asked_.insert(name).second) missing_.push_back(name);
    }
  }
  request.wants = missing_;
  request.plain = plain_down_;
  ++counts_.exchanges;
  return ask;
}

void Initiator::state_feeds(const LedgerReader& ledger, ExchangeRequest& request) {
  for (const FeedId& feed : feeds_) {
    FeedStatement statement;
    statement.feed = feed;
    statement.size = ledger.feed_size(feed);
    if (statement.size != 0) {
      statement.root = ledger.feed_root(feed, statement.size);
      if (const auto head = ledger.newest_head(feed)) statement.epoch = head->epoch;
    }
    request.feeds.push_back(statement);
    const FeedProgress& progress = progress_[feed];
    if (progress.search != Search::send_roots) continue;
    // Roots at n, n-1, n-2, n-4, … below what the hub has: its loss is found within a factor of
    // two.
    FeedRoots roots;
    roots.feed = feed;
    const std::uint64_t top = std::min(statement.size, progress.hub_size);
    std::uint64_t back = 0;
    while (back < top && roots.roots.size() < limits::roots_max) {
      roots.roots.push_back({top - back, ledger.feed_root(feed, top - back)});
      back = back == 0 ? 1 : back * 2;
    }
    request.roots.push_back(std::move(roots));
  }
}

void Initiator::offer(const LedgerReader& ledger, ExchangeRequest& request) {
  if (progress_[options_.home].search != Search::none) return;
  std::vector<EntryRun> runs;
  std::size_t weight = 0;
  for (PendingLog log : ledger.pending_logs()) {
    if (const auto need = needs_.find(log.log); need != needs_.end()) {
      log.first = std::min(log.first, need->second);
    }
    if (runs.size() == limits::frame_runs_max || weight >= options_.frame_bytes) {
      more_to_say_ = true;
      request.held.push_back({log.log, log.count});
      if (request.held.size() == limits::frame_runs_max) break;
      continue;
    }
    const std::uint64_t end = offer_log(ledger, log, runs, weight);
    if (end == log.first) continue;
    const std::vector<Digest> chains = ledger.chains_at(log.log, end);
    TRAM_ASSERT(!chains.empty());
    request.signatures.push_back({sign_log_head(device_, log.log, end, chains.front()).signature});
    if (end < log.count) {
      more_to_say_ = true;
      request.held.push_back({log.log, log.count});
    }
  }
  if (runs.empty()) return;
  const BatchEncoder encoder =
      plain_up_ ? plain_encoder()
                : encoder_for(ledger, options_.home, ledger.feed_size(options_.home));
  request.offers = encode_batch(runs, encoder);
}

std::uint64_t Initiator::offer_log(const LedgerReader& ledger, const PendingLog& log,
                                   std::vector<EntryRun>& runs, std::size_t& weight) {
  EntryRun run{log.log, log.first, {}};
  std::uint64_t seq = log.first;
  for (; seq < log.count && run.rows.size() < limits::frame_entries_max; ++seq) {
    const std::vector<Name> names = ledger.names_at({log.log, seq});
    const std::optional<HeldEntry> entry =
        names.empty() ? std::nullopt : ledger.entry(names.front());
    if (!entry) break;  // verify tells; what comes before it can still be saved
    Row row = row_of(*entry);
    if (weight != 0 && weight + weight_of(row) > options_.frame_bytes) break;
    weight += weight_of(row);
    run.rows.push_back(std::move(row));
  }
  if (!run.rows.empty()) runs.push_back(std::move(run));
  return seq;
}

// What the hub lost goes back under the hub's own old head, in the order that it had.
void Initiator::give_back(const LedgerReader& ledger, ExchangeRequest& request) {
  std::size_t weight = 0;
  for (const FeedId& feed : feeds_) {
    if (progress_[feed].search != Search::none) continue;
    for (const LostStretch& stretch : ledger.lost(feed)) {
      const std::uint64_t from = std::max(stretch.agreed, stretch.returned);
      if (from >= stretch.head.size || weight >= options_.frame_bytes) continue;
      hub_went_back_ = true;
      const std::vector<Name> names = ledger.lost_feed(stretch);
      TRAM_ASSERT(names.size() == stretch.head.size);
      RunBuilder runs;
      std::uint64_t to = from;
      for (; to < names.size(); ++to) {
        const std::optional<HeldEntry> entry = ledger.entry(names[to]);
        if (!entry) break;
        Row row = row_of(*entry);
        if (weight != 0 && weight + weight_of(row) > options_.frame_bytes) break;
        weight += weight_of(row);
        runs.add(entry->place, std::move(row));
      }
      if (to == from) continue;
      ReturnedPart part;
      part.head = stretch.head;
      part.from = from;
      part.batch = encode_batch(runs.take(), plain_encoder());
      std::vector<Digest> leaves;
      for (const Name& name : names) leaves.push_back(merkle::leaf_hash(name));
      part.proof =
          merkle::range_proof(from, to, names.size(), [&](unsigned level, std::uint64_t index) {
            const std::uint64_t width = std::uint64_t{1} << level;
            return merkle::root_of(std::span(leaves).subspan(index * width, width));
          });
      request.returns.push_back(std::move(part));
      returning_.emplace_back(stretch.id, to);
    }
  }
}

void Initiator::answer_wants(const LedgerReader& ledger, ExchangeRequest& request) {
  RunBuilder runs;
  std::size_t weight = 0;
  for (const Name& name : wants_) {
    if (weight > options_.frame_bytes) {
      more_to_say_ = true;
      break;
    }
    if (!filled_.insert(name).second) continue;
    const std::optional<HeldEntry> entry = ledger.entry(name);
    if (!entry || !entry->bytes) continue;
    weight += entry->bytes->size();
    runs.add(entry->place, *entry->bytes);
  }
  if (!runs.empty()) request.fills = encode_batch(runs.take(), plain_encoder());
}

Result<Commit> Initiator::on_reply(const LedgerReader& ledger, const ExchangeReply& reply) {
  Commit commit;
  if (reply.hello) {
    nonce_ = reply.hello->nonce;
    if (!nonce_) {
      run_ = acknowledged(run_, reply.hello->count);
      commit.run_state = run_;
    }
  }
  for (const FeedAnswer& answer : reply.feeds) {
    if (progress_.find(answer.feed) == progress_.end()) {
      return fail(ErrorCode::malformed, "reply: a feed that was not asked for");
    }
    if (const Status taken = take_feed(ledger, answer, commit); !taken) {
      return fail(taken.error());
    }
  }
  commit.returned = returning_;
  if (const Status taken = take_fills(ledger, reply, commit); !taken) return fail(taken.error());
  needs_.clear();
  for (const LogNeed& need : reply.needs) needs_[need.log] = need.from;
  plain_up_ = reply.plain;
  wants_ = reply.wants;
  hub_time_ = reply.hub_time;
  come_back_ms_ = reply.come_back_ms;
  if (const Status read = ledger.status(); !read) return fail(read.error());
  judge_progress(ledger, reply, commit);
  if (idle_exchanges_ > idle_exchanges_max) {
    return fail(ErrorCode::failed, "exchanges go on without getting anywhere");
  }
  return commit;
}

Status Initiator::take_feed(const LedgerReader& ledger, const FeedAnswer& answer, Commit& commit) {
  FeedProgress& progress = progress_[answer.feed];
  progress.hub_size = answer.hub_size;
  progress.search = Search::none;
  switch (answer.kind) {
    case FeedAnswer::Kind::agrees: return append_feed(ledger, answer, commit);
    case FeedAnswer::Kind::closed: return {};
    case FeedAnswer::Kind::disagrees: progress.search = Search::send_roots; return {};
    case FeedAnswer::Kind::agreed_at: break;
  }
  const std::optional<SignedHead> head = ledger.newest_head(answer.feed);
  if (answer.agreed >= ledger.feed_size(answer.feed) || !head) {
    return fail(ErrorCode::malformed, "reply: agrees above what was stated");
  }
  hub_went_back_ = true;
  commit.cuts.push_back({answer.feed, answer.agreed, *head});
  return {};
}

Status Initiator::append_feed(const LedgerReader& ledger, const FeedAnswer& answer,
                              Commit& commit) {
  const std::uint64_t held = ledger.feed_size(answer.feed);
  std::vector<Name> appended;
  if (!answer.batch.empty()) {
    const Result<DecodedBatch> batch = decode_batch(answer.batch, decoder_for(ledger));
    if (!batch) return fail(batch.error());
    bool resolved = !batch->unresolved;
    std::vector<PlacedRow> rows;
    for (const EntryRun& run : batch->runs) {
      const auto of_run = rows_of(ledger, run);
      resolved = resolved && of_run.has_value();
      if (of_run) rows.insert(rows.end(), of_run->begin(), of_run->end());
    }
    // Asked for in full once more. In plain form there is nothing to resolve but held stretches of
    // our own.
    if (!resolved) {
      plain_down_ = true;
      return {};
    }
    for (const PlacedRow& row : rows) appended.push_back(row.name);
    const Status checked = check_head(ledger, answer, held + appended.size(), appended);
    if (!checked) {
      if (plain_down_) return checked;
      plain_down_ = true;  // a place that means two entries, perhaps: the names will tell
      return {};
    }
    for (const PlacedRow& row : rows) {
      take_row(ledger, answer.feed, row.name, row.place, row.bytes, commit);
    }
  } else if (answer.head) {
    if (const Status checked = check_head(ledger, answer, held, {}); !checked) return checked;
  }
  plain_down_ = false;
  if (answer.head) commit.heads.push_back(*answer.head);
  return {};
}

Status Initiator::check_head(const LedgerReader& ledger, const FeedAnswer& answer,
                             std::uint64_t size, const std::vector<Name>& appended) const {
  if (!answer.head || !verify_head(options_.hub_key, *answer.head)) {
    return fail(ErrorCode::unverified, "the hub's head of a feed is not signed by the hub");
  }
  const SignedHead& head = *answer.head;
  // The tree of what is held, and above it what came now.
  const std::uint64_t held = size - appended.size();
  std::map<std::pair<unsigned, std::uint64_t>, Digest> grown;
  const merkle::Nodes nodes = [&](unsigned level, std::uint64_t index) {
    const auto at = grown.find({level, index});
    return at != grown.end() ? at->second : ledger.feed_node(answer.feed, level, index);
  };
  for (std::size_t i = 0; i < appended.size(); ++i) {
    for (const merkle::CompletedNode& node :
         merkle::append(held + i, merkle::leaf_hash(appended[i]), nodes)) {
      grown[{node.level, node.index}] = node.hash;
    }
  }
  const bool fits = head.feed == answer.feed && head.size == size &&
                    head.root == merkle::root(size, nodes) && head.base_size <= size &&
                    head.base_root == merkle::root(head.base_size, nodes);
  if (!fits) {
    return fail(ErrorCode::unverified, "the hub's head of a feed does not fit what it sent");
  }
  return {};
}

void Initiator::take_row(const LedgerReader& ledger, const FeedId& feed, const Name& name,
                         const Place& place, const std::optional<Bytes>& bytes, Commit& commit) {
  const PlacedRow row{place, name, bytes};
  const std::optional<HeldEntry> held = ledger.entry(name);
  if (!held) {
    const std::optional<LogState> log = ledger.log(place.log);
    if (log && log->own) copied_ = true;
    if (is_opening(row) && !log) commit.logs.push_back(log_opened_by(row));
    commit.entries.push_back(new_entry(row));
    if (bytes && place.seq != 0) ++counts_.received_entries;
  } else if (!held->bytes && bytes) {
    commit.entries.push_back(new_entry(row));
  }
  commit.appends.push_back({feed, name});
}

Status Initiator::take_fills(const LedgerReader& ledger, const ExchangeReply& reply,
                             Commit& commit) {
  if (reply.fills.empty()) return {};
  const Result<DecodedBatch> batch = decode_batch(reply.fills, decoder_for(ledger));
  if (!batch) return fail(batch.error());
  for (const EntryRun& run : batch->runs) {
    const auto rows = rows_of(ledger, run);
    if (!rows) continue;
    for (const PlacedRow& row : *rows) {
      const bool asked = std::find(missing_.begin(), missing_.end(), row.name) != missing_.end();
      if (asked && row.bytes) commit.entries.push_back(new_entry(row));
    }
  }
  return {};
}

void Initiator::judge_progress(const LedgerReader& ledger, const ExchangeReply& reply,
                               const Commit& commit) {
  const bool nothing_new = commit.entries.empty() && commit.appends.empty() &&
                           commit.cuts.empty() && commit.heads.empty() && commit.returned.empty();
  idle_exchanges_ = nothing_new ? idle_exchanges_ + 1 : 0;
  const bool wants_answered = std::all_of(
      wants_.begin(), wants_.end(), [&](const Name& name) { return filled_.count(name) != 0; });
  done_ = is_level(ledger, commit) && !more_to_say_ && !plain_down_ && !reply.plain &&
          reply.needs.empty() && wants_answered && !nonce_;
  count_covered(ledger, commit);
  // Not all is covered, and this exchange moved something: another may cover the rest.
  if (!all_covered_ && idle_exchanges_ == 0) done_ = false;
}

bool Initiator::is_level(const LedgerReader& ledger, const Commit& commit) const {
  for (const FeedId& feed : feeds_) {
    const FeedProgress& progress = progress_.at(feed);
    const auto of_feed = [&](const auto& part) { return part.feed == feed; };
    const auto appended = static_cast<std::uint64_t>(
        std::count_if(commit.appends.begin(), commit.appends.end(), of_feed));
    const bool cut = std::any_of(commit.cuts.begin(), commit.cuts.end(), of_feed);
    if (cut || progress.search != Search::none ||
        ledger.feed_size(feed) + appended != progress.hub_size) {
      return false;
    }
    for (const LostStretch& stretch : ledger.lost(feed)) {
      std::uint64_t returned = std::max(stretch.agreed, stretch.returned);
      for (const auto& [id, to] : commit.returned) {
        if (id == stretch.id) returned = std::max(returned, to);
      }
      if (returned < stretch.head.size) return false;
    }
  }
  return true;
}

// An own entry is covered when the hub appended it under the head that was just verified.
void Initiator::count_covered(const LedgerReader& ledger, const Commit& commit) {
  std::set<Name> receipted;
  for (const FeedAppend& append : commit.appends) receipted.insert(append.name);
  all_covered_ = true;
  for (const PendingLog& log : ledger.pending_logs()) {
    for (std::uint64_t seq = log.first; seq < log.count; ++seq) {
      const std::vector<Name> names = ledger.names_at({log.log, seq});
      if (names.empty() || receipted.count(names.front()) == 0) {
        all_covered_ = false;
      } else if (seq != 0) {
        ++counts_.sent_entries;
      }
    }
  }
}

}  // namespace tram::sync
