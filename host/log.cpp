#include "host/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "host/clock.hpp"

namespace tram::host {
namespace {

constexpr std::size_t value_bytes_max = 512;

std::atomic<Level> lowest{Level::info};

std::string_view word_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of(" \"=\\") != std::string_view::npos;
}

void append_value(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const bool cut = text.size() > value_bytes_max;
  if (cut) text = text.substr(0, value_bytes_max);
  const bool quoted = needs_quotes(text);
  if (quoted) out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4U];
      out += digits[byte & 0xfU];
    } else {
      if (quoted && (c == '"' || c == '\\')) out += '\\';
      out += c;
    }
  }
  if (quoted) out += '"';
  if (cut) out += "…";
}

/// Null if it cannot be made: the log then stays silent.
std::shared_ptr<spdlog::logger> make_logger() {
  try {
    auto logger =
        std::make_shared<spdlog::logger>("tram", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    // By default spdlog would print its own failures to stderr, each with a line of another shape.
    logger->set_error_handler([](const std::string&) {});
    return logger;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

std::string format_log_line(sync::Instant at, Level level, std::string_view event,
                            std::initializer_list<Field> fields) {
  std::string line = local_time_text(at);
  line += ' ';
  line += word_of(level);
  line += ' ';
  line += event;
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < lowest.load(std::memory_order_relaxed)) return;
  // Leaked on purpose: threads may log while statics are being destroyed.
  static auto* logger = std::make_unique<std::shared_ptr<spdlog::logger>>(make_logger()).release();
  if (*logger == nullptr) return;
  try {
    const auto line = format_log_line(SystemClock().now(), level, event, fields);
    (*logger)->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {
    // Nothing can be said where saying fails.
    return;
  }
}

void set_log_level(Level level) {
  lowest.store(level, std::memory_order_relaxed);
}

}  // namespace tram::host
