#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "store/sqlite/database.hpp"

namespace tram::store {

/// A copy of a database that can be opened again.
struct Graft {
  std::unique_ptr<Database> database;  ///< nothing if no schema of ours fits the file
  std::uint64_t replaced = 0;          ///< unreadable pages that were replaced
};

/// Where the pages are damaged that say which tables there are, nothing opens the file, although
/// all else may be sound. But what stands in those pages is known: the same migrations on an empty
/// file write the same. So `copy` becomes the damaged file with these pages from a new one, which
/// is made at `model`. The schema that comes of it must be the one that belongs there, whole.
///
/// `io` if the copy cannot be made.
[[nodiscard]] sync::Result<Graft> graft(const std::filesystem::path& damaged, sync::ByteView key,
                                        const std::filesystem::path& copy,
                                        const std::filesystem::path& model);

}  // namespace tram::store
