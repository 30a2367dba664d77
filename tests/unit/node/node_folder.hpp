#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "node/import.hpp"
#include "node/node.hpp"
#include "tests/support/temp_dir.hpp"

/// A node on a folder of its own, enrolled by nobody: its identity and keys are written by hand.
/// And another computer of the same commune, as far as its entries tell.
namespace tram::node::test {

inline constexpr const char* home = "24829";
inline constexpr const char* other_unit = "25084";

/// The same key for the same number, in every run.
[[nodiscard]] const sync::SigningKey& key_of(std::uint8_t number);
[[nodiscard]] const sync::SigningKey& hub_key();

class NodeFolder {
 public:
  /// Keys are those of `number`.
  explicit NodeFolder(std::uint8_t number = 1);

  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  [[nodiscard]] Node& node() { return *node_; }
  void close() { node_.reset(); }
  /// A new process: a new run, a new log.
  void reopen();

  /// Each requires success.
  void read(const std::function<void(const store::ReadUnit&)>& look) const;
  void apply(const sync::Commit& commit);
  ImportResult import(const std::vector<std::string>& lines);
  [[nodiscard]] nlohmann::json status() const;
  /// The canonical lines of what the commune has.
  [[nodiscard]] std::string exported() const;

  /// The dossier of this code.
  [[nodiscard]] store::RecordRow record(const std::string& code) const;
  [[nodiscard]] std::uint64_t pending() const;
  /// The entries of the home commune's part of a record, in the order of their time.
  [[nodiscard]] std::vector<sync::Entry> entries_of(const std::string& code) const;
  /// As after an exchange: all that is pending stands in the home feed, under a head of the hub.
  void receive_receipt();
  /// A head of the feed as it is, signed by the hub.
  [[nodiscard]] sync::SignedHead head_of(const std::string& feed) const;

 private:
  tram::test::TempDir folder_{tram::test::TempDir::fast_parent()};
  std::unique_ptr<Node> node_;
};

/// A change event as a line.
[[nodiscard]] std::string create_line(const std::string& code, std::int64_t t,
                                      const std::string& more_fields = "");
[[nodiscard]] std::string update_line(const std::string& code, std::int64_t t,
                                      const std::string& fields);

/// Entries of another device in one log of it.
class OtherDevice {
 public:
  explicit OtherDevice(std::uint8_t number = 9, std::string unit = home);

  /// An edit after what the node holds of the record now; gives what brings it there through the
  /// feed.
  [[nodiscard]] sync::Commit edit(const store::RecordRow& row, const std::string& fields,
                                  std::int64_t t);

 private:
  host::SystemRandom random_;
  sync::LogAuthor author_;
};

/// The first of these times is the one of the samples.
inline constexpr std::int64_t morning = 1'751'331'480'000;

}  // namespace tram::node::test
