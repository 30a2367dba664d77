#include <algorithm>

#include "sync/feed/merkle.hpp"
#include "sync/session/hello.hpp"
#include "sync/session/initiator.hpp"
#include "sync/wire/batch.hpp"

// What a reply brings. What a request says: initiator.cpp.
namespace tram::sync {

namespace {

// Exchanges that change nothing on either side. A nonce, roots and a repetition in plain form are
// some; more are a fault.
constexpr unsigned idle_exchanges_max = 6;

std::set<Name> appended_to(const FeedId& feed, const Commit& commit) {
  std::set<Name> names;
  for (const FeedAppend& append : commit.appends) {
    if (append.feed == feed) names.insert(append.name);
  }
  return names;
}

bool cuts(const FeedId& feed, const Commit& commit) {
  return std::any_of(commit.cuts.begin(), commit.cuts.end(),
                     [&](const FeedCut& cut) { return cut.feed == feed; });
}

}  // namespace

Result<Commit> Initiator::on_reply(const LedgerReader& ledger, const ExchangeReply& reply) {
  Commit commit;
  const bool late = !unanswered_;  // the request was answered before
  unanswered_ = false;
  moved_ = false;
  plain_down_ = false;
  take_hello(reply, commit);
  for (auto& [feed, progress] : progress_) progress.heard = false;
  for (const FeedAnswer& answer : reply.feeds) {
    if (progress_.find(answer.feed) == progress_.end()) {
      return fail(ErrorCode::malformed, "reply: a feed that was not asked for");
    }
    if (const Status taken = take_feed(ledger, answer, commit); !taken) {
      return fail(taken.error());
    }
  }
  note_returned(ledger, commit);
  if (const Status taken = take_fills(ledger, reply, commit); !taken) return fail(taken.error());
  needs_.clear();
  for (const LogNeed& need : reply.needs) needs_[need.log] = need.from;
  note_carried(reply);
  plain_up_ = plain_up_ || reply.plain;
  wants_ = reply.wants;
  hub_time_ = reply.hub_time;
  come_back_ms_ = reply.come_back_ms;
  if (const Status read = ledger.status(); !read) return fail(read.error());
  judge_progress(ledger, reply, commit);
  if (moved_) idle_exchanges_ = 0;
  if (!moved_ && !late) ++idle_exchanges_;
  if (idle_exchanges_ > idle_exchanges_max) {
    return fail(ErrorCode::failed, "exchanges go on without getting anywhere");
  }
  return commit;
}

// An answer to another run's hello is late: this run may never have reached the hub.
void Initiator::take_hello(const ExchangeReply& reply, Commit& commit) {
  if (!reply.hello || visit_.acknowledged || reply.hello->visit != visit_.visit) return;
  nonce_ = reply.hello->nonce;
  if (nonce_) return;
  visit_ = acknowledged(visit_, reply.hello->count);
  commit.visit_state = visit_;
  moved_ = true;
}

Status Initiator::take_feed(const LedgerReader& ledger, const FeedAnswer& answer, Commit& commit) {
  FeedProgress& progress = progress_[answer.feed];
  const bool fits = answer.agreed == ledger.feed_size(answer.feed);
  switch (answer.kind) {
    case FeedAnswer::Kind::agrees:
    case FeedAnswer::Kind::closed:
      if (!fits) return {};  // to an older statement: it comes late, or twice
      break;
    case FeedAnswer::Kind::agreed_at:
      if (!progress.roots_sent || answer.agreed >= ledger.feed_size(answer.feed)) return {};
      break;
    case FeedAnswer::Kind::disagrees: break;
  }
  progress.heard = true;
  progress.hub_size = answer.hub_size;
  progress.closed = answer.kind == FeedAnswer::Kind::closed;
  progress.agreed = progress.closed || answer.kind == FeedAnswer::Kind::agrees;
  progress.send_roots = answer.kind == FeedAnswer::Kind::disagrees;
  progress.roots_sent = false;
  if (answer.kind == FeedAnswer::Kind::agrees) return append_feed(ledger, answer, commit);
  if (answer.kind == FeedAnswer::Kind::agreed_at) cut_feed(ledger, answer, commit);
  return {};
}

void Initiator::cut_feed(const LedgerReader& ledger, const FeedAnswer& answer, Commit& commit) {
  FeedCut cut{answer.feed, answer.agreed, ledger.newest_head(answer.feed).value_or(SignedHead{})};
  commit.cuts.push_back(std::move(cut));
  hub_went_back_ = true;
  returned_.clear();
  handed_in_.clear();
}

Status Initiator::append_feed(const LedgerReader& ledger, const FeedAnswer& answer,
                              Commit& commit) {
  std::vector<PlacedRow> appended;
  bool resolved = true;
  if (!answer.batch.empty()) {
    const Result<DecodedBatch> batch = decode_batch(answer.batch, decoder_for(ledger));
    if (!batch) return fail(batch.error());
    resolved = !batch->unresolved;
    for (const EntryRun& run : batch->runs) {
      const auto rows = rows_of(ledger, run);
      resolved = resolved && rows.has_value();
      if (rows) appended.insert(appended.end(), rows->begin(), rows->end());
    }
  }
  if (answer.batch.empty() && !answer.head) return {};
  if (!answer.head || answer.head->feed != answer.feed ||
      !verify_head(options_.hub_key, *answer.head)) {
    return fail(ErrorCode::unverified, "the hub's head of a feed is not signed by the hub");
  }
  if (!resolved || !head_fits(ledger, answer, appended)) {
    if (carried_.plain || answer.batch.empty()) {
      return fail(ErrorCode::unverified, "the hub's head of a feed does not fit what it sent");
    }
    plain_down_ = true;  // a place that means two entries, perhaps: the names will tell
    return {};
  }
  for (const PlacedRow& row : appended) take_row(ledger, answer.feed, row, commit);
  commit.heads.push_back(*answer.head);
  return {};
}

// The tree of what is held, and above it what came now.
bool Initiator::head_fits(const LedgerReader& ledger, const FeedAnswer& answer,
                          const std::vector<PlacedRow>& appended) const {
  const std::uint64_t held = ledger.feed_size(answer.feed);
  std::map<std::pair<unsigned, std::uint64_t>, Digest> grown;
  const merkle::Nodes nodes = [&](unsigned level, std::uint64_t index) {
    const auto at = grown.find({level, index});
    return at != grown.end() ? at->second : ledger.feed_node(answer.feed, level, index);
  };
  std::set<Name> names;
  for (const PlacedRow& row : appended) {
    // A feed has a name once.
    if (!names.insert(row.name).second || ledger.feed_position(answer.feed, row.name)) return false;
    const std::uint64_t index = held + names.size() - 1;
    for (const merkle::CompletedNode& node :
         merkle::append(index, merkle::leaf_hash(row.name), nodes)) {
      grown[{node.level, node.index}] = node.hash;
    }
  }
  const SignedHead& head = *answer.head;
  const std::uint64_t size = held + appended.size();
  return head.size == size && head.root == merkle::root(size, nodes) && head.base_size <= size &&
         head.base_root == merkle::root(head.base_size, nodes);
}

void Initiator::take_row(const LedgerReader& ledger, const FeedId& feed, const PlacedRow& row,
                         Commit& commit) {
  const std::optional<HeldEntry> held = ledger.entry(row.name);
  const std::optional<LogState> log = ledger.log(row.place.log);
  const bool written_here = log && log->device == device_.public_key();
  if (!held) {
    copied_ = copied_ || (log && log->own);
    if (is_opening(row) && !log) commit.logs.push_back(log_opened_by(row));
    if (row.bytes && row.place.seq != 0) ++counts_.received_entries;
  } else if (written_here && feed == options_.home && row.place.seq != 0) {
    ++counts_.sent_entries;
  }
  if (!held || (!held->bytes && row.bytes)) commit.entries.push_back(new_entry(row));
  commit.appends.push_back({feed, row.name});
}

// Only what stands in the feed again, under the hub's new head, is known to be back.
void Initiator::note_returned(const LedgerReader& ledger, Commit& commit) const {
  for (const FeedId& feed : feeds_) {
    if (cuts(feed, commit)) continue;
    const std::set<Name> appended = appended_to(feed, commit);
    for (const LostStretch& stretch : ledger.lost(feed)) {
      if (stretch.returned >= stretch.head.size) continue;
      const std::vector<Name> names = ledger.lost_feed(stretch);
      const std::uint64_t from = std::max(stretch.agreed, stretch.returned);
      std::uint64_t to = from;
      while (to < names.size() &&
             (appended.count(names[to]) != 0 || ledger.feed_position(feed, names[to]))) {
        ++to;
      }
      if (to != stretch.returned) commit.returned.emplace_back(stretch.id, to);
    }
  }
}

Status Initiator::take_fills(const LedgerReader& ledger, const ExchangeReply& reply,
                             Commit& commit) {
  std::vector<Name>& asked = carried_.wants;
  std::size_t answered = 0;
  if (!reply.fills.empty()) {
    const Result<DecodedBatch> batch = decode_batch(reply.fills, decoder_for(ledger));
    if (!batch) return fail(batch.error());
    for (const EntryRun& run : batch->runs) {
      for (const PlacedRow& row : rows_of(ledger, run).value_or(std::vector<PlacedRow>{})) {
        const auto at = std::find(asked.begin(), asked.end(), row.name);
        if (at == asked.end() || !row.bytes) continue;
        commit.entries.push_back(new_entry(row));
        answered = std::max(answered, static_cast<std::size_t>(at - asked.begin()) + 1);
      }
    }
  }
  // What follows in the feeds has taken the room, perhaps all of it: that says nothing.
  const bool had_room = std::all_of(reply.feeds.begin(), reply.feeds.end(),
                                    [](const FeedAnswer& answer) { return answer.batch.empty(); });
  if (answered == 0 && !had_room) return {};
  // The hub answers in order: what it passed over it does not have, what is left had no room. Where
  // it has nothing of many, it is not asked again in this session.
  if (answered != 0) {
    asking_ = Asking::all;
  } else if (!asked.empty()) {
    if (asking_ == Asking::all) asking_ = Asking::none;
    answered = asked.size();
  }
  asked_.insert(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(answered));
  return {};
}

void Initiator::note_carried(const ExchangeReply& reply) {
  filled_.insert(carried_.fills.begin(), carried_.fills.end());
  const FeedProgress& home = progress_[options_.home];
  if (reply.plain || !home.heard) return;
  const auto note = [this](auto& known, const auto& id, std::uint64_t to) {
    std::uint64_t& at = known[id];
    moved_ = moved_ || at < to;
    at = std::max(at, to);
  };
  for (const auto& [id, to] : carried_.parts) note(returned_, id, to);
  // Offers wait until the feed is settled, and the device known.
  if (!home.agreed || home.closed) return;
  for (const auto& [log, count] : carried_.logs) {
    if (needs_.count(log) == 0) note(handed_in_, log, count);
  }
}

void Initiator::judge_progress(const LedgerReader& ledger, const ExchangeReply& reply,
                               const Commit& commit) {
  moved_ = moved_ || !commit.entries.empty() || !commit.appends.empty() || !commit.cuts.empty() ||
           !commit.returned.empty();
  if (asking_ == Asking::one && !commit.appends.empty()) asking_ = Asking::all;
  const bool to_return = std::any_of(feeds_.begin(), feeds_.end(), [&](const FeedId& feed) {
    return has_to_return(ledger, feed);
  });
  const bool can_fill = std::any_of(wants_.begin(), wants_.end(), [&](const Name& name) {
    const std::optional<HeldEntry> held = ledger.entry(name);
    return held && held->bytes && filled_.count(name) == 0;
  });
  all_covered_ = !may_only_give_back() && is_covered(ledger, commit);
  done_ = is_level(ledger, commit) && !to_return && (all_covered_ || !more_to_say_) &&
          !plain_down_ && !reply.plain && needs_.empty() && !can_fill && visit_.acknowledged &&
          !misses_bytes(ledger, commit);
  if (all_covered_ || may_only_give_back() || !done_) return;
  // Not all is covered. Where this exchange moved something, another may cover the rest; else the
  // hub does not have what it seemed to have, and is told once more.
  if (moved_) {
    done_ = false;
  } else if (!said_again_) {
    said_again_ = true;
    done_ = handed_in_.empty() && returned_.empty();
    handed_in_.clear();
    returned_.clear();
  }
}

bool Initiator::is_level(const LedgerReader& ledger, const Commit& commit) const {
  return std::all_of(feeds_.begin(), feeds_.end(), [&](const FeedId& feed) {
    const FeedProgress& progress = progress_.at(feed);
    if (!progress.heard || progress.send_roots || cuts(feed, commit)) return false;
    return progress.closed ||
           ledger.feed_size(feed) + appended_to(feed, commit).size() == progress.hub_size;
  });
}

// Every own entry stands in the home feed, under the head that was just verified or an earlier one;
// and what the hub lost is back.
bool Initiator::is_covered(const LedgerReader& ledger, const Commit& commit) const {
  const std::set<Name> appended = appended_to(options_.home, commit);
  for (const PendingLog& log : ledger.pending_logs()) {
    for (std::uint64_t seq = log.first; seq < log.count; ++seq) {
      const std::vector<Name> names = ledger.names_at({log.log, seq});
      const bool covered = std::all_of(names.begin(), names.end(), [&](const Name& name) {
        return appended.count(name) != 0 || ledger.feed_position(options_.home, name);
      });
      if (!covered || names.empty()) return false;
    }
  }
  for (const FeedId& feed : feeds_) {
    for (const LostStretch& stretch : ledger.lost(feed)) {
      std::uint64_t back = stretch.returned;
      for (const auto& [id, to] : commit.returned) {
        if (id == stretch.id) back = to;
      }
      if (back < stretch.head.size) return false;
    }
  }
  return true;
}

bool Initiator::misses_bytes(const LedgerReader& ledger, const Commit& commit) const {
  if (asking_ != Asking::all) return false;
  std::set<Name> brought;
  for (const NewEntry& entry : commit.entries) brought.insert(entry.name);
  std::vector<Name> missing = missing_bytes(ledger);
  // What the hub named by its place alone, as it stands in a log that we hold: but without bytes.
  for (const FeedAppend& append : commit.appends) {
    const std::optional<HeldEntry> held = ledger.entry(append.name);
    if (held && !held->bytes && asked_.count(append.name) == 0) missing.push_back(append.name);
  }
  return std::any_of(missing.begin(), missing.end(),
                     [&](const Name& name) { return brought.count(name) == 0; });
}

}  // namespace tram::sync
