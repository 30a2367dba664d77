#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"
#include "sync/ledger/entry.hpp"

/// Change events: what `tram-node import` reads, one JSON object a line.
///
///     {"t":1751331480000,"commune":49,"dossier":"H36.49-250701-0001","kind":"create","fields":{…}}
///
/// `t` (milliseconds since 1970 UTC), `dossier`, `kind` (create or update) and `fields` must be
/// there; `commune` is the writer's own number and is not used. Anything else at this level is
/// refused rather than dropped. What stands in `fields` is the business of values.hpp.
namespace tram::schema {

struct ChangeEvent {
  sync::Instant t;
  std::string dossier;  ///< its code, normalised
  bool create = false;
  std::vector<sync::Change> changes;  ///< canonical order, at least one, fits an entry
};

/// One line, with or without its line end. `malformed` or `limit`; the message is one line, names
/// the field and never a value, so that it can be logged. An empty line is `malformed` too: skip it
/// if you mean to.
///
/// `fields.code`, if present, must be the event's dossier; a create without it gets it. An event
/// that changes nothing is refused, since an entry cannot say so.
[[nodiscard]] sync::Result<ChangeEvent> parse_event(std::string_view line);

}  // namespace tram::schema
