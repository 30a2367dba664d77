#include "node/line_reader.hpp"

namespace tram::node {

std::optional<LineReader::Line> LineReader::next() {
  std::streambuf* buffer = in_.rdbuf();
  int c = buffer->sbumpc();
  if (c == std::char_traits<char>::eof()) return std::nullopt;
  Line line;
  line.number = ++number_;
  for (; c != std::char_traits<char>::eof() && c != '\n'; c = buffer->sbumpc()) {
    // One more than allowed: it may be the carriage return, which does not count.
    if (line.text.size() <= bytes_max_) {
      line.text.push_back(static_cast<char>(c));
    } else {
      line.too_long = true;
    }
  }
  const bool returns = !line.too_long && !line.text.empty() && line.text.back() == '\r';
  if (returns) line.text.pop_back();
  if (line.text.size() > bytes_max_) {
    line.too_long = true;
    line.text.resize(bytes_max_);
  }
  return line;
}

}  // namespace tram::node
