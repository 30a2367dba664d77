#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "host/clock.hpp"
#include "http/certificates.hpp"
#include "http/client.hpp"
#include "http/server.hpp"

/// A province for tests: an authority, certificates of any kind, a server and clients on loopback.

inline const std::string device = "ab12cd34ef56ab12cd34ef56ab12cd34";

/// An authority with what it issues; two of them do not know each other.
class Province {
 public:
  Province();

  [[nodiscard]] std::string authority_pem() const;
  [[nodiscard]] tram::sync::ByteArray<32> authority_fingerprint() const;
  [[nodiscard]] tram::http::Issuer issuer() const { return {authority_, key_}; }

  /// Certificate and key as both sides take them.
  struct Identity {
    std::string certificate_pem;
    tram::host::Secret key_pem;
    tram::sync::ByteArray<32> public_key{};
  };
  /// A device whose certificate begins (about) at `now + offset_days` and holds for `days`.
  [[nodiscard]] Identity client(int offset_days = 0, int days = 180) const;
  /// A server's certificate with the authority behind it, for loopback.
  [[nodiscard]] Identity server(int offset_days = 0, int days = 90) const;

  [[nodiscard]] tram::http::ServerOptions server_options() const;
  /// Trusts this province and shows no certificate; `port` is that of a server on loopback.
  [[nodiscard]] tram::http::ClientOptions client_options(std::uint16_t port) const;
  /// The same with a certificate.
  [[nodiscard]] tram::http::ClientOptions client_options(std::uint16_t port,
                                                         const Identity& identity) const;

 private:
  tram::http::KeyPair key_;
  tram::sync::Bytes authority_;
};

[[nodiscard]] tram::sync::Instant now_plus_days(int days);

/// Answers with the request's own method, target, body and who asked, one word a line.
void tell_back(tram::http::Request request, tram::http::Respond respond);

/// Starts on 127.0.0.1 with any port; fails the test if it cannot.
[[nodiscard]] std::uint16_t start_on_loopback(tram::http::Server& server);

/// Until no connection is open: a client may know of its end before the server has counted it.
void wait_until_idle(const tram::http::Server& server);

[[nodiscard]] tram::http::Request get(std::string target);
[[nodiscard]] tram::http::Request post(std::string target, tram::sync::Bytes body);
[[nodiscard]] std::string body_text(const tram::http::Response& response);

/// Sends bytes over plain TCP, ends its side if there were any, and returns all until the server
/// closes.
[[nodiscard]] std::string exchange_without_tls(std::uint16_t port, std::string_view text);

/// A TLS client that sends whatever it is told, for what no decent client would send.
class RawClient {
 public:
  /// Connects and shakes hands; each later wait for bytes is bounded by 10 s.
  explicit RawClient(std::uint16_t port, int tls_version_max = 0);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  [[nodiscard]] bool connected() const;
  void send(std::string_view text);
  /// All until the server closes.
  [[nodiscard]] std::string receive_all();
  /// Until the text has come `times` times.
  [[nodiscard]] std::string receive_until(std::string_view text, int times = 1);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};
