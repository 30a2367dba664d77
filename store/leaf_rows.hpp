#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sync/core/bytes.hpp"

namespace tram::store {

class PageFile;

/// One value of a row as it stands in a page.
struct LeafValue {
  enum class Kind { null, integer, blob, text };
  Kind kind = Kind::null;
  std::int64_t integer = 0;
  sync::ByteView bytes;  ///< of a blob or a text; valid while the row is visited

  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_integer() const { return kind == Kind::integer; }
  [[nodiscard]] bool is_blob(std::size_t size) const {
    return kind == Kind::blob && bytes.size() == size;
  }
};

struct LeafRow {
  std::int64_t row_id = 0;
  std::vector<LeafValue> values;
};

/// Visits every row that stands whole in page `number`, if that page is a leaf of a table with row
/// ids (SQLite's file format, sections 1.6 and 2.1), whichever table it belongs to: what is found
/// says nothing about whether it counts. Rows whose overflow pages cannot be read, or that make no
/// sense, are passed over. False if the page itself cannot be read.
[[nodiscard]] bool for_each_leaf_row(PageFile& file, std::uint32_t number,
                                     const std::function<void(const LeafRow&)>& visit);

}  // namespace tram::store
