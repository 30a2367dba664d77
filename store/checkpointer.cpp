#include "store/checkpointer.hpp"

#include <utility>

namespace tram::store {

namespace {

// A WAL that grew this much beyond the wanted size was kept from shrinking by readers: wait for
// them.
constexpr int truncate_factor = 16;

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<Database> database, int pages_wanted, bool background,
                           Told told)
    : database_(std::move(database)), pages_wanted_(pages_wanted), told_(std::move(told)) {
  if (background) thread_ = std::thread([this] { loop(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::on_commit(int wal_pages) {
  {
    const std::lock_guard lock(mutex_);
    const bool owes = erasures_ != emptied_;
    if (wal_pages < pages_wanted_ && !owes) return;
    wanted_ = true;
    truncate_ = owes || wal_pages / truncate_factor >= pages_wanted_;
  }
  wake_.notify_one();
}

void Checkpointer::bytes_were_erased() {
  {
    const std::lock_guard lock(mutex_);
    ++erasures_;
    wanted_ = true;
    truncate_ = true;
  }
  wake_.notify_one();
}

bool Checkpointer::is_due() const {
  const std::lock_guard lock(mutex_);
  return wanted_ || erasures_ != emptied_;
}

sync::Status Checkpointer::run(bool truncate) {
  const std::lock_guard lock(database_mutex_);
  std::uint64_t erasures = 0;
  {
    const std::lock_guard counts(mutex_);
    wanted_ = false;
    erasures = erasures_;
    truncate = std::exchange(truncate_, false) || truncate || erasures != emptied_;
  }
  const sync::Result<bool> done = database_->checkpoint(truncate);
  // Pages that a flush could not bring to the disk pass for clean in the system's memory: a later
  // flush that goes well says nothing about them.
  if (!done && database_->disk_failed()) told_(DiskTrouble::failed);
  if (database_->take_disk_full()) told_(DiskTrouble::full);
  if (!done) return sync::fail(done.error());
  if (*done) {
    const std::lock_guard counts(mutex_);
    emptied_ = erasures;
  }
  return {};
}

void Checkpointer::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || ending_; });
    if (ending_) return;
    lock.unlock();
    // Whoever watches the disk has been told; the WAL keeps the work.
    static_cast<void>(run(false));
    lock.lock();
  }
}

}  // namespace tram::store
