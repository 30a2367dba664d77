#pragma once

#include <filesystem>

#include "sync/core/result.hpp"

namespace tram::host {

/// Puts the file `fresh` in the place of `path`, whose old content stays under the name `kept` in
/// the same folder. At every moment `path` is one of the two, whole; after success that survives a
/// power cut. The content of `fresh` is the caller's to flush.
///
/// `conflict` if `kept` exists; `io` if the file system knows no hard links. After failure `path`
/// is as it was.
[[nodiscard]] sync::Status replace_file_keeping_old(const std::filesystem::path& fresh,
                                                    const std::filesystem::path& path,
                                                    const std::filesystem::path& kept);

}  // namespace tram::host
