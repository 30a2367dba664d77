#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/hub_config.hpp"
#include "host/clock.hpp"
#include "host/random.hpp"
#include "hub/devices.hpp"
#include "hub/province.hpp"
#include "hub/writer.hpp"
#include "schema/units.hpp"
#include "store/store.hpp"
#include "sync/enrolment/code.hpp"

/// The hub on one data directory: what the operator's commands and the network both use. The caller
/// holds the directory's lock.
///
/// Any thread, except where a method says otherwise.
namespace tram::hub {

/// What a code was made with.
struct NewCode {
  sync::EnrolmentTicket ticket;
  sync::Instant expires;
  std::string unit_name;
};

class Hub {
 public:
  /// Makes province, keys and store, and writes units, procedures and holidays into the province
  /// feed. `units`: the operator's list instead of the built-in one. Takes the directory's lock
  /// itself. Goes on where an earlier `init` was cut off; `conflict` where one has ended.
  [[nodiscard]] static sync::Status init(const std::filesystem::path& directory,
                                         const std::string& province_code,
                                         const std::optional<std::vector<schema::Unit>>& units);
  [[nodiscard]] static sync::Result<std::unique_ptr<Hub>> open(
      const std::filesystem::path& directory);

  /// A one-time code for one computer of the unit. `usage` for a unit that the province does not
  /// have or an address that is none.
  [[nodiscard]] sync::Result<NewCode> create_code(const std::string& unit,
                                                  const std::string& hub_url,
                                                  std::int64_t valid_hours, std::int64_t slot_size);

  /// Judges a request to enrol; commits the computer's entry before it answers. `refused` for a
  /// wrong, used or expired code, always with one line that tells which.
  [[nodiscard]] sync::Result<sync::Bytes> enrol(sync::ByteView request);

  /// Revokes a computer, by an entry that every node gets. `not_found` if there is none of this id.
  [[nodiscard]] sync::Status revoke(const std::string& device_id);

  /// Host names that nodes were told to use, for the server's certificate.
  [[nodiscard]] std::vector<std::string> hosts() const;

  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] const store::Store& store() const { return *store_; }
  [[nodiscard]] const Province& province() const { return province_; }
  [[nodiscard]] const config::HubConfig& config() const { return config_; }
  [[nodiscard]] const sync::Clock& clock() const { return clock_; }
  [[nodiscard]] sync::Random& random() { return random_; }

 private:
  Hub(Province province, config::HubConfig config, std::unique_ptr<store::Store> store);
  [[nodiscard]] bool is_empty() const;
  [[nodiscard]] sync::Status write_reference_data(
      const std::optional<std::vector<schema::Unit>>& units);
  [[nodiscard]] sync::Status add_host(store::WriteUnit& unit, const std::string& host);
  [[nodiscard]] sync::Result<sync::EnrolmentReply> enrol_device(
      store::WriteUnit& unit, const sync::EnrolmentRequest& request, const sync::PublicKey& key);
  /// Store::write that forgets the hub's logs when the transaction fails.
  [[nodiscard]] sync::Status write(const std::function<sync::Status(store::WriteUnit&)>& work);

  host::SystemClock clock_;
  host::SystemRandom random_;
  Province province_;
  config::HubConfig config_;
  std::unique_ptr<store::Store> store_;
  HubWriter writer_;
};

}  // namespace tram::hub
