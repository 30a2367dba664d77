#pragma once

#include <string>
#include <vector>

#include "http/client.hpp"
#include "http/openssl_handles.hpp"

/// How the client judges a server's certificates, on OpenSSL alone. Internal to http/.
namespace tram::http {

/// Belongs to one client and is asked during its handshakes; must stay where it is.
class TrustJudge {
 public:
  explicit TrustJudge(const ClientOptions& options);
  TrustJudge(const TrustJudge&) = delete;
  TrustJudge& operator=(const TrustJudge&) = delete;

  /// False if the pinned authority is no certificate.
  [[nodiscard]] bool usable() const { return usable_; }
  /// Takes over the judgement for a new connection's context.
  void attach(SSL_CTX* context);
  /// Before each call.
  void reset() { refusal_.clear(); }

  /// Why the last handshake's server was not trusted; "" if it was.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  [[nodiscard]] const std::vector<sync::Bytes>& chain() const { return chain_; }

 private:
  static int judge(X509_STORE_CTX* check, void* self);
  static int tolerate_expiry(int good, X509_STORE_CTX* check);
  [[nodiscard]] bool verify(X509_STORE_CTX* check);
  [[nodiscard]] X509* find_anchor(X509_STORE_CTX* check) const;

  sync::Instant time_floor_;
  bool accept_expired_;
  bool verify_nothing_ = false;
  bool usable_ = true;
  X509Handle pinned_;
  sync::ByteArray<32> fingerprint_{};
  std::string refusal_;
  std::vector<sync::Bytes> chain_;
};

}  // namespace tram::http
