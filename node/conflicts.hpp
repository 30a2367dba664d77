#pragma once

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "node/node.hpp"

/// The owner commune's list "Hai nơi cùng sửa": fields that two places changed, and decisions.
namespace tram::node {

/// Every open conflict, one object each: record, code, field, label, since, and under `values` each
/// rival with value, entry, time, unit. `record`: only those of this record (id or code).
[[nodiscard]] sync::Status for_each_conflict(
    const Node& node, const std::optional<std::string>& record,
    const std::function<bool(const nlohmann::json&)>& visit);

/// What a person decides.
struct Decision {
  std::string record;                ///< id in hex, or the dossier's code
  std::string field;                 ///< as the list shows it
  std::string element;               ///< of a list field: which one
  std::optional<std::string> entry;  ///< keep this rival's value: its entry, in hex
  std::optional<std::string> value;  ///< or this one, as JSON
};

/// Settles a conflict by an entry that names everything held of the record as its parents.
/// `not_found` if there is no such conflict, `usage` if several fit, `malformed` for a value that
/// the field refuses.
[[nodiscard]] sync::Status decide_conflict(Node& node, const Decision& decision);

}  // namespace tram::node
