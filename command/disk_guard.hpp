#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>

#include "host/ballast.hpp"
#include "store/store.hpp"

/// What a program does when its disk is full, or fails (faults 18 and 19).
///
/// Full: the ballast is let go, once, so that the save that met the end still passes, and the
/// checkpoints after it. From then on nothing new is taken, loudly; reading and exchanging go on as
/// far as they can. Once there is room again for a ballast and as much as half of it, one is made,
/// and the program takes new work by itself. That it was let go stands in the folder
/// (host/ballast.hpp), so a program that starts meanwhile knows.
///
/// Failed: nothing is tried again. The program is told to end; whoever starts it again opens the
/// store anew, and checks it.
///
/// Any thread.
namespace tram::command {

class DiskGuard {
 public:
  /// Makes the ballast if there is room. The store must outlive the guard.
  DiskGuard(store::Store& store, const std::filesystem::path& directory,
            std::uint64_t ballast_bytes);
  DiskGuard(const DiskGuard&) = delete;
  DiskGuard& operator=(const DiskGuard&) = delete;
  ~DiskGuard();

  /// Called once when the disk has failed, from the thread that wrote.
  void on_failure(std::function<void()> told);

  /// Looks at the disk again. True: nothing new is taken.
  [[nodiscard]] bool read_only();
  /// `io` while nothing new is taken; the message says what happened and what to do, in Vietnamese
  /// and English.
  [[nodiscard]] sync::Status admit();
  /// Runs `save`, which takes in something new and may be run twice: once more if it failed for
  /// want of space and the ballast made some. It fails as `admit` where there is none.
  [[nodiscard]] sync::Status run(const std::function<sync::Status()>& save);

 private:
  void told(store::DiskTrouble trouble);
  void look();

  store::Store& store_;
  std::filesystem::path directory_;
  host::Ballast ballast_;
  std::mutex mutex_;
  bool read_only_ = false;
  bool failed_ = false;
  std::uint64_t full_ = 0;   // how often the disk was full
  std::uint64_t freed_ = 0;  // how often there was a ballast to free then
  std::function<void()> on_failure_;
};

}  // namespace tram::command
