#include "sync/session/initiator.hpp"

#include <algorithm>

#include "sync/feed/merkle.hpp"
#include "sync/ledger/chain.hpp"
#include "sync/limits.hpp"
#include "sync/session/hello.hpp"
#include "sync/wire/batch.hpp"

// What a request says. What a reply brings: initiator_reply.cpp.
namespace tram::sync {

namespace {

// After an exchange without a reply: below this it costs less to say it again than to ask first (a
// round trip of 600 ms at 64 kbit/s).
constexpr std::size_t said_again_bytes_max = 4096;

std::size_t carried_bytes(const ExchangeRequest& request) {
  std::size_t bytes = request.offers.size() + request.fills.size();
  for (const ReturnedPart& part : request.returns) bytes += part.batch.size();
  return bytes;
}

}  // namespace

Initiator::Initiator(InitiatorOptions options, const SigningKey& device, VisitState visit)
    : options_(std::move(options)),
      device_(device),
      visit_(std::move(visit)),
      feeds_{province_feed},
      asking_(options_.first ? Asking::all : Asking::one),
      unanswered_(options_.unanswered) {
  if (options_.home != province_feed) feeds_.push_back(options_.home);
  for (const FeedId& feed : feeds_) progress_[feed];
}

bool Initiator::may_only_give_back() const {
  return std::any_of(progress_.begin(), progress_.end(),
                     [](const auto& progress) { return progress.second.closed; });
}

Ask Initiator::next_request(const LedgerReader& ledger) {
  Ask ask;
  ExchangeRequest& request = ask.request;
  if (!visit_.acknowledged) {
    request.hello = hello_of(visit_, nonce_);
    if (!visit_saved_) ask.commit.visit_state = visit_;
    visit_saved_ = true;
  }
  carried_ = {};
  carried_.plain = plain_down_;
  request.plain = plain_down_;
  more_to_say_ = false;
  state_feeds(ledger, request);
  Room room(options_.frame_bytes);
  give_back(ledger, request, room);
  offer(ledger, request, room);
  answer_wants(ledger, request, room);
  if (unanswered_ && carried_bytes(request) > said_again_bytes_max) {
    request.offers.clear();
    request.signatures.clear();
    request.returns.clear();
    request.fills.clear();
    carried_ = {};
    carried_.plain = plain_down_;
    more_to_say_ = true;
  }
  ask_for_bytes(ledger, request);
  say_what_is_held(ledger, request);
  unanswered_ = true;
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
    FeedProgress& progress = progress_[feed];
    progress.roots_sent = progress.send_roots;
    if (!progress.send_roots) continue;
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

std::uint64_t Initiator::next_to_return(const LostStretch& stretch) const {
  const auto at = returned_.find(stretch.id);
  return std::max({stretch.agreed, stretch.returned, at == returned_.end() ? 0 : at->second});
}

bool Initiator::has_to_return(const LedgerReader& ledger, const FeedId& feed) const {
  const std::vector<LostStretch> lost = ledger.lost(feed);
  return std::any_of(lost.begin(), lost.end(), [this](const LostStretch& stretch) {
    return next_to_return(stretch) < stretch.head.size;
  });
}

// What the hub lost goes back under the hub's own old head, in the order that it had; but first
// comes what the hub has, which may be the same, brought by another node.
void Initiator::give_back(const LedgerReader& ledger, ExchangeRequest& request, Room& room) {
  for (const FeedId& feed : feeds_) {
    if (!has_to_return(ledger, feed)) continue;
    hub_went_back_ = true;
    const FeedProgress& progress = progress_[feed];
    const bool level = progress.heard && !progress.send_roots &&
                       (progress.closed || progress.hub_size == ledger.feed_size(feed));
    if (!level) {
      more_to_say_ = true;
      continue;
    }
    for (const LostStretch& stretch : ledger.lost(feed)) {
      if (request.returns.size() == returns_max) break;
      if (!give_back_part(ledger, stretch, request, room)) break;
    }
  }
}

bool Initiator::give_back_part(const LedgerReader& ledger, const LostStretch& stretch,
                               ExchangeRequest& request, Room& room) {
  const FeedId& feed = stretch.head.feed;
  std::uint64_t from = next_to_return(stretch);
  if (from >= stretch.head.size) return true;
  const std::vector<Name> names = ledger.lost_feed(stretch);
  if (names.size() != stretch.head.size) return true;
  while (from < names.size() && ledger.feed_position(feed, names[from])) ++from;
  RunBuilder runs;
  std::uint64_t to = from;
  for (; to < names.size(); ++to) {
    const std::optional<HeldEntry> entry = ledger.entry(names[to]);
    if (!entry) break;
    // The hub has what stands in our copy of its feed: the name is enough.
    Row row = ledger.feed_position(feed, names[to]) ? Row{entry->name} : row_of(*entry);
    if (!runs.add(entry->place, std::move(row), room)) break;
  }
  if (from != to) {
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
  }
  carried_.parts[stretch.id] = to;
  return to == names.size();
}

void Initiator::offer(const LedgerReader& ledger, ExchangeRequest& request, Room& room) {
  const std::vector<PendingLog> pending = ledger.pending_logs();
  if (pending.empty() || may_only_give_back()) return;
  if (progress_[options_.home].send_roots || has_to_return(ledger, options_.home) ||
      !request.returns.empty()) {
    more_to_say_ = true;
    return;
  }
  RunBuilder runs;
  for (const PendingLog& log : pending) {
    const std::optional<LogState> state = ledger.log(log.log);
    if (!state) continue;
    bool all = true;
    for (const LogTip& tip : state->tips) {
      all = offer_branch(ledger, log, tip, runs, request, room) && all;
    }
    if (!all) more_to_say_ = true;
  }
  if (runs.empty()) return;
  const BatchEncoder encoder =
      plain_up_ ? plain_encoder()
                : encoder_for(ledger, options_.home, ledger.feed_size(options_.home));
  request.offers = encode_batch(runs.take(), encoder);
}

// True if nothing of the branch is left for another request.
bool Initiator::offer_branch(const LedgerReader& ledger, const PendingLog& log, const LogTip& tip,
                             RunBuilder& runs, ExchangeRequest& request, Room& room) {
  const auto need = needs_.find(log.log);
  const bool needed = need != needs_.end() && need->second <= log.first;
  const auto branch = branch_of(ledger, log.log, tip, needed ? need->second : log.first);
  if (!branch) return true;  // verify tells
  std::uint64_t from = 0;
  const bool only_branch = ledger.log(log.log)->tips.size() == 1;
  if (const auto handed = handed_in_.find(log.log);
      only_branch && !needed && handed != handed_in_.end() && handed->second > branch->first) {
    from = std::min<std::uint64_t>(handed->second - branch->first, branch->names.size());
  }
  while (!needed && from < branch->names.size() &&
         ledger.feed_position(options_.home, branch->names[from])) {
    ++from;
  }
  runs.end_run();
  Digest chain = branch->base;
  for (std::uint64_t i = 0; i < from; ++i) chain = chain_next(chain, branch->names[i]);
  std::uint64_t end = from;
  for (; end < branch->names.size(); ++end) {
    const std::optional<HeldEntry> entry = ledger.entry(branch->names[end]);
    if (!entry) break;
    if (!runs.add({log.log, branch->first + end}, row_of(*entry), room)) break;
    chain = chain_next(chain, entry->name);
  }
  if (end != from) {
    request.signatures.push_back(
        {sign_log_head(device_, log.log, branch->first + end, chain).signature});
  }
  const bool all = end == branch->names.size();
  if (only_branch) carried_.logs[log.log] = branch->first + end;
  if (only_branch && all && from <= log.first - branch->first) carried_.whole_logs.insert(log.log);
  return all;
}

void Initiator::answer_wants(const LedgerReader& ledger, ExchangeRequest& request, Room& room) {
  RunBuilder runs;
  for (const Name& name : wants_) {
    if (filled_.count(name) != 0) continue;
    const std::optional<HeldEntry> entry = ledger.entry(name);
    if (entry && entry->bytes && !runs.add(entry->place, *entry->bytes, room)) {
      more_to_say_ = true;
      break;
    }
    carried_.fills.push_back(name);
  }
  if (!runs.empty()) request.fills = encode_batch(runs.take(), plain_encoder());
}

std::vector<Name> Initiator::missing_bytes(const LedgerReader& ledger) const {
  std::vector<Name> missing;
  for (const FeedId& feed : feeds_) {
    for (const Name& name : ledger.names_without_bytes(feed, limits::frame_names_max)) {
      if (asked_.count(name) == 0) missing.push_back(name);
    }
  }
  return missing;
}

// What follows in the feeds takes the room of a reply first.
bool Initiator::expects_more(const LedgerReader& ledger) const {
  return std::any_of(feeds_.begin(), feeds_.end(), [&](const FeedId& feed) {
    const FeedProgress& progress = progress_.at(feed);
    return progress.heard && progress.agreed && progress.hub_size > ledger.feed_size(feed);
  });
}

// Few at a time, and each time from another one on: some of them nobody has.
void Initiator::ask_for_bytes(const LedgerReader& ledger, ExchangeRequest& request) {
  if (asking_ == Asking::none || expects_more(ledger)) return;
  request.wants =
      few_of(missing_bytes(ledger), options_.turn, asking_ == Asking::one ? wants_idle : wants_max);
  carried_.wants = request.wants;
}

// The hub need not send what it got from us, nor what we kept when it went back.
void Initiator::say_what_is_held(const LedgerReader& ledger, ExchangeRequest& request) const {
  std::set<LogId> logs;
  for (const PendingLog& log : ledger.pending_logs()) {
    if (carried_.whole_logs.count(log.log) == 0) logs.insert(log.log);
  }
  for (const FeedId& feed : feeds_) {
    const FeedProgress& progress = progress_.at(feed);
    if (progress.heard && progress.hub_size == ledger.feed_size(feed)) continue;
    for (const LostStretch& stretch : ledger.lost(feed)) {
      if (stretch.returned >= stretch.head.size) continue;
      const std::vector<Name> names = ledger.lost_feed(stretch);
      for (std::uint64_t i = stretch.agreed; i < names.size(); ++i) {
        if (const auto entry = ledger.entry(names[i])) logs.insert(entry->place.log);
      }
    }
  }
  for (const LogId& log : logs) {
    const std::optional<LogState> state = ledger.log(log);
    if (!state || state->tips.size() != 1) continue;
    if (request.held.size() == limits::frame_runs_max) break;
    request.held.push_back({log, state->tips.front().count});
  }
}

}  // namespace tram::sync
