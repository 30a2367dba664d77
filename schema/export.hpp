#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/ledger/entry.hpp"

/// The canonical state of a record as one line of JSON: what `export` prints at node and hub, equal
/// byte for byte once both hold the same entries and have the same schema version.
namespace tram::schema {

/// One resolved field, or one resolved element of a keyed_union.
struct ExportField {
  sync::FieldTag tag;
  std::string key;  ///< the element; empty for other policies
  std::optional<sync::Bytes> value;
  bool conflict = false;
  /// The values that stand against each other, sorted and distinct; used only if `conflict`.
  std::vector<std::optional<sync::Bytes>> rivals;
};

/// `{"conflicts":{"phone":["…","…"]},"fields":{…},"id":"…"}`, keys sorted, no blanks, UTF-8
/// unescaped, without a line end. A cleared field is null. A keyed_union is a list of objects
/// ordered by (position, key); removed elements are not in it. `conflicts` is left out when there
/// are none; one between elements is `"checklist":[{"name":…,"values":[…]}]`. Depends on nothing
/// but the arguments, and not on their order.
[[nodiscard]] std::string export_line(std::uint32_t kind, std::string_view id_hex,
                                      const std::vector<ExportField>& fields);

}  // namespace tram::schema
