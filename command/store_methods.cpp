#include "command/store_methods.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "schema/kinds.hpp"
#include "store/record_export.hpp"
#include "store/verify.hpp"

namespace tram::command {

using nlohmann::json;
using sync::fail;

namespace {

// Lines an item of the answer: little enough to keep memory flat, enough to keep the channel busy.
// In bytes a sixth of what the channel carries, since JSON may escape each of them.
constexpr std::size_t lines_an_item = 200;
constexpr std::size_t bytes_an_item = 1024 * 1024;
constexpr std::uint64_t progress_step = 100;

json finding_json(const store::Finding& finding) {
  json out = {{"kind", store::to_word(finding.kind)}, {"message", finding.message}};
  if (!finding.log.empty()) {
    out["log"] = finding.log;
    out["seq"] = finding.seq;
  }
  if (!finding.feed.empty()) {
    out["feed"] = finding.feed;
    out["position"] = finding.position;
  }
  return out;
}

}  // namespace

sync::Status emit_export(const store::Store& store, const std::string& unit, const Emit& emit) {
  return store.read([&](const store::ReadUnit& read) {
    json lines = json::array();
    std::size_t bytes = 0;
    const sync::Status done = store::for_each_export_line(
        read, unit, schema::kind::dossier, unit, [&](const std::string& line) {
          lines.push_back(line);
          bytes += line.size();
          if (lines.size() < lines_an_item && bytes < bytes_an_item) return true;
          bytes = 0;
          return emit({{"lines", std::exchange(lines, json::array())}});
        });
    if (done && !lines.empty()) emit({{"lines", std::move(lines)}});
    return done;
  });
}

sync::Status emit_verification(const store::Store& store, const Emit& emit) {
  const sync::Result<std::vector<store::Finding>> damage = store::check_pages(store);
  if (!damage) return fail(damage.error());
  if (!damage->empty()) {
    json findings = json::array();
    for (const store::Finding& finding : *damage) findings.push_back(finding_json(finding));
    emit({{"ok", false},
          {"errors", damage->size()},
          {"entries", 0},
          {"logs", 0},
          {"feeds", 0},
          {"records", 0},
          {"entries_without_bytes", 0},
          {"findings", std::move(findings)}});
    return {};
  }
  return store.read([&](const store::ReadUnit& read) -> sync::Status {
    const sync::Result<store::VerifyReport> report = store::verify(read, {});
    if (!report) return fail(report.error());
    json findings = json::array();
    for (const store::Finding& finding : report->findings) {
      if (!finding.information) findings.push_back(finding_json(finding));
    }
    emit({{"ok", report->ok()},
          {"errors", report->errors},
          {"entries", report->entries},
          {"logs", report->logs},
          {"feeds", report->feeds},
          {"records", report->records},
          {"entries_without_bytes", report->without_bytes},
          {"findings", std::move(findings)}});
    return {};
  });
}

sync::Status rebuild_projection(store::Store& store, const Emit& emit) {
  std::uint64_t records = 0;
  const sync::Status rebuilt = store.write([&](store::WriteUnit& unit) {
    return unit.rebuild([&](std::string_view step, std::uint64_t done, std::uint64_t /*total*/) {
      if (step == "records") records = done + 1;
      if (done % progress_step == 0) emit({{"progress", {{"step", step}, {"done", done}}}});
    });
  });
  if (rebuilt) emit({{"records", records}});
  return rebuilt;
}

}  // namespace tram::command
