#include "store/salvage.hpp"

#include <utility>

#include "host/files.hpp"
#include "host/replace.hpp"
#include "store/salvage_build.hpp"
#include "store/salvage_graft.hpp"
#include "store/sqlite/page_file.hpp"
#include "store/verify.hpp"

namespace tram::store {

using sync::ErrorCode;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& path, const char* ending) {
  fs::path out = path;
  out += ending;
  return out;
}

// A database of ours under way, with what belongs to it; gone when this is.
class Scratch {
 public:
  Scratch(const fs::path& path, const char* ending) : path_(beside(path, ending)) { remove(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { remove(); }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  void remove() const {
    std::error_code ignored;
    for (const char* ending : {"", "-wal", "-shm", "-journal"}) {
      fs::remove(beside(path_, ending), ignored);
    }
  }
  fs::path path_;
};

// True if every page opens and everything verifies.
Result<bool> is_sound(const StoreOptions& options) {
  auto opened = Store::open(options);
  if (!opened) {
    if (opened.error().code == ErrorCode::unverified) return false;
    return fail(opened.error());
  }
  bool sound = false;
  const Status walked = (*opened)->read([&](const ReadUnit& unit) -> Status {
    const auto report = verify(unit, {});
    if (!report) return fail(report.error());
    sound = report->ok();
    return {};
  });
  if (!walked || !sound) return false;
  opened->reset();
  const auto file = PageFile::open(options.path, options.key);
  if (!file) return fail(file.error());
  for (std::uint32_t number = 1; number <= (*file)->pages(); ++number) {
    if (!(*file)->read(number)) return false;
  }
  return true;
}

// Before anything is made of the file: with another key every page is unreadable, and a new store
// would be empty.
Status require_a_page(const StoreOptions& options) {
  const auto file = PageFile::open(options.path, options.key);
  if (!file) return fail(file.error());
  for (std::uint32_t number = 1; number <= (*file)->pages(); ++number) {
    if ((*file)->read(number)) return {};
  }
  return fail(ErrorCode::unverified, "not one page of the store opens with its key");
}

Status require_space(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return fail(ErrorCode::not_found, "there is no store " + path.string());
  const auto free = host::free_bytes(path.parent_path());
  if (!free) return fail(free.error());
  // The readable rows, and the new store made of them.
  const std::uint64_t wanted = 2 * std::uint64_t{size} + 1024 * 1024;
  if (*free >= wanted) return {};
  return fail(ErrorCode::io, "repairing needs " + std::to_string(wanted / 1024 / 1024) +
                                 " MiB free on this disk, and there are " +
                                 std::to_string(*free / 1024 / 1024));
}

// Where the file cannot be opened at all, its log of late writes belongs to nobody: it must not
// stand beside the new store. It waits under a name by which the next try finds it.
fs::path set_aside(const fs::path& path) {
  return beside(path, ".damaged-wal");
}

Status put_in_place(const fs::path& fresh, const SalvageOptions& options, SalvageReport& report) {
  const fs::path& path = options.store.path;
  report.damaged = beside(path, (".damaged-" + options.suffix).c_str());
  std::error_code ignored;
  const fs::path wal = beside(path, "-wal");
  if (fs::exists(wal, ignored)) fs::rename(wal, set_aside(path), ignored);
  if (fs::exists(wal, ignored)) return fail(ErrorCode::io, "cannot move " + wal.string());
  fs::remove(beside(path, "-shm"), ignored);
  const Status replaced = host::replace_file_keeping_old(fresh, path, report.damaged);
  if (!replaced) return replaced;
  fs::rename(set_aside(path), beside(report.damaged, "-wal"), ignored);
  return {};
}

// From the source's readable parts to the scratch database.
Result<std::unique_ptr<SalvageStage>> stage_from(const fs::path& source, Database* trees,
                                                 const fs::path& scratch,
                                                 const SalvageOptions& options) {
  auto stage = SalvageStage::create(scratch, options.store.key);
  if (!stage) return fail(stage.error());
  const auto file = PageFile::open(source, options.store.key);
  if (!file) return fail(file.error());
  const Status scanned = (*stage)->scan(**file, [&](std::uint64_t page) {
    if (options.progress) options.progress("pages", page, (*file)->pages());
  });
  if (!scanned) return fail(scanned.error());
  if (trees != nullptr) {
    if (const Status read = (*stage)->read(*trees); !read) return fail(read.error());
  }
  if (const Status mended = (*stage)->mend(options.device, options.store.home_unit); !mended)
    return fail(mended.error());
  return stage;
}

Status build(const SalvageOptions& options, SalvageStage& stage, const fs::path& path,
             SalvageReport& report) {
  StoreOptions fresh = options.store;
  fresh.path = path;
  fresh.readers = 1;
  const auto opened = Store::open(fresh);
  if (!opened) return fail(opened.error());
  if (const Status built = SalvageBuild(stage, **opened, options, report).run(); !built) {
    return built;
  }
  return (*opened)->checkpoint(true);
}

}  // namespace

Result<SalvageReport> salvage(const SalvageOptions& options) {
  const fs::path& path = options.store.path;
  SalvageReport report;
  if (const Status room = require_space(path); !room) return fail(room.error());
  std::error_code ignored;
  // An earlier repair was killed between its last two steps.
  if (fs::exists(set_aside(path), ignored)) {
    fs::rename(set_aside(path), beside(path, "-wal"), ignored);
  }
  const Result<bool> sound = is_sound(options.store);
  if (!sound) return fail(sound.error());
  if (*sound) return report;
  if (const Status some = require_a_page(options.store); !some) return fail(some.error());
  report.needed = true;

  const Scratch graft_file(path, ".graft");
  const Scratch model_file(path, ".model");
  const Scratch stage_file(path, ".stage");
  const Scratch fresh_file(path, ".salvaged");
  fs::path source = path;
  auto trees = Database::open({.path = path, .key = options.store.key});
  if (!trees) {
    auto grafted = graft(path, options.store.key, graft_file.path(), model_file.path());
    if (!grafted) return fail(grafted.error());
    source = graft_file.path();
    report.pages_unreadable = grafted->replaced;
    if (grafted->database) trees = std::move(grafted->database);
  }
  if (trees) {
    if (const auto moved = (*trees)->checkpoint(true); !moved) return fail(moved.error());
  }
  {
    const auto stage =
        stage_from(source, trees ? trees->get() : nullptr, stage_file.path(), options);
    if (!stage) return fail(stage.error());
    report.pages = (*stage)->pages();
    report.pages_unreadable += (*stage)->pages_unreadable();
    report.has_holes = (*stage)->has_holes() || !trees;
    trees = fail(ErrorCode::not_found, "");  // closed, and its write-ahead log is gone
    const Status built = build(options, **stage, fresh_file.path(), report);
    if (!built) return fail(built.error());
  }
  const Status placed = put_in_place(fresh_file.path(), options, report);
  if (!placed) return fail(placed.error());
  return report;
}

}  // namespace tram::store
