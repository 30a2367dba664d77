#pragma once

#include <cstdint>
#include <string_view>

/// Talking to a person at a terminal, on stderr; data goes to stdout and is none of this file's.
namespace tram::host {

enum class Stream { in, out, error };

/// Whether a person looks at it (and not a file, a pipe or a service manager).
[[nodiscard]] bool is_terminal(Stream stream);

/// One line of progress. On a terminal it is rewritten in place, at most ten times a second;
/// elsewhere a plain line comes at most every `plain_interval_ms`, so that a log of a long import
/// stays short. Control characters are shown as '?'. The destructor ends the line. One thread at a
/// time.
class ProgressLine {
 public:
  ProgressLine();
  explicit ProgressLine(bool on_terminal) : on_terminal_(on_terminal) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  /// UTF-8; cut to the terminal's width.
  void show(std::string_view text);
  /// Clears the line on a terminal, so that something else can be printed. May be shown again.
  void clear();

  static constexpr std::int64_t terminal_interval_ms = 100;
  static constexpr std::int64_t plain_interval_ms = 10'000;

 private:
  bool on_terminal_;
  bool shown_ = false;
  bool ever_shown_ = false;
  std::int64_t last_ms_ = 0;
};

}  // namespace tram::host
