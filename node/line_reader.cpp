#include "node/line_reader.hpp"

namespace tram::node {

std::optional<LineReader::Line> LineReader::next() {
  std::streambuf* buffer = in_.rdbuf();
  int c = buffer->sbumpc();
  if (c == std::char_traits<char>::eof()) return std::nullopt;
  Line line;
  line.number = ++number_;
  for (; c != std::char_traits<char>::eof() && c != '\n'; c = buffer->sbumpc()) {
    if (line.text.size() < bytes_max_) {
      line.text.push_back(static_cast<char>(c));
    } else {
      line.too_long = true;
    }
  }
  if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
  return line;
}

}  // namespace tram::node
