#pragma once

#include "sync/session/ledger_port.hpp"

namespace tram::store {

class Database;

/// What sessions remember between exchanges.
[[nodiscard]] sync::Status write_session(Database& database, const sync::LineageUpdate& update);
[[nodiscard]] sync::Status write_session(Database& database, const sync::VisitState& state);

}  // namespace tram::store
