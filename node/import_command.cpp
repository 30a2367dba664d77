#include "node/import_command.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "command/report.hpp"
#include "host/files.hpp"
#include "host/terminal.hpp"
#include "node/line_reader.hpp"
#include "schema/fold.hpp"

namespace tram::node {

using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

// Lines a transaction: hundreds of events for one flush of the disk, and little to do again.
constexpr std::size_t batch_lines = 500;
// JSON may make six of a byte, and the control channel carries 16 MiB.
constexpr std::size_t batch_bytes = 2 * 1024 * 1024;
constexpr std::size_t line_bytes_max = 64 * 1024;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

class Import {
 public:
  Import(command::Access& access, const std::string& file)
      : access_(access), rejected_(file + ".rejected"), to_file_(file != "-") {}

  sync::Result<ImportTotals> run(std::istream& in) {
    LineReader reader(in, line_bytes_max);
    std::size_t bytes = 0;
    while (const std::optional<LineReader::Line> line = reader.next()) {
      if (line->text.empty()) continue;
      const char* reason = line->too_long                 ? "the line is longer than 64 KiB"
                           : !schema::is_utf8(line->text) ? "event: not valid UTF-8"
                                                          : nullptr;
      if (reason != nullptr) {
        // What came before it is told before it.
        if (const sync::Status sent = send(); !sent) return fail(sent.error());
        bytes = 0;
        if (const sync::Status told = reject(*line, reason); !told) return fail(told.error());
        continue;
      }
      bytes += line->text.size();
      batch_.push_back(*line);
      if (batch_.size() < batch_lines && bytes < batch_bytes) continue;
      if (const sync::Status sent = send(); !sent) return fail(sent.error());
      bytes = 0;
    }
    if (const sync::Status sent = send(); !sent) return fail(sent.error());
    if (const sync::Status flushed = rejected_.flush(); !flushed) return fail(flushed.error());
    return totals_;
  }

 private:
  sync::Status send() {
    if (batch_.empty()) return {};
    json lines = json::array();
    for (const LineReader::Line& line : batch_) lines.push_back(line.text);
    sync::Status told;
    const sync::Status called =
        access_.call("import", {{"lines", std::move(lines)}}, [&](const json& result) {
          totals_.accepted += result.at("accepted").get<std::uint64_t>();
          totals_.known += result.at("known").get<std::uint64_t>();
          for (const json& line : result.at("rejected")) {
            const auto index = line.at("index").get<std::size_t>();
            const sync::Status one = reject(batch_.at(index), line.at("reason"));
            if (!one) told = one;
          }
        });
    if (!called) return called;
    batch_.clear();
    progress_.show("import: " + std::to_string(totals_.accepted) + " accepted, " +
                   std::to_string(totals_.known) + " known, " + std::to_string(totals_.rejected) +
                   " rejected");
    return told;
  }

  sync::Status reject(const LineReader::Line& line, const std::string& reason) {
    ++totals_.rejected;
    const std::string text = dump({{"line", line.number}, {"reason", reason}, {"text", line.text}});
    if (to_file_) return rejected_.append(text);
    progress_.clear();
    command::say(text);
    return {};
  }

  command::Access& access_;
  host::LineFile rejected_;
  bool to_file_;
  host::ProgressLine progress_;
  std::vector<LineReader::Line> batch_;
  ImportTotals totals_;
};

}  // namespace

sync::Result<ImportTotals> import_file(command::Access& access, const std::string& file) {
  Import import(access, file);
  if (file == "-") return import.run(std::cin);
  std::error_code ignored;
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file, ignored))
    return fail(ErrorCode::usage, "cannot read " + file);
  // What an earlier import of this file refused is judged anew.
  if (const sync::Status removed = host::remove_file(file + ".rejected"); !removed) {
    return fail(removed.error());
  }
  return import.run(in);
}

}  // namespace tram::node
