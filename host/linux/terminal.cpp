#include "host/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "host/clock.hpp"

namespace tram::host {
namespace {

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// At most so many characters (counted as code points), without control characters.
std::string shown_text(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xc0U) == 0x80U;
    if (!continues && used++ == columns) break;
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out;
}

void print(const std::string& text) {
  // A closed stderr is no reason to stop the work.
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

bool is_terminal(Stream stream) {
  switch (stream) {
    case Stream::in: return ::isatty(STDIN_FILENO) == 1;
    case Stream::out: return ::isatty(STDOUT_FILENO) == 1;
    case Stream::error: return ::isatty(STDERR_FILENO) == 1;
  }
  return false;
}

ProgressLine::ProgressLine() : ProgressLine(is_terminal(Stream::error)) {}

ProgressLine::~ProgressLine() {
  if (on_terminal_ && shown_) print("\n");
}

void ProgressLine::show(std::string_view text) {
  const std::int64_t now = steady_now_ms();
  const std::int64_t interval = on_terminal_ ? terminal_interval_ms : plain_interval_ms;
  if (ever_shown_ && now - last_ms_ < interval) return;
  last_ms_ = now;
  ever_shown_ = true;
  if (on_terminal_) {
    // One column less: some terminals wrap as soon as the last one is written.
    print("\r\x1b[K" + shown_text(text, terminal_columns() - 1));
    shown_ = true;
  } else {
    print(shown_text(text, 500) + "\n");
  }
}

void ProgressLine::clear() {
  if (on_terminal_ && shown_) print("\r\x1b[K");
  shown_ = false;
  ever_shown_ = on_terminal_ ? false : ever_shown_;
}

}  // namespace tram::host
