#include "store/sqlite/database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "store/sqlite/failure.hpp"
#include "sync/core/assert.hpp"

namespace tram::store {

using sync::Error;
using sync::ErrorCode;
using sync::fail;
using sync::Status;

namespace {

constexpr std::size_t key_bytes = 32;
// Before it, two connections that checkpoint at once can lose committed pages.
constexpr int sqlite_version_min = 3051003;

void wipe(std::string& text) {
  volatile char* at = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) at[i] = 0;
}

std::string utf8(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

// Checked by reading a value back: a PRAGMA that SQLite does not know is silently ignored.
struct Setting {
  const char* set;
  const char* read;
  const char* column;
  std::int64_t value;
};
constexpr std::array settings{
    Setting{"PRAGMA synchronous = FULL", "PRAGMA synchronous", "synchronous", 2},
    Setting{"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "foreign_keys", 1},
    Setting{"PRAGMA secure_delete = ON", "PRAGMA secure_delete", "secure_delete", 1},
    Setting{"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "temp_store", 2},
    Setting{"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "cell_size_check", 1},
    Setting{"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "trusted_schema", 0},
    Setting{"PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "wal_autocheckpoint", 0},
    Setting{"PRAGMA recursive_triggers = ON", "PRAGMA recursive_triggers", "recursive_triggers", 1},
    // 32 MiB: a page that falls out of the cache is read and decrypted again, which is most of the
    // time of an import whose names are hashes.
    Setting{"PRAGMA cache_size = -32768", "PRAGMA cache_size", "cache_size", -32768},
};

sync::Result<bool> holds(Database& database, const Setting& setting) {
  Statement read = database.prepare(setting.read);
  const auto row = read.step();
  if (!row) return fail(row.error());
  return *row && read.integer(setting.column) == setting.value;
}

// Most are how this SQLite was built.
Status apply_setting(Database& database, const Setting& setting) {
  const auto before = holds(database, setting);
  if (!before) return fail(before.error());
  if (*before) return {};
  if (const auto set = database.prepare(setting.set).run(); !set) return set;
  const auto after = holds(database, setting);
  if (!after) return fail(after.error());
  if (*after) return {};
  return fail(ErrorCode::failed, std::string("SQLite did not take: ") + setting.set);
}

// SQLite's own code in a complaint of its check; 0 if there is none.
int code_in(std::string_view complaint) {
  constexpr std::string_view mark = "error code=";
  const std::size_t at = complaint.find(mark);
  if (at == std::string_view::npos) return 0;
  complaint.remove_prefix(at + mark.size());
  int code = 0;
  std::from_chars(complaint.data(), complaint.data() + complaint.size(), code);
  return code;
}

// The power went while the file was made: the only time that it has a rollback journal. Whoever
// reads it first rolls that back, and what a cipher took from the unfinished page would be wrong
// from then on: so somebody without one reads it first. Whatever goes wrong shows again.
void finish_creation(const std::string& path, const char* vfs_name) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(vfs_name);
  const std::string journal = path + "-journal";
  int there = 0;
  if (vfs == nullptr ||
      vfs->xAccess(vfs, journal.c_str(), SQLITE_ACCESS_EXISTS, &there) != SQLITE_OK || there == 0) {
    return;
  }
  sqlite3* handle = nullptr;
  if (sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                      vfs_name) == SQLITE_OK) {
    sqlite3_exec(handle, "PRAGMA schema_version", nullptr, nullptr, nullptr);
  }
  sqlite3_close_v2(handle);
}

int commit_hook(void* callback, sqlite3* /*handle*/, const char* /*name*/, int pages) {
  (*static_cast<std::function<void(int)>*>(callback))(pages);
  return SQLITE_OK;
}

}  // namespace

sync::Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  if (sqlite3_libversion_number() < sqlite_version_min) {
    return fail(ErrorCode::failed, "this SQLite can lose committed work: 3.51.3 is the oldest");
  }
  const bool plain = options.key.empty() && !options.vfs.empty();
  if (options.key.size() != key_bytes && !plain) {
    return fail(ErrorCode::usage, "a database key has 32 bytes");
  }
  const int access =
      options.read_only ? SQLITE_OPEN_READONLY : (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
  const std::string path = utf8(options.path);
  if (!options.read_only) finish_creation(path, vfs);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  if (handle == nullptr) return fail(ErrorCode::io, "not saved: out of memory");
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> kept(handle, sqlite3_close_v2);
  auto database = std::make_unique<Database>(Key(), handle);
  static_cast<void>(kept.release());
  if (code != SQLITE_OK) return fail(database->error(code));
  if (const auto configured = database->configure(options); !configured) {
    const sync::Error& error = configured.error();
    const ErrorCode reason = database->damaged() ? ErrorCode::unverified : error.code;
    return fail({reason, error.message}, "opening the database");
  }
  return database;
}

Status Database::configure(const DatabaseOptions& options) {
  if (!options.key.empty()) {
    // The raw form skips the key derivation of a passphrase, which costs 60 ms a connection.
    std::string key = "raw:" + sync::to_hex(options.key);
    const int keyed = sqlite3_key_v2(handle_, "main", key.data(), static_cast<int>(key.size()));
    wipe(key);
    if (keyed != SQLITE_OK) return fail(error(keyed));
  }
  sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_max.count()));
  int on = 0;
  if (sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, &on) != SQLITE_OK || on != 1) {
    return fail(ErrorCode::failed, "SQLite did not take: defensive");
  }
  // Plans do not depend on the values: otherwise each new LIMIT compiles its statement again.
  if (sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_QPSG, 1, &on) != SQLITE_OK || on != 1) {
    return fail(ErrorCode::failed, "SQLite did not take: stable plans");
  }
  // The first page that is read tells whether the key fits.
  if (const auto version = user_version(); !version) return fail(version.error());
  for (const Setting& setting : settings) {
    if (const auto set = apply_setting(*this, setting); !set) return set;
  }
  if (const auto set = prepare("PRAGMA mmap_size = 0").run(); !set) return set;
  if (options.read_only) return {};
  {
    Statement wal = prepare("PRAGMA journal_mode = WAL");
    const auto row = wal.step();
    if (!row) return fail(row.error());
    if (!*row || wal.text("journal_mode") != "wal") {
      return fail(ErrorCode::io, "the folder does not allow a write-ahead log");
    }
  }
  const std::string limit =
      "PRAGMA journal_size_limit = " + std::to_string(options.journal_bytes_max);
  return prepare(limit).run();
}

Database::~Database() {
  for (const auto& [sql, prepared] : cache_) TRAM_ASSERT(!prepared.in_use);
  cache_.clear();
  sqlite3_close_v2(handle_);
}

Error Database::error(int code) {
  const bool full = is_full(handle_, code);
  disk_full_ = disk_full_ || full;
  disk_failed_ = disk_failed_ || (!full && (code & 0xff) == SQLITE_IOERR);
  damaged_ = damaged_ || (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
  return error_of(handle_, code);
}

Statement Database::prepare(std::string_view sql) {
  const auto found = cache_.find(sql);
  if (found != cache_.end() && !found->second.in_use) return {*this, found->second};
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return {*this, error(code)};
  TRAM_ASSERT(handle != nullptr);
  Prepared::Handle kept(handle);
  // A query that is running already, as in a walk that looks at the same thing: one more, not kept.
  if (found != cache_.end()) return {*this, std::make_unique<Prepared>(std::move(kept))};
  std::string text(sql);
  return {*this, cache_.try_emplace(std::move(text), std::move(kept)).first->second};
}

Statement Database::prepare_literal(std::string_view sql) {
  const auto found = literals_.find(sql.data());
  if (found != literals_.end() && !found->second->in_use) return {*this, *found->second};
  Statement statement = prepare(sql);
  const auto cached = cache_.find(sql);
  if (cached != cache_.end()) literals_.emplace(sql.data(), &cached->second);
  return statement;
}

Status Database::execute(const char* script) {
  const int code = sqlite3_exec(handle_, script, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return {};
}

sync::Result<int> Database::user_version() {
  Statement statement = prepare("PRAGMA user_version");
  const auto row = statement.step();
  if (!row) return fail(row.error());
  return *row ? static_cast<int>(statement.integer("user_version")) : 0;
}

std::int64_t Database::last_row_id() const {
  return sqlite3_last_insert_rowid(handle_);
}
std::int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}
bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

void Database::roll_back() noexcept {
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::end_leftovers() noexcept {
  if (in_transaction()) roll_back();
  spoiled_ = in_transaction();
}

void Database::undo_savepoint(const char* script) noexcept {
  if (sqlite3_exec(handle_, script, nullptr, nullptr, nullptr) != SQLITE_OK) spoiled_ = true;
}

void Database::on_commit(std::function<void(int)> callback) {
  on_commit_ = std::move(callback);
  sqlite3_wal_hook(handle_, on_commit_ ? commit_hook : nullptr, &on_commit_);
}

sync::Result<bool> Database::checkpoint(bool truncate) {
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(handle_, "main", mode, nullptr, nullptr);
  if (code == SQLITE_OK) return truncate;
  if ((code & 0xff) == SQLITE_BUSY) return false;
  return fail(error(code));
}

Status Database::check() {
  const sync::Result<std::string> words = complaint({});
  if (!words) return fail(words.error());
  if (words->empty()) return {};
  return fail(ErrorCode::damaged, "the database is damaged: run `repair`");
}

sync::Result<std::string> Database::complaint(std::string_view table) {
  std::string words;
  // Where memory ends, SQLite's check may miscount and call that damage: it must say so twice.
  for (const bool last : {false, true}) {
    Statement statement = prepare("SELECT integrity_check FROM pragma_integrity_check(:table)");
    if (table.empty()) statement.bind_null(":table");
    if (!table.empty()) statement.bind_text(":table", table);
    const auto row = statement.step();
    // Where a page cannot be read, nothing more is until the snapshot ends.
    if (!row && last && tells_of_damage(row.error())) break;
    if (!row) return fail(row.error());
    words = *row ? statement.text("integrity_check") : "ok";
    if (words == "ok") return std::string();
    // A page that could not be read is no damage yet.
    const int code = code_in(words);
    if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_NOMEM) return fail(error(code));
  }
  std::replace(words.begin(), words.end(), '\n', ' ');
  return words;
}

}  // namespace tram::store
