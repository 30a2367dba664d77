#pragma once

#include <string>
#include <vector>

#include "sync/core/bytes.hpp"

/// Golden bytes of the wire in schema/vectors/wire_*.txt, in the form of the ledger's.
namespace tram::sync::test {

struct WireVector {
  std::string name;
  std::string what;
  Bytes bytes;
};

/// The whole text of a file of the project.
[[nodiscard]] std::string project_text(const std::string& path);

/// Checks the file line by line; with TRAM_WRITE_VECTORS=1, writes it first.
void check_vectors(const std::string& file, const std::vector<WireVector>& vectors);

/// One vector of a file.
[[nodiscard]] Bytes vector_of(const std::string& file, const std::string& name);

}  // namespace tram::sync::test
