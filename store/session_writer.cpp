#include "store/session_writer.hpp"

#include "store/sqlite/database.hpp"
#include "sync/core/codec.hpp"

namespace tram::store {

sync::Status write_session(Database& database, const sync::LineageUpdate& update) {
  return database
      .prepare(
          "INSERT INTO lineage (device, number, last_run, count, copied)"
          " VALUES (:device, :number, :last_run, :count, :copied)"
          " ON CONFLICT (device, number) DO UPDATE SET last_run = excluded.last_run,"
          " count = excluded.count, copied = max(copied, excluded.copied)")
      .bind(":device", update.device)
      .bind(":number", update.lineage.number)
      .bind(":last_run", update.lineage.last_visit)
      .bind(":count", update.lineage.count)
      .bind(":copied", update.copied || update.lineage.copied)
      .run();
}

sync::Status write_session(Database& database, const sync::VisitState& state) {
  sync::Writer runs;
  for (const auto& run : state.maybe_visits) runs.raw(run);
  return database
      .prepare(
          "INSERT OR REPLACE INTO run_state (one, run, acknowledged_run, acknowledged_count,"
          " maybe_runs, acknowledged) VALUES (1, :run, :acknowledged_run, :acknowledged_count,"
          " :maybe_runs, :acknowledged)")
      .bind(":run", state.visit)
      .bind_maybe(":acknowledged_run", state.acknowledged_visit)
      .bind(":acknowledged_count", state.acknowledged_count)
      .bind(":maybe_runs", runs.view())
      .bind(":acknowledged", state.acknowledged)
      .run();
}

}  // namespace tram::store
