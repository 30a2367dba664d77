#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/exchange_desk.hpp"
#include "hub/writer.hpp"
#include "tests/simulation/machine.hpp"

namespace tram::simulation {

/// A request as it came in, by the certificate of its connection.
struct Arrival {
  sync::PublicKey device{};
  sync::Bytes frame;
};

/// The province's hub: its real store, desk and writer, without a network.
class HubMachine final : public Machine {
 public:
  HubMachine(const Timeline& time, std::uint64_t seed);
  ~HubMachine() override;

  /// The first start writes the reference data: the units named.
  [[nodiscard]] sync::Status start() override;
  [[nodiscard]] bool running() const override { return desk_.has_value(); }
  [[nodiscard]] store::Store& store() override { return *store_; }
  void add_unit(const std::string& unit) { units_.push_back(unit); }

  /// As Front does: unpack, judge and commit together, answer each. What cannot be answered is an
  /// error.
  [[nodiscard]] std::vector<sync::Result<sync::Bytes>> serve(const std::vector<Arrival>& arrivals);

  /// A computer's row in the province feed, as an enrolment writes it.
  [[nodiscard]] sync::Status enrol(const sync::PublicKey& device, const std::string& unit);
  [[nodiscard]] sync::Status revoke(const sync::PublicKey& device);
  /// Whether a row of this computer is held.
  [[nodiscard]] bool knows(const sync::PublicKey& device);
  /// The hub writes a dossier's field, as a transfer by the province does.
  [[nodiscard]] sync::Status edit(const std::string& feed, const sync::RecordRef& record,
                                  std::vector<sync::Change> changes);
  /// The hub creates a record in a feed.
  [[nodiscard]] sync::Status create(const std::string& feed, std::uint32_t kind,
                                    std::vector<sync::Change> changes);
  /// A verdict or an erasure, as the operator will write it: no command does yet.
  [[nodiscard]] sync::Result<sync::Name> rule(const std::string& feed, sync::EntryBody body);
  [[nodiscard]] const sync::PublicKey& public_key() const { return key_.public_key(); }
  /// For what a dishonest operator signs.
  [[nodiscard]] const sync::SigningKey& key() const { return key_; }

  /// What the operator would be told about a device.
  [[nodiscard]] std::vector<store::DoubtfulDevice> doubtful();

 private:
  void drop() override;
  [[nodiscard]] bool broken() const override;
  [[nodiscard]] sync::Status write(const std::function<sync::Status(store::WriteUnit&)>& work);
  [[nodiscard]] sync::Status write_units();

  sync::SigningKey key_;
  std::vector<std::string> units_;
  std::unique_ptr<store::Store> store_;
  std::optional<hub::ExchangeDesk> desk_;
  std::optional<hub::HubWriter> writer_;
};

}  // namespace tram::simulation
