#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sync/ledger/entry.hpp"

/// Private to schema/.
namespace tram::schema {

/// changes_from_json for values that were checked before: that they do not fit is asserted.
[[nodiscard]] std::vector<sync::Change> record_changes(std::uint32_t kind,
                                                       const nlohmann::json& fields);

}  // namespace tram::schema
