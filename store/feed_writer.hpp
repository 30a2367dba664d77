#pragma once

#include <cstdint>
#include <optional>

#include "store/context.hpp"
#include "store/index.hpp"
#include "store/touched.hpp"
#include "sync/session/ledger_port.hpp"

namespace tram::store {

class Database;

/// Writes feeds: appends, heads, cuts, and what is due in other feeds. Idempotent like
/// LedgerWriter.
class FeedWriter {
 public:
  FeedWriter(Database& database, const Context& context, Touched& touched)
      : database_(database), context_(context), index_(database, context, touched) {}

  [[nodiscard]] sync::Status cut(const sync::FeedCut& cut);
  [[nodiscard]] sync::Status append(const sync::FeedAppend& append);
  [[nodiscard]] sync::Status deliver(const sync::FeedAppend& delivery);
  [[nodiscard]] sync::Status drop_delivery(const sync::FeedAppend& delivery);
  [[nodiscard]] sync::Status hold(const sync::RecordRef& record, const sync::Holder& holder);
  [[nodiscard]] sync::Status put(const sync::SignedHead& head);
  [[nodiscard]] sync::Status returned(std::int64_t lost_id, std::uint64_t progress);

 private:
  struct Feed {
    std::int64_t feed_id = 0;
    std::uint64_t size = 0;
  };
  [[nodiscard]] sync::Result<Feed> feed_of(const sync::FeedId& feed);
  [[nodiscard]] sync::Result<std::int64_t> entry_id_of(const sync::Name& name);
  [[nodiscard]] sync::Result<bool> stands_in(const Feed& feed, std::int64_t entry_id);
  [[nodiscard]] sync::Status add_nodes(const Feed& feed, const sync::Name& name);
  [[nodiscard]] sync::Status keep_lost(const Feed& feed, const sync::FeedCut& cut,
                                       sync::ByteView head);
  [[nodiscard]] sync::Status drop_above(const Feed& feed, std::uint64_t size);

  Database& database_;
  const Context& context_;
  Index index_;
};

/// The hash of a complete subtree of a feed, from the stored nodes or, for a leaf, from its name.
[[nodiscard]] sync::Result<sync::Digest> feed_node(Database& database, std::int64_t feed_id,
                                                   unsigned level, std::uint64_t index);

}  // namespace tram::store
