#include "node/operations.hpp"

#include <nlohmann/json.hpp>

#include "command/backup_command.hpp"
#include "command/store_methods.hpp"
#include "node/backup.hpp"
#include "node/conflicts.hpp"
#include "node/import.hpp"

namespace tram::node {

using command::Emit;
using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

// Takes in something new, if the disk lets it.
sync::Status save(const Running& running, const std::function<sync::Status()>& work) {
  return running.disk != nullptr ? running.disk->run(work) : work();
}

sync::Status import_lines(Node& node, const Running& running, const json& params,
                          const Emit& emit) {
  const std::vector<std::string> texts = params.at("lines").get<std::vector<std::string>>();
  const std::vector<std::string_view> lines(texts.begin(), texts.end());
  sync::Result<ImportResult> result = ImportResult{};
  const sync::Status saved = save(running, [&]() -> sync::Status {
    result = import_batch(node, lines);
    if (!result) return fail(result.error());
    return {};
  });
  if (!saved) return saved;
  json rejected = json::array();
  for (const RejectedLine& line : result->rejected) {
    rejected.push_back({{"index", line.index}, {"reason", line.reason}});
  }
  emit({{"accepted", result->accepted}, {"known", result->known}, {"rejected", rejected}});
  if (running.work_came && result->accepted != 0) running.work_came();
  return {};
}

json report_json(const LinkReport& report) {
  return {{"sent_entries", report.sent_entries},
          {"received_entries", report.received_entries},
          {"bytes_sent", report.bytes_sent},
          {"bytes_received", report.bytes_received},
          {"round_trips", report.round_trips},
          {"connects", report.connects},
          {"hub_went_back", report.hub_went_back},
          {"copied", report.copied},
          {"synced", report.synced}};
}

// The report comes also when the session failed: what was done before counts.
sync::Status sync_now(Link& link, const Emit& emit) {
  LinkReport report;
  const sync::Status done =
      link.run_session(report, [&](const LinkReport& so_far, std::uint64_t pending) {
        return emit({{"progress", {{"sent", so_far.sent_entries}, {"pending", pending}}}});
      });
  emit({{"report", report_json(report)}});
  return done;
}

sync::Status decide(Node& node, const Running& running, const json& params) {
  Decision decision;
  decision.record = params.at("record");
  decision.field = params.at("field");
  decision.element = params.value("element", "");
  if (params.contains("entry")) decision.entry = params["entry"];
  if (params.contains("value")) decision.value = params["value"];
  if (decision.entry.has_value() == decision.value.has_value()) {
    return fail(ErrorCode::usage, "give either an entry to keep or a value");
  }
  const sync::Status done = save(running, [&] { return decide_conflict(node, decision); });
  if (done && running.work_came) running.work_came();
  return done;
}

}  // namespace

std::uint64_t ballast_bytes(const config::NodeConfig& config) {
  return static_cast<std::uint64_t>(config.ballast_mib) * 1024 * 1024;
}

command::Methods operations_of(Node& node, Link& link, Running running) {
  command::Methods methods;
  methods.add("import", [&node, running](const json& params, const Emit& emit) {
    return import_lines(node, running, params, emit);
  });
  methods.add("export", [&node](const json&, const Emit& emit) {
    return command::emit_export(node.store(), node.identity().unit, emit);
  });
  methods.add("sync", [&link](const json&, const Emit& emit) { return sync_now(link, emit); });
  methods.add("status", [&node, running](const json&, const Emit& emit) -> sync::Status {
    sync::Result<json> status =
        status_of(node, running.attempts ? std::optional(running.attempts()) : std::nullopt);
    if (!status) return fail(status.error());
    (*status)["read_only"] = running.disk != nullptr && running.disk->read_only();
    emit(*status);
    return {};
  });
  methods.add("rebuild", [&node](const json&, const Emit& emit) {
    return command::rebuild_projection(node.store(), emit);
  });
  methods.add("verify", [&node](const json&, const Emit& emit) {
    return command::emit_verification(node.store(), emit);
  });
  methods.add("backup.create", command::backup_method(backup_kind(), node.directory()));
  methods.add("conflict.list", [&node](const json& params, const Emit& emit) {
    const std::optional<std::string> record =
        params.contains("record") ? std::optional(params["record"].get<std::string>())
                                  : std::nullopt;
    return for_each_conflict(node, record, emit);
  });
  methods.add("conflict.decide", [&node, running](const json& params, const Emit&) {
    return decide(node, running, params);
  });
  return methods;
}

}  // namespace tram::node
