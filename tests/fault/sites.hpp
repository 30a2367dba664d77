#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"
#include "sync/feed/head_signer.hpp"
#include "sync/ledger/author.hpp"
#include "sync/session/initiator.hpp"
#include "sync/session/responder.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/support/sync_pair.hpp"

/// A commune's store and the hub's on disks that fail, with the engine between them as the programs
/// use it: every act is one function that says ok only when it is on the disk. Nothing is retried;
/// after a failure the caller opens the store again.
namespace tram::fault {

inline constexpr const char* home = "24787";
inline constexpr const char* elsewhere = "24790";
inline constexpr const char* probe_key = "test.probe";

/// A store on a disk of its own.
class Site {
 public:
  Site(store::Role role, std::uint64_t seed);

  [[nodiscard]] store::StoreOptions options(const simulation::Disk& on) const;
  [[nodiscard]] sync::Status open();
  void close() { store.reset(); }
  [[nodiscard]] sync::Status read(const std::function<sync::Status(const store::ReadUnit&)>& work);
  [[nodiscard]] sync::Status write(const std::function<sync::Status(store::WriteUnit&)>& work);
  [[nodiscard]] sync::Status rebuild();
  [[nodiscard]] sync::Status apply(const sync::Commit& commit);
  [[nodiscard]] std::shared_ptr<const sync::SigningKey> hub_key() const { return hub_key_; }

  simulation::Disk disk;
  std::unique_ptr<store::Store> store;
  std::string home_unit;     ///< a node's; empty at the hub
  bool store_threw = false;  ///< an exception came out of the store: it promised that none would

 protected:
  store::Role role_;
  std::shared_ptr<const sync::SigningKey> hub_key_;
  sync::test::SeededRandom random_;
};

class NodeSite : public Site {
 public:
  explicit NodeSite(std::uint64_t seed, std::uint64_t key = 7);

  /// A new process on what the disk holds: a new run, and a new log at the first entry.
  [[nodiscard]] sync::Status start();
  /// Creates a dossier.
  [[nodiscard]] sync::Status save(const std::string& text);
  /// So many dossiers in one transaction.
  [[nodiscard]] sync::Status import(int count);
  /// Two rival writes of the newest dossier, neither of which knows the other: a conflict.
  [[nodiscard]] sync::Status disagree();
  /// Settles it.
  [[nodiscard]] sync::Status decide();
  [[nodiscard]] sync::Status transfer();
  [[nodiscard]] sync::Result<sync::Bytes> next_request();
  [[nodiscard]] sync::Status take_reply(sync::ByteView frame);
  void begin_session();
  [[nodiscard]] bool session_done() const { return initiator_->done(); }
  [[nodiscard]] const sync::PublicKey& device() const { return key_->public_key(); }

 private:
  [[nodiscard]] sync::Status put(std::vector<sync::EntryBody> bodies);

  std::shared_ptr<const sync::SigningKey> key_;
  sync::VisitState visit_;
  std::optional<sync::LogAuthor> author_;
  std::optional<sync::Initiator> initiator_;
  std::optional<sync::RecordRef> newest_;
  std::vector<sync::Name> frontier_;
  std::int64_t now_ms_ = 1'760'000'000'000;
  int imported_ = 0;
};

class HubSite : public Site {
 public:
  explicit HubSite(std::uint64_t seed);

  /// A new process: a new epoch.
  [[nodiscard]] sync::Status start();
  /// Judges and commits the request.
  [[nodiscard]] sync::Status accept(const sync::PublicKey& device, sync::ByteView frame);
  /// As `accept`, of two at once in one transaction: one that fails does not take the other along.
  [[nodiscard]] sync::Status accept_both(const sync::PublicKey& first, sync::ByteView first_frame,
                                         const sync::PublicKey& second,
                                         sync::ByteView second_frame);
  /// Answers the request that was accepted last.
  [[nodiscard]] sync::Result<sync::Bytes> reply();
  /// The worker's step: what is due in other feeds.
  [[nodiscard]] sync::Status deliver();

 private:
  [[nodiscard]] sync::Status take(store::WriteUnit& unit, const sync::PublicKey& device,
                                  const sync::ExchangeRequest& request);

  std::optional<sync::HeadSigner> signer_;
  std::optional<sync::Responder> responder_;
  std::optional<sync::ExchangeRequest> request_;
  std::int64_t now_ms_ = 1'760'000'000'000;
};

/// Which tables: what sessions remember (hellos and lineages), the ledger and all that follows from
/// it, or both.
enum class Tables { all, ledger, sessions };

/// A fingerprint of every row of these tables, but not of the marks of opening and closing, nor of
/// what stands under `probe_key`.
[[nodiscard]] sync::Result<std::uint64_t> fingerprint(store::Store& store,
                                                      Tables tables = Tables::all);

/// What an auditor says of a store.
struct Findings {
  std::uint64_t errors = 0;
  std::string first;
};
[[nodiscard]] sync::Result<Findings> audit(store::Store& store);

}  // namespace tram::fault
