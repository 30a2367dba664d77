#include "store/store.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <optional>

#include "store/checkpointer.hpp"
#include "store/context.hpp"
#include "store/migrations.hpp"
#include "store/soundness.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/transaction.hpp"

namespace tram::store {

using sync::ErrorCode;
using sync::fail;
using sync::Status;

namespace {

constexpr std::string_view meta_role = "store.role";
constexpr std::string_view meta_home = "store.home";
constexpr std::string_view meta_clean = "store.clean";

std::string_view to_word(Role role) {
  return role == Role::node ? "node" : "hub";
}

// Short enough to be made without an allocation.
Status out_of_memory() {
  return fail(ErrorCode::io, "out of memory");
}

Status failed_with(const std::exception& error) {
  try {
    return fail(ErrorCode::failed, std::string("store: ") + error.what());
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

// Exceptions of the standard library, or of what a caller's function uses, end here.
template <class Work>
Status guarded(const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& error) {
    return failed_with(error);
  }
}

}  // namespace

struct Store::Parts {
  Context context;
  OpeningReport report;

  std::mutex write_mutex;
  std::unique_ptr<Database> writer;
  std::atomic<bool> broken = false;  // the disk failed: nobody knows what it holds
  std::function<void(DiskTrouble)> told;

  std::mutex readers_mutex;
  std::condition_variable reader_free;
  std::size_t readers = 0;
  std::vector<std::unique_ptr<Database>> free_readers;

  // Last, so that it is gone before the connections are.
  std::unique_ptr<Checkpointer> checkpointer;

  [[nodiscard]] Status open(const StoreOptions& options);
  [[nodiscard]] Status write_again();
  [[nodiscard]] Status settle(const StoreOptions& options, WriteUnit& unit);
  [[nodiscard]] Status settle_home(const StoreOptions& options, WriteUnit& unit, bool& changed);
  [[nodiscard]] Status write(const std::function<Status(WriteUnit&)>& work);
  [[nodiscard]] Status read(Database& reader,
                            const std::function<Status(const ReadUnit&)>& work) const;
  void tell(DiskTrouble trouble);
  [[nodiscard]] std::unique_ptr<Database> take_reader();
  void wait_for_readers();
  void give_reader(std::unique_ptr<Database> reader);
};

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Store::~Store() {
  parts_->wait_for_readers();
  if (parts_->broken) return;
  parts_->writer->on_commit({});
  parts_->checkpointer.reset();
  const auto mark = [](WriteUnit& unit) { return unit.set_meta(meta_clean, sync::as_bytes("1")); };
  // If the mark is not saved, the next opening checks the file: nothing worse.
  static_cast<void>(guarded([&] { return parts_->write(mark); }));
}

sync::Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  std::unique_ptr<Parts> parts;
  std::unique_ptr<Store> store;
  Status opened = guarded([&]() -> Status {
    parts = std::make_unique<Parts>();
    if (Status done = parts->open(options); !done) return done;
    store = std::make_unique<Store>(std::move(parts));
    return {};
  });
  if (opened) return store;
  const bool damaged = opened.error().code == ErrorCode::damaged ||
                       (parts && parts->writer && parts->writer->damaged());
  const ErrorCode reason = damaged ? ErrorCode::unverified : opened.error().code;
  return fail(reason, std::move(opened.error().message));
}

Status Store::Parts::open(const StoreOptions& options) {
  if (options.role == Role::node && options.home_unit.empty()) {
    return fail(ErrorCode::usage, "a node's store needs its home unit");
  }
  DatabaseOptions connection;
  connection.path = options.path;
  connection.key = options.key;
  connection.vfs = options.vfs;
  auto opened = Database::open(connection);
  if (!opened) return fail(opened.error());
  writer = std::move(*opened);
  const auto version = migrate(*writer);
  if (!version) return fail(version.error());
  report.created = *version == 0;
  const bool migrated = *version != 0 && *version < static_cast<int>(migrations().size());
  if (migrated) report.migrated_from = *version;
  const Status settled = write([&](WriteUnit& unit) { return settle(options, unit); });
  if (!settled) return settled;
  for (std::size_t i = 0; i < options.readers; ++i) {
    auto reader = Database::open(connection);
    if (!reader) return fail(reader.error());
    free_readers.push_back(std::move(*reader));
    ++readers;
  }
  auto for_checkpoints = Database::open(connection);
  if (!for_checkpoints) return fail(for_checkpoints.error());
  checkpointer = std::make_unique<Checkpointer>(
      std::move(*for_checkpoints), options.checkpoint_pages, options.background_checkpoints,
      [this](DiskTrouble trouble) { tell(trouble); });
  writer->on_commit([this](int pages) { checkpointer->on_commit(pages); });
  return report.unclean ? write_again() : Status();
}

// After a flush that failed, the system shows as written what the disk never got, and no later
// flush writes it. So after a stop out of order everything in the WAL is written and flushed anew,
// before something is saved behind it.
Status Store::Parts::write_again() {
  const Status written = checkpointer->run(true);
  return broken ? written : Status();  // a full disk is no reason not to open
}

Status Store::Parts::settle(const StoreOptions& options, WriteUnit& unit) {
  const auto role = unit.meta(meta_role);
  if (role && sync::as_text(*role) != to_word(options.role)) {
    return fail(ErrorCode::usage, "this folder belongs to a node, not a hub, or the reverse");
  }
  const auto clean = unit.meta(meta_clean);
  report.unclean = role && (!clean || sync::as_text(*clean) != "1");
  if (report.unclean) {
    if (const Status sound = check_soundness(*writer); !sound) return sound;
  }
  const Status wrote_role = unit.set_meta(meta_role, sync::as_bytes(to_word(options.role)));
  if (!wrote_role) return wrote_role;
  if (const Status open = unit.set_meta(meta_clean, sync::as_bytes("0")); !open) return open;
  for (const sync::PublicKey& key : options.hub_keys) {
    if (const Status added = unit.add_hub_key(key); !added) return added;
  }
  bool moved = false;
  if (const Status home = settle_home(options, unit, moved); !home) return home;
  if (!moved) return unit.status();
  report.reprojected = true;
  return unit.rebuild();
}

Status Store::Parts::settle_home(const StoreOptions& options, WriteUnit& unit, bool& changed) {
  if (options.role == Role::hub) return {};
  for (const std::string& feed : {std::string(sync::province_feed), options.home_unit}) {
    const Status known = writer->prepare("INSERT OR IGNORE INTO feed (feed) VALUES (:feed)")
                             .bind_text(":feed", feed)
                             .run();
    if (!known) return known;
  }
  {
    Statement home = writer->prepare("SELECT feed_id FROM feed WHERE feed = :feed");
    const auto row = home.bind_text(":feed", options.home_unit).step();
    if (!row) return fail(row.error());
    context.home_feed = home.integer("feed_id");
  }
  const auto before = unit.meta(meta_home);
  changed = before && sync::as_text(*before) != options.home_unit;
  const Status wrote = unit.set_meta(meta_home, sync::as_bytes(options.home_unit));
  if (!wrote || !changed) return wrote;
  return writer
      ->prepare(
          "UPDATE entry SET pending = NOT EXISTS (SELECT 1 FROM feed_entry"
          " WHERE feed_entry.entry_id = entry.entry_id AND feed_id = :home_feed)"
          " WHERE log_id IN (SELECT log_id FROM log WHERE own = 1)")
      .bind(":home_feed", context.home_feed)
      .run();
}

Status Store::Parts::write(const std::function<Status(WriteUnit&)>& work) {
  const std::lock_guard lock(write_mutex);
  if (broken) {
    return fail(ErrorCode::io, "not saved: the disk failed earlier, the program must be restarted");
  }
  bool erased = false;
  const Status written = guarded([&]() -> Status {
    Transaction transaction(*writer);
    if (const Status begun = transaction.begin(Transaction::Kind::write); !begun) return begun;
    WriteUnit unit(*writer, context);
    if (const Status done = work(unit); !done) return done;
    if (const Status read = unit.status(); !read) return read;
    erased = unit.erased_bytes();
    const Status committed = transaction.commit();
    if (!committed && writer->disk_failed()) broken = true;
    return committed;
  });
  if (broken) tell(DiskTrouble::failed);
  if (writer->take_disk_full()) tell(DiskTrouble::full);
  if (written && erased && checkpointer) checkpointer->bytes_were_erased();
  return written;
}

void Store::Parts::tell(DiskTrouble trouble) {
  if (trouble == DiskTrouble::failed) broken = true;
  if (told) told(trouble);
}

std::unique_ptr<Database> Store::Parts::take_reader() {
  std::unique_lock lock(readers_mutex);
  reader_free.wait(lock, [this] { return !free_readers.empty(); });
  std::unique_ptr<Database> reader = std::move(free_readers.back());
  free_readers.pop_back();
  return reader;
}

void Store::Parts::wait_for_readers() {
  std::unique_lock lock(readers_mutex);
  reader_free.wait(lock, [this] { return free_readers.size() == readers; });
}

void Store::Parts::give_reader(std::unique_ptr<Database> reader) {
  {
    const std::lock_guard lock(readers_mutex);
    free_readers.push_back(std::move(reader));
  }
  reader_free.notify_one();
}

Status Store::write(const std::function<Status(WriteUnit&)>& work) {
  return guarded([&] { return parts_->write(work); });
}

Status Store::Parts::read(Database& reader,
                          const std::function<Status(const ReadUnit&)>& work) const {
  return guarded([&]() -> Status {
    Transaction transaction(reader);
    if (const Status begun = transaction.begin(Transaction::Kind::read); !begun) return begun;
    const ReadUnit unit(reader, context);
    if (const Status worked = work(unit); !worked) return worked;
    return unit.status();
  });
}

Status Store::read(const std::function<Status(const ReadUnit&)>& work) const {
  if (parts_->readers == 0) {
    const std::lock_guard lock(parts_->write_mutex);
    return parts_->read(*parts_->writer, work);
  }
  std::unique_ptr<Database> reader = parts_->take_reader();
  const Status done = parts_->read(*reader, work);
  parts_->give_reader(std::move(reader));
  return done;
}

void Store::on_disk_trouble(std::function<void(DiskTrouble)> told) {
  parts_->told = std::move(told);
}

bool Store::is_broken() const {
  return parts_->broken;
}

Status Store::checkpoint(bool truncate) {
  return guarded([&] { return parts_->checkpointer->run(truncate); });
}

bool Store::owes_checkpoint() const {
  return parts_->checkpointer->is_due();
}

const OpeningReport& Store::opening() const {
  return parts_->report;
}

}  // namespace tram::store
