#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/exchanges.hpp"
#include "hub/hub.hpp"
#include "node/node.hpp"
#include "sync/session/initiator.hpp"
#include "tests/support/temp_dir.hpp"

/// A hub of Lâm Đồng on a folder of its own, and computers of its communes: real nodes that talk to
/// it in this process, without a network.
namespace tram::hub::test {

inline constexpr const char* province_code = "68";
inline constexpr const char* blao = "24829";
inline constexpr const char* bao_lam_2 = "25084";
inline constexpr std::int64_t morning = 1'751'331'480'000;

class HubFolder {
 public:
  /// A copy of a hub that was made once: making one takes a while.
  HubFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  [[nodiscard]] Hub& hub() { return *hub_; }
  void close() { hub_.reset(); }
  void reopen();
  /// Copies the closed folder away, and puts such a copy back.
  void save_to(const std::filesystem::path& copy);
  void restore_from(const std::filesystem::path& copy);

  /// Each requires success.
  void read(const std::function<void(const store::ReadUnit&)>& look) const;
  [[nodiscard]] NewCode code(const std::string& unit = blao, std::int64_t slot = 250,
                             std::int64_t hours = 24);
  [[nodiscard]] std::vector<Device> devices() const;
  [[nodiscard]] std::string exported(const std::string& unit) const;
  void check_verified() const;

 private:
  tram::test::TempDir folder_{tram::test::TempDir::fast_parent()};
  std::unique_ptr<Hub> hub_;
};

/// What a node sends to enrol the key of this number with this code.
[[nodiscard]] sync::Bytes enrolment_request(const sync::EnrolmentCode& code, std::uint8_t key,
                                            const std::string& label = "");
[[nodiscard]] sync::PublicKey key_of(std::uint8_t number);

/// What a session did.
struct Session {
  sync::Status status;
  bool synced = false;
  bool went_back = false;
  bool copied = false;
  sync::SessionCounts counts;
};

/// A computer of a commune: enrolled by the hub, a node on a folder of its own.
class Computer {
 public:
  /// Enrols with a fresh code.
  Computer(HubFolder& hub, std::uint8_t key, const std::string& unit = blao,
           const std::string& hub_url = "https://127.0.0.1:1");

  [[nodiscard]] node::Node& node() { return *node_; }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  [[nodiscard]] const sync::PublicKey& key() const { return node_->device_key().public_key(); }
  [[nodiscard]] std::string id() const { return device_id(key()); }
  void close() { node_.reset(); }
  /// A new process on the same folder, or what its opening says.
  [[nodiscard]] sync::Status reopen();

  void import(const std::vector<std::string>& lines);
  [[nodiscard]] std::string exported();
  [[nodiscard]] std::uint64_t pending();

  /// One request as this computer's first of a session would be.
  [[nodiscard]] sync::ExchangeRequest request();
  /// Exchanges to the end, or to an error.
  [[nodiscard]] Session synchronise(Exchanges& exchanges);

 private:
  [[nodiscard]] sync::Initiator initiator();

  tram::test::TempDir folder_{tram::test::TempDir::fast_parent()};
  std::unique_ptr<node::Node> node_;
  std::uint64_t sessions_ = 0;
};

/// Submits and waits for the answer.
[[nodiscard]] sync::Result<sync::ExchangeReply> ask(Exchanges& exchanges,
                                                    const sync::PublicKey& device,
                                                    sync::ExchangeRequest request);

[[nodiscard]] std::unique_ptr<Exchanges> start(HubFolder& hub);

/// A change event as a line.
[[nodiscard]] std::string create_line(const std::string& code, std::int64_t t);
[[nodiscard]] std::string update_line(const std::string& code, std::int64_t t,
                                      const std::string& fields);

}  // namespace tram::hub::test
