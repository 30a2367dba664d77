#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/feed/head_signer.hpp"
#include "sync/session/ledger_port.hpp"
#include "sync/session/routing.hpp"
#include "sync/session/runs.hpp"
#include "sync/wire/messages.hpp"

/// The hub's side of an exchange, in two steps around one commit:
///
///   1. `accept` judges the request against the store as it is and says what to commit;
///   2. the driver commits that, alone or with other nodes' in one transaction (a savepoint each;
///      then each `accept` reads what the one before it wrote, or entries miss a feed that it gave
///      standing);
///   3. `reply` reads the store as it is now, signs, and gives the answer to send.
///
/// Nothing is signed before it is committed. A responder lives for one request. If the commit
/// fails, drop it and answer "busy": the node will send the same again, and nothing is taken twice.
namespace tram::sync {

/// The hub's row for the key of the connection's certificate: scope comes from here, never from the
/// request.
struct DeviceScope {
  PublicKey device{};
  FeedId home;
  std::vector<FeedId> readable;  ///< feeds that it may read
  /// False for a certificate that verifies and has no row: the hub went back to before the
  /// enrolment. Such a device may state what it has and give back what the hub lost, its own
  /// enrolment among it; it reads nothing, and its own entries wait until the row is back.
  bool known = true;
};

struct ResponderOptions {
  std::size_t frame_bytes = 256 * 1024;  ///< of entries in one reply, before compression
  std::uint64_t come_back_ms = 60'000;
  /// Keys whose old heads this hub honours: its own, and those it took over from.
  std::vector<PublicKey> hub_keys;
};

class Responder {
 public:
  /// `nonce` is fresh, for this request. `asked` are nonces given to this device earlier and not
  /// used yet.
  Responder(DeviceScope scope, ResponderOptions options, const Nonce& nonce,
            std::vector<Nonce> asked);

  /// `refused` if the request states a feed outside the scope; `unverified` for a signature that
  /// does not fit or a log of another device; `malformed` or `limit` for batches that do not
  /// decode. Nothing is committed then.
  [[nodiscard]] Result<Commit> accept(const LedgerReader& ledger, const ExchangeRequest& request);

  /// After the commit. The same ledger or a newer snapshot of it.
  [[nodiscard]] ExchangeReply reply(Instant now, const LedgerReader& ledger, HeadSigner& signer,
                                    const ExchangeRequest& request) const;

  /// Entries taken that were not held before, openings not counted.
  [[nodiscard]] std::uint64_t accepted_entries() const { return accepted_entries_; }

 private:
  struct Standing {
    FeedAnswer::Kind kind = FeedAnswer::Kind::agrees;
    std::uint64_t agreed = 0;
  };

  [[nodiscard]] Status check_scope(const ExchangeRequest& request) const;
  [[nodiscard]] Standing standing_of(const LedgerReader& ledger, const FeedStatement& statement,
                                     const ExchangeRequest& request) const;
  void judge(const LedgerReader& ledger, const ExchangeRequest& request, Commit& commit);
  void judge_hello_of(const LedgerReader& ledger, const Hello& hello, Commit& commit);
  [[nodiscard]] Status take_returns(const LedgerReader& ledger, const ExchangeRequest& request,
                                    Router& router, Commit& commit);
  [[nodiscard]] Status take_offers(const LedgerReader& ledger, const ExchangeRequest& request,
                                   Router& router, Commit& commit);
  [[nodiscard]] Status take_run(const LedgerReader& ledger, const EntryRun& run,
                                const Signature& signature, Router& router, Commit& commit);
  [[nodiscard]] Status take_fills(const LedgerReader& ledger, const ExchangeRequest& request,
                                  Router& router, Commit& commit);
  [[nodiscard]] FeedAnswer answer_feed(Instant now, const LedgerReader& ledger, HeadSigner& signer,
                                       const FeedStatement& statement, bool plain,
                                       Room& room) const;
  [[nodiscard]] bool node_holds(const LedgerReader& ledger, const HeldEntry& entry) const;
  [[nodiscard]] std::vector<Name> wants(const LedgerReader& ledger,
                                        const ExchangeRequest& request) const;
  [[nodiscard]] Bytes fills(const LedgerReader& ledger, const std::vector<Name>& wanted,
                            Room& room) const;

  DeviceScope scope_;
  ResponderOptions options_;
  Nonce nonce_;
  std::vector<Nonce> asked_;

  std::map<FeedId, Standing> standings_;
  // What the node says or shows that it holds: whole logs up to a count, and what it sent itself.
  std::map<LogId, std::uint64_t> held_by_node_;
  std::set<Name> sent_by_node_;
  std::optional<HelloAnswer> hello_answer_;
  std::vector<LogNeed> needs_;
  bool plain_ = false;
  std::uint64_t accepted_entries_ = 0;
};

}  // namespace tram::sync
