#pragma once

#include <filesystem>
#include <vector>

#include "store/records.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// A consistent copy of a store that others may be writing at the same time.
namespace tram::store {

/// Copies the store in `file` into the new file `copy`, under the same key: what was committed when
/// this began, as one file without a WAL, and without pages that are free. Writers go on meanwhile;
/// the WAL cannot shrink until it returns. The copy is read again (SQLite's whole check), and the
/// sizes of its feeds are returned.
///
/// It uses a connection of its own, so any thread may call it, beside an open Store of this process
/// or without one. `conflict` if `copy` exists; `unverified` if the key does not fit or nobody can
/// tell, `damaged` if the store is; `io` if the disk failed or is full. After a failure, what
/// stands at `copy` is of no use.
[[nodiscard]] sync::Result<std::vector<FeedRow>> copy_store(const std::filesystem::path& file,
                                                            sync::ByteView key,
                                                            const std::filesystem::path& copy);

}  // namespace tram::store
