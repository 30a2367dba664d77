#include "store/sqlite/page_file.hpp"

#include <sqlite3.h>

#include "store/sqlite/failure.hpp"
#include "sync/core/assert.hpp"

namespace tram::store {

using sync::ErrorCode;
using sync::fail;

namespace {

// SQLite's own handle of the file: its reads decrypt and its writes encrypt.
sqlite3_file* file_of(sqlite3* handle) {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  return code == SQLITE_OK && file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

sync::Result<std::unique_ptr<PageFile>> PageFile::open(const std::filesystem::path& path,
                                                       sync::ByteView key) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (handle == nullptr) return fail(ErrorCode::io, "out of memory");
  auto file = std::make_unique<PageFile>(Key(), handle);
  if (code != SQLITE_OK) return fail(error_of(handle, code));
  std::string raw = "raw:" + sync::to_hex(key);
  const int keyed = sqlite3_key_v2(handle, "main", raw.data(), static_cast<int>(raw.size()));
  volatile char* at = raw.data();
  for (std::size_t i = 0; i < raw.size(); ++i) at[i] = 0;
  if (keyed != SQLITE_OK) return fail(error_of(handle, keyed));
  sqlite3_file* opened = file_of(handle);
  if (opened == nullptr) return fail(ErrorCode::io, "the database cannot be opened");
  sqlite3_int64 size = 0;
  const int sized = opened->pMethods->xFileSize(opened, &size);
  if (sized != SQLITE_OK) return fail(error_of(handle, sized));
  file->pages_ = static_cast<std::uint32_t>(static_cast<std::uint64_t>(size) / page_bytes);
  return file;
}

PageFile::~PageFile() {
  sqlite3_close_v2(handle_);
}

std::optional<sync::Bytes> PageFile::read(std::uint32_t number) {
  if (number == 0 || number > pages_) return std::nullopt;
  sqlite3_file* file = file_of(handle_);
  TRAM_ASSERT(file != nullptr);
  sync::Bytes page(page_bytes);
  const int code =
      file->pMethods->xRead(file, page.data(), static_cast<int>(page.size()),
                            static_cast<sqlite3_int64>(number - 1) * sqlite3_int64{page_bytes});
  if (code != SQLITE_OK) return std::nullopt;
  return page;
}

sync::Status PageFile::write(std::uint32_t number, sync::ByteView page) {
  TRAM_ASSERT(number != 0 && page.size() == page_bytes);
  sqlite3_file* file = file_of(handle_);
  TRAM_ASSERT(file != nullptr);
  const int code =
      file->pMethods->xWrite(file, page.data(), static_cast<int>(page.size()),
                             static_cast<sqlite3_int64>(number - 1) * sqlite3_int64{page_bytes});
  if (code != SQLITE_OK) return fail(error_of(handle_, code));
  return {};
}

}  // namespace tram::store
