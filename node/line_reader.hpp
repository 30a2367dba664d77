#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

namespace tram::node {

/// Lines of a stream under a limit: a line that is longer is cut there and marked, and the reader
/// goes on with the next one. So a file without line ends costs no memory.
class LineReader {
 public:
  struct Line {
    std::uint64_t number = 0;  ///< from 1
    std::string text;          ///< without the line end
    bool too_long = false;
  };

  LineReader(std::istream& in, std::size_t bytes_max) : in_(in), bytes_max_(bytes_max) {}

  /// Nothing at the end.
  [[nodiscard]] std::optional<Line> next();

 private:
  std::istream& in_;
  std::size_t bytes_max_;
  std::uint64_t number_ = 0;
};

}  // namespace tram::node
