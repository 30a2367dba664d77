#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/session/ledger_port.hpp"
#include "sync/wire/batch.hpp"
#include "sync/wire/messages.hpp"

/// The node's side: exchanges, one after the other, until there is nothing left to send or to
/// receive.
///
///   while (!initiator.done()) {
///     ask = initiator.next_request(ledger);   commit ask.commit, then send ask.request
///     answer = initiator.on_reply(ledger, reply);   commit answer
///   }
///
/// The order is a promise: what a request rests on is durable before it is sent, and what a reply
/// brought is durable before the next request is built. A lost reply needs nothing: build the next
/// request, from a fresh initiator or from this one; whatever was taken is not taken twice.
///
/// A plain value between calls: no thread, no clock, no handle to anything. One per session.
namespace tram::sync {

struct InitiatorOptions {
  FeedId home;
  PublicKey hub_key{};
  std::size_t frame_bytes = 256 * 1024;  ///< of entries in one request, before compression
};

struct Ask {
  Commit commit;
  ExchangeRequest request;
};

/// What a session did, openings of logs not counted.
struct SessionCounts {
  std::uint64_t sent_entries = 0;  ///< own entries that came under a receipt
  std::uint64_t received_entries = 0;
  std::uint64_t exchanges = 0;
};

class Initiator {
 public:
  /// `device` signs log heads and must outlive the initiator. `run` is the present run, as saved.
  Initiator(InitiatorOptions options, const SigningKey& device, RunState run);

  [[nodiscard]] Ask next_request(const LedgerReader& ledger);

  /// Checks the reply and says what to commit. Errors end the session and change nothing:
  /// `unverified` (a head or an entry that its hub never signed), `malformed`, or `failed` when
  /// exchanges go on without getting anywhere.
  [[nodiscard]] Result<Commit> on_reply(const LedgerReader& ledger, const ExchangeReply& reply);

  /// Nothing more to send or to receive, as far as the last reply tells. False before the first.
  [[nodiscard]] bool done() const { return done_; }
  /// done(), and every own entry is covered by a verified head of the hub's present lineage.
  [[nodiscard]] bool synced() const { return done_ && all_covered_; }
  /// The hub lost entries that this node is giving back.
  [[nodiscard]] bool hub_went_back() const { return hub_went_back_; }
  /// An entry stands under a log of this store that this store did not write: a copy of it is
  /// about.
  [[nodiscard]] bool copied() const { return copied_; }

  [[nodiscard]] const SessionCounts& counts() const { return counts_; }
  [[nodiscard]] const RunState& run() const { return run_; }
  [[nodiscard]] Instant hub_time() const { return hub_time_; }
  [[nodiscard]] std::uint64_t come_back_ms() const { return come_back_ms_; }

 private:
  enum class Search { none, send_roots };
  struct FeedProgress {
    Search search = Search::none;
    std::uint64_t hub_size = 0;
  };

  void state_feeds(const LedgerReader& ledger, ExchangeRequest& request);
  void offer(const LedgerReader& ledger, ExchangeRequest& request);
  [[nodiscard]] std::uint64_t offer_log(const LedgerReader& ledger, const PendingLog& log,
                                        std::vector<EntryRun>& runs, std::size_t& weight);
  void give_back(const LedgerReader& ledger, ExchangeRequest& request);
  void answer_wants(const LedgerReader& ledger, ExchangeRequest& request);

  [[nodiscard]] Status take_feed(const LedgerReader& ledger, const FeedAnswer& answer,
                                 Commit& commit);
  [[nodiscard]] Status append_feed(const LedgerReader& ledger, const FeedAnswer& answer,
                                   Commit& commit);
  [[nodiscard]] Status check_head(const LedgerReader& ledger, const FeedAnswer& answer,
                                  std::uint64_t size, const std::vector<Name>& appended) const;
  void take_row(const LedgerReader& ledger, const FeedId& feed, const Name& name,
                const Place& place, const std::optional<Bytes>& bytes, Commit& commit);
  [[nodiscard]] Status take_fills(const LedgerReader& ledger, const ExchangeReply& reply,
                                  Commit& commit);
  void judge_progress(const LedgerReader& ledger, const ExchangeReply& reply, const Commit& commit);
  [[nodiscard]] bool is_level(const LedgerReader& ledger, const Commit& commit) const;
  void count_covered(const LedgerReader& ledger, const Commit& commit);

  InitiatorOptions options_;
  const SigningKey& device_;
  RunState run_;
  std::vector<FeedId> feeds_;
  std::map<FeedId, FeedProgress> progress_;
  std::map<LogId, std::uint64_t> needs_;  // where the hub asked a log to be sent from
  std::set<Name> filled_;                 // wants that were answered once
  std::vector<Name> wants_;               // of the hub, not answered yet
  std::vector<Name> missing_;             // asked of the hub in the last request
  std::set<Name> asked_;                  // asked of the hub in this session
  std::vector<std::pair<std::int64_t, std::uint64_t>> returning_;
  std::optional<Nonce> nonce_;
  bool run_saved_ = false;
  bool plain_up_ = false;    // the hub could not resolve our places
  bool plain_down_ = false;  // we could not resolve the hub's
  bool done_ = false;
  bool all_covered_ = false;
  bool hub_went_back_ = false;
  bool copied_ = false;
  bool more_to_say_ = false;  // the last request had to leave something out
  unsigned idle_exchanges_ = 0;
  SessionCounts counts_;
  Instant hub_time_;
  std::uint64_t come_back_ms_ = 0;
};

}  // namespace tram::sync
