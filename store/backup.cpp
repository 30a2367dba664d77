#include "store/backup.hpp"

#include "store/context.hpp"
#include "store/read_unit.hpp"
#include "store/soundness.hpp"
#include "store/sqlite/database.hpp"

namespace tram::store {

using sync::ErrorCode;
using sync::fail;

namespace {

std::string utf8(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

sync::Result<std::vector<FeedRow>> read_again(const std::filesystem::path& copy,
                                              sync::ByteView key) {
  auto database = Database::open({.path = copy, .key = key, .read_only = true});
  if (!database) return fail(database.error());
  if (const sync::Status sound = check_soundness(**database); !sound) return fail(sound.error());
  const Context context;
  const ReadUnit unit(**database, context);
  std::vector<FeedRow> feeds = unit.feeds();
  if (const sync::Status read = unit.status(); !read) return fail(read.error());
  return feeds;
}

}  // namespace

sync::Result<std::vector<FeedRow>> copy_store(const std::filesystem::path& file, sync::ByteView key,
                                              const std::filesystem::path& copy) {
  std::error_code ignored;
  if (std::filesystem::exists(copy, ignored)) {
    return fail(ErrorCode::conflict, copy.string() + " exists already");
  }
  if (!std::filesystem::exists(file, ignored)) {
    return fail(ErrorCode::not_found, "there is no store " + file.string());
  }
  {
    const auto database = Database::open({.path = file, .key = key});
    if (!database) return fail(database.error(), "the store");
    const sync::Status copied =
        (*database)->prepare("VACUUM INTO :copy").bind_text(":copy", utf8(copy)).run();
    if (!copied) return fail(copied.error(), "copying the store");
  }
  auto feeds = read_again(copy, key);
  if (!feeds) return fail(feeds.error(), "the copy of the store");
  return feeds;
}

}  // namespace tram::store
