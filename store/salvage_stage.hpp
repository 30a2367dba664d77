#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/sqlite/database.hpp"
#include "sync/crypto/signature.hpp"

namespace tram::store {

class PageFile;
struct LeafRow;
struct SalvageSource;

/// What could still be read of a damaged store, by itself: in a scratch database under the same
/// key, so that memory stays bounded. Nothing in it is believed yet. All of it is one transaction
/// that is never committed; whoever made the file removes it.
class SalvageStage {
 public:
  [[nodiscard]] static sync::Result<std::unique_ptr<SalvageStage>> create(
      const std::filesystem::path& path, sync::ByteView key);

  /// Rows of tables with row ids, page by page. They are told apart by their shape; the tree above
  /// them is not asked.
  [[nodiscard]] sync::Status scan(PageFile& file, const std::function<void(std::uint64_t)>& page);
  /// The other tables, each through its own tree and again through an index that repeats it.
  [[nodiscard]] sync::Status read(Database& damaged);
  /// Fills one from the other: places from bytes, logs from entries and openings. Logs of `device`
  /// whose row is gone are taken for own, and so are those in which something waits to be sent: of
  /// `device`, in the unit `home`.
  [[nodiscard]] sync::Status mend(const std::optional<sync::PublicKey>& device,
                                  const std::string& home);

  [[nodiscard]] Database& database() { return *database_; }
  [[nodiscard]] std::uint64_t pages() const { return pages_; }
  [[nodiscard]] std::uint64_t pages_unreadable() const { return pages_unreadable_; }
  /// A tree or an index had parts that could not be read.
  [[nodiscard]] bool has_holes() const { return has_holes_; }

 private:
  explicit SalvageStage(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  void keep(const LeafRow& row);
  [[nodiscard]] sync::Status keep_entry(const LeafRow& row);
  [[nodiscard]] sync::Status keep_small(const LeafRow& row);
  [[nodiscard]] sync::Status copy(const SalvageSource& source, const Statement& row);
  [[nodiscard]] sync::Status read_ends(Database& damaged, const SalvageSource& source);
  [[nodiscard]] sync::Status read_range(Database& damaged, const SalvageSource& source,
                                        std::int64_t group);
  [[nodiscard]] sync::Status read_groups(Database& damaged, const char* groups,
                                         const SalvageSource& source);
  [[nodiscard]] sync::Status place_pending();
  [[nodiscard]] sync::Status name_lost_logs();
  [[nodiscard]] sync::Status open_logs(const std::optional<sync::PublicKey>& device);
  [[nodiscard]] sync::Status place_by_bytes();
  [[nodiscard]] sync::Status own_logs(const sync::PublicKey& device, const std::string& home);

  std::unique_ptr<Database> database_;
  std::uint64_t pages_ = 0;
  std::uint64_t pages_unreadable_ = 0;
  bool has_holes_ = false;
  sync::Status kept_;  // the first failure of the scratch database
};

}  // namespace tram::store
