#include "http/client_trust.hpp"

#include <algorithm>

#include "host/clock.hpp"

namespace tram::http {
namespace {

/// Owns the stack, not what lies on it.
struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using CertificateStack = std::unique_ptr<STACK_OF(X509), StackDeleter>;

std::string refusal_for(int error) {
  if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID) {
    return "the server's certificate is out of its dates by this machine's clock";
  }
  return "not the pinned authority";
}

}  // namespace

TrustJudge::TrustJudge(const ClientOptions& options)
    : time_floor_(options.time_floor), accept_expired_(options.accept_expired_server) {
  if (const auto* pinned = std::get_if<PinnedAuthority>(&options.trust)) {
    const auto authorities = from_pem(pinned->pem);
    if (authorities && authorities->size() == 1) pinned_ = x509_from(authorities->front());
    usable_ = pinned_ != nullptr;
  } else if (const auto* expected = std::get_if<AuthorityFingerprint>(&options.trust)) {
    fingerprint_ = expected->sha256;
  } else {
    verify_nothing_ = true;
  }
}

void TrustJudge::attach(SSL_CTX* context) {
  SSL_CTX_set_cert_verify_callback(context, judge, this);
}

int TrustJudge::judge(X509_STORE_CTX* check, void* self) {
  auto& own = *static_cast<TrustJudge*>(self);
  own.chain_.clear();
  own.refusal_.clear();
  const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(check);
  for (int i = 0; i < sk_X509_num(shown); ++i) {
    own.chain_.push_back(der_of(sk_X509_value(shown, i)));
  }
  if (own.verify_nothing_) {
    X509_STORE_CTX_set_error(check, X509_V_OK);
    return 1;
  }
  if (own.verify(check)) return 1;
  own.refusal_ = refusal_for(X509_STORE_CTX_get_error(check));
  return 0;
}

int TrustJudge::tolerate_expiry(int good, X509_STORE_CTX* check) {
  if (good == 1) return 1;
  if (X509_STORE_CTX_get_error(check) != X509_V_ERR_CERT_HAS_EXPIRED) return 0;
  X509_STORE_CTX_set_error(check, X509_V_OK);
  return 1;
}

X509* TrustJudge::find_anchor(X509_STORE_CTX* check) const {
  if (pinned_ != nullptr) return pinned_.get();
  const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(check);
  for (int i = 0; i < sk_X509_num(shown); ++i) {
    X509* candidate = sk_X509_value(shown, i);
    if (fingerprint(der_of(candidate)) == fingerprint_ && X509_check_ca(candidate) == 1 &&
        X509_self_signed(candidate, 1) == 1) {
      return candidate;
    }
  }
  return nullptr;
}

bool TrustJudge::verify(X509_STORE_CTX* check) {
  X509* anchor = find_anchor(check);
  const CertificateStack trusted(sk_X509_new_null());
  if (anchor == nullptr || trusted == nullptr || sk_X509_push(trusted.get(), anchor) == 0) {
    X509_STORE_CTX_set_error(check, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    return false;
  }
  const sync::Instant at = std::max(host::SystemClock().now(), time_floor_);
  X509_STORE_CTX_set_time(check, 0, at.ms / 1000);
  // The one anchor takes the place of the store, which stays empty.
  X509_STORE_CTX_set0_trusted_stack(check, trusted.get());
  if (accept_expired_) X509_STORE_CTX_set_verify_cb(check, tolerate_expiry);
  const bool good = X509_verify_cert(check) == 1;
  X509_STORE_CTX_set0_trusted_stack(check, nullptr);
  return good;
}

}  // namespace tram::http
