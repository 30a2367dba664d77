#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "store/read_unit.hpp"
#include "sync/merge/resolve.hpp"

/// From a record of the projection to what programs print: the same bytes at node and hub.
namespace tram::store {

/// The canonical line of a record (schema/export.hpp). `io` if its stored state does not decode.
[[nodiscard]] sync::Result<std::string> export_line(const RecordRow& row);

/// Every record of a kind in the unit's custody, sorted by id, a line each, until `visit` returns
/// false.
[[nodiscard]] sync::Status for_each_export_line(
    const ReadUnit& unit, const Scope& scope, std::uint32_t kind, const std::string& custody,
    const std::function<bool(const std::string&)>& visit);

/// A record's present values by field number; for records without unions.
class FieldValues {
 public:
  [[nodiscard]] static sync::Result<FieldValues> of(const RecordRow& row);

  /// Text, token, digits or code; empty if there is none.
  [[nodiscard]] std::string text(std::uint32_t number) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::uint32_t number) const;
  [[nodiscard]] std::optional<sync::Bytes> bytes(std::uint32_t number) const;
  /// The newest entries of the record: what a further edit names as parents.
  [[nodiscard]] const std::set<sync::Name>& frontier() const { return frontier_; }

 private:
  std::map<std::uint32_t, sync::Bytes> values_;
  std::set<sync::Name> frontier_;
};

}  // namespace tram::store
