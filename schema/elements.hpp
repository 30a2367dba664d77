#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/ledger/entry.hpp"

/// Lists of elements as JSON, for values_out.cpp and export.cpp. Private to schema/.
namespace tram::schema {

/// The position of an element that has none: after all others.
inline constexpr std::int64_t unplaced = std::numeric_limits<std::int64_t>::max();

/// Views into the caller's data: valid as long as that is.
struct ListedElement {
  std::int64_t position = unplaced;
  std::string key;
  std::optional<sync::ByteView> value;  ///< nothing: removed
};

/// The element's attributes and its key in one object.
[[nodiscard]] nlohmann::json element_object(std::uint32_t kind, const sync::FieldTag& tag,
                                            const ListedElement& element);

/// Those that are there, ordered by (position, key).
[[nodiscard]] nlohmann::json list_of_elements(std::uint32_t kind, const sync::FieldTag& tag,
                                              std::vector<ListedElement> elements);

}  // namespace tram::schema
