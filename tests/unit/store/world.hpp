#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"
#include "store/verify.hpp"
#include "sync/feed/head.hpp"
#include "sync/ledger/chain.hpp"
#include "tests/support/temp_dir.hpp"

/// Devices, logs and a store on disk, in the few words that the store's tests need.
namespace tram::store::test {

inline constexpr std::uint32_t kind_dossier = 1;
inline constexpr const char* home = "24787";
inline constexpr const char* other_unit = "24790";

/// The same key for the same number, in every run.
[[nodiscard]] const sync::SigningKey& device_key(std::uint8_t number);
[[nodiscard]] const sync::SigningKey& hub_key();

[[nodiscard]] sync::Change text_change(std::uint32_t number, std::string_view text,
                                       sync::Policy policy = sync::Policy::latest);
[[nodiscard]] sync::Change custody_change(std::string_view unit);
[[nodiscard]] sync::Edit create(std::vector<sync::Change> changes);
[[nodiscard]] sync::Edit update(const sync::RecordRef& record, std::vector<sync::Name> parents,
                                std::vector<sync::Change> changes);
/// The record that this entry creates.
[[nodiscard]] sync::RecordRef record_in(const sync::NewEntry& entry);

/// One log, written in memory: entries with their places and chain values.
class TestLog {
 public:
  /// The opening is written at once. `id` tells logs apart; the device signs the heads.
  TestLog(std::uint8_t id, const sync::SigningKey& device, std::string unit, bool own);

  const sync::NewEntry& write(sync::EntryBody body, std::int64_t time_ms = 1000);
  [[nodiscard]] sync::NewLog log() const;
  [[nodiscard]] sync::SignedLogHead head() const;
  [[nodiscard]] const std::vector<sync::NewEntry>& entries() const { return entries_; }
  [[nodiscard]] const sync::NewEntry& last() const { return entries_.back(); }
  [[nodiscard]] const sync::LogId& id() const { return id_; }
  /// The log and all its entries, without their chain values if `bare`.
  [[nodiscard]] sync::Commit commit(bool bare = false) const;

 private:
  const sync::SigningKey& device_;
  std::string unit_;
  bool own_;
  sync::LogId id_{};
  sync::Digest chain_{};
  std::vector<sync::NewEntry> entries_;
};

/// A head of the feed as this unit has it, signed by the hub.
[[nodiscard]] sync::SignedHead head_of(const ReadUnit& unit, const sync::FeedId& feed,
                                       std::int64_t hub_time, std::uint8_t epoch = 1);
[[nodiscard]] sync::SignedHead signed_head(const sync::FeedId& feed, std::uint64_t size,
                                           const sync::Digest& root, std::int64_t hub_time,
                                           std::uint8_t epoch = 1);

/// A store in a folder of its own.
class TestStore {
 public:
  explicit TestStore(Role role = Role::node);

  [[nodiscard]] StoreOptions options() const;
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "store.db"; }
  [[nodiscard]] Store& store() { return *store_; }
  void close() { store_.reset(); }
  void reopen();

  /// Each requires success.
  void apply(const sync::Commit& commit);
  void read(const std::function<void(const ReadUnit&)>& look);
  void write(const std::function<void(WriteUnit&)>& work);
  /// Appends every name to the feed.
  void append(const sync::FeedId& feed, const std::vector<sync::Name>& names);
  [[nodiscard]] VerifyReport audit();
  /// Everything in the projection, as one comparable text.
  [[nodiscard]] std::string projection();

  /// Another hand: runs constant SQL on the closed file, with the schema's guards off.
  void tamper(const std::vector<std::string>& statements);

  StoreOptions extra;  ///< role, home unit, hub keys…: changed before `reopen`

 private:
  tram::test::TempDir folder_{tram::test::TempDir::fast_parent()};
  sync::Bytes key_ = sync::Bytes(32, 0x5a);
  std::unique_ptr<Store> store_;
};

}  // namespace tram::store::test
