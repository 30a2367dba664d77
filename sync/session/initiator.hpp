#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/session/ledger_port.hpp"
#include "sync/session/runs.hpp"
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
/// request, from a fresh initiator or from this one. It asks first when much may have arrived, and
/// whatever was taken is not taken twice. A reply that comes late, or twice, changes nothing that
/// the hub did not sign.
///
/// A plain value between calls: no thread, no clock, no handle to anything. One per session.
namespace tram::sync {

struct InitiatorOptions {
  FeedId home;
  PublicKey hub_key{};
  std::size_t frame_bytes = 256 * 1024;  ///< of entries in one request, before compression
  bool unanswered = false;               ///< the session before this one ended without a reply
  bool first = true;                     ///< session of this process: all missing bytes are asked
                                         ///< for, else one, unless more is worth it
  std::uint64_t turn = 0;  ///< one more each session: whose turn it is to be asked for
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
  /// `device` signs log heads and must outlive the initiator. `visit` is the present one, as saved.
  Initiator(InitiatorOptions options, const SigningKey& device, VisitState visit);

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
  /// An entry stands under a log of this store that this store does not know: a copy of it is
  /// about, or it went back itself. The log must end here, and a new one begin.
  [[nodiscard]] bool copied() const { return copied_; }
  /// The hub went back to before this device's enrolment: it takes what it lost, and nothing else.
  [[nodiscard]] bool may_only_give_back() const;

  [[nodiscard]] const SessionCounts& counts() const { return counts_; }
  [[nodiscard]] const VisitState& visit() const { return visit_; }
  [[nodiscard]] Instant hub_time() const { return hub_time_; }
  [[nodiscard]] std::uint64_t come_back_ms() const { return come_back_ms_; }

 private:
  struct FeedProgress {
    bool heard = false;       // in the last reply
    bool agreed = false;      // our copy is a beginning of the hub's feed
    bool send_roots = false;  // the hub disagrees
    bool roots_sent = false;  // in the last request
    bool closed = false;
    std::uint64_t hub_size = 0;
  };
  // Bytes that are missing: one each exchange, so that what the hub has will come, sooner or later;
  // all while that is worth it, since the process is new, or something came, or the hub had the
  // one; none after the hub had nothing of many.
  enum class Asking { none, one, all };
  // What the last request carried; its reply says that the hub has it.
  struct Carried {
    std::map<LogId, std::uint64_t> logs;          // up to this count
    std::set<LogId> whole_logs;                   // all that is pending of them
    std::map<std::int64_t, std::uint64_t> parts;  // of lost stretches, up to this position
    std::vector<Name> fills;
    std::vector<Name> wants;
    bool plain = false;
  };

  // The request.
  void state_feeds(const LedgerReader& ledger, ExchangeRequest& request);
  void give_back(const LedgerReader& ledger, ExchangeRequest& request, Room& room);
  [[nodiscard]] bool give_back_part(const LedgerReader& ledger, const LostStretch& stretch,
                                    ExchangeRequest& request, Room& room);
  void offer(const LedgerReader& ledger, ExchangeRequest& request, Room& room);
  [[nodiscard]] bool offer_branch(const LedgerReader& ledger, const PendingLog& log,
                                  const LogTip& tip, RunBuilder& runs, ExchangeRequest& request,
                                  Room& room);
  void answer_wants(const LedgerReader& ledger, ExchangeRequest& request, Room& room);
  [[nodiscard]] bool expects_more(const LedgerReader& ledger) const;
  void ask_for_bytes(const LedgerReader& ledger, ExchangeRequest& request);
  void say_what_is_held(const LedgerReader& ledger, ExchangeRequest& request) const;
  [[nodiscard]] std::uint64_t next_to_return(const LostStretch& stretch) const;
  [[nodiscard]] bool has_to_return(const LedgerReader& ledger, const FeedId& feed) const;

  // The reply.
  void take_hello(const ExchangeReply& reply, Commit& commit);
  [[nodiscard]] Status take_feed(const LedgerReader& ledger, const FeedAnswer& answer,
                                 Commit& commit);
  void cut_feed(const LedgerReader& ledger, const FeedAnswer& answer, Commit& commit);
  [[nodiscard]] Status append_feed(const LedgerReader& ledger, const FeedAnswer& answer,
                                   Commit& commit);
  [[nodiscard]] bool head_fits(const LedgerReader& ledger, const FeedAnswer& answer,
                               const std::vector<PlacedRow>& appended) const;
  void take_row(const LedgerReader& ledger, const FeedId& feed, const PlacedRow& row,
                Commit& commit);
  void note_returned(const LedgerReader& ledger, Commit& commit) const;
  [[nodiscard]] Status take_fills(const LedgerReader& ledger, const ExchangeReply& reply,
                                  Commit& commit);
  void note_carried(const ExchangeReply& reply);
  void judge_progress(const LedgerReader& ledger, const ExchangeReply& reply, const Commit& commit);
  [[nodiscard]] bool is_level(const LedgerReader& ledger, const Commit& commit) const;
  [[nodiscard]] bool is_covered(const LedgerReader& ledger, const Commit& commit) const;
  [[nodiscard]] std::vector<Name> missing_bytes(const LedgerReader& ledger) const;
  [[nodiscard]] bool misses_bytes(const LedgerReader& ledger, const Commit& commit) const;

  InitiatorOptions options_;
  const SigningKey& device_;
  VisitState visit_;
  std::vector<FeedId> feeds_;
  std::map<FeedId, FeedProgress> progress_;
  Carried carried_;
  std::map<LogId, std::uint64_t> handed_in_;        // the hub has this many entries of an own log
  std::map<std::int64_t, std::uint64_t> returned_;  // and lost stretches up to this position
  std::map<LogId, std::uint64_t> needs_;            // where the hub asked a log to be sent from
  std::vector<Name> wants_;                         // of the hub
  std::set<Name> filled_;                           // wants that were answered once
  std::set<Name> asked_;                            // own wants that the hub could not answer
  std::optional<Nonce> nonce_;
  Asking asking_ = Asking::one;
  bool visit_saved_ = false;
  bool unanswered_ = false;  // the last request
  bool plain_up_ = false;    // the hub could not resolve our places
  bool plain_down_ = false;  // we could not resolve the hub's
  bool done_ = false;
  bool all_covered_ = false;
  bool hub_went_back_ = false;
  bool copied_ = false;
  bool more_to_say_ = false;  // the last request had to leave something out
  bool moved_ = false;        // the last exchange changed something on either side
  bool said_again_ = false;   // what the hub seems to have, and did not cover
  unsigned idle_exchanges_ = 0;
  SessionCounts counts_;
  Instant hub_time_;
  std::uint64_t come_back_ms_ = 0;
};

}  // namespace tram::sync
