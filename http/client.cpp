#include "http/client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>

#include "http/client_trust.hpp"
#include "http/tls_context.hpp"

namespace tram::http {
namespace {

using sync::ErrorCode;
using sync::fail;

using EasyHandle = std::unique_ptr<CURL, FreeWith<curl_easy_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, FreeWith<curl_slist_free_all>>;

bool start_curl() {
  // Once for the process and never undone: other threads may use curl until the very end.
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// A TLS alert by which the server says that our certificate will not do.
bool is_certificate_alert(std::string_view text) {
  if (text.find("alert") == std::string_view::npos) return false;
  constexpr std::array<std::string_view, 4> words{"certificate", "unknown ca", "access denied",
                                                  "decrypt error"};
  return std::any_of(words.begin(), words.end(), [text](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

/// What comes in during one call.
struct Reception {
  Response response;
  std::size_t bytes_max = 0;
  bool too_large = false;
};

std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& reception = *static_cast<Reception*>(context);
  auto& body = reception.response.body;
  if (size > reception.bytes_max - body.size()) {
    reception.too_large = true;
    return 0;  // fewer than given: curl ends the transfer
  }
  body.insert(body.end(), data, data + size);
  return size;
}

std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& response = static_cast<Reception*>(context)->response;
  const std::string_view line(data, size);
  // A status line begins anew: what came before belonged to a "100 Continue".
  if (line.starts_with("HTTP/")) response.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || line.starts_with("HTTP/")) return size;
  response.headers.emplace_back(lower(trim(line.substr(0, colon))),
                                std::string(trim(line.substr(colon + 1))));
  return size;
}

/// Counts HTTP's bytes as they pass. curl's own sums count a small body twice, once with its
/// headers.
int on_traffic(CURL* /*easy*/, curl_infotype kind, char* /*data*/, std::size_t size,
               void* context) {
  auto& metrics = *static_cast<Metrics*>(context);
  if (kind == CURLINFO_HEADER_OUT || kind == CURLINFO_DATA_OUT) metrics.bytes_up += size;
  if (kind == CURLINFO_HEADER_IN || kind == CURLINFO_DATA_IN) metrics.bytes_down += size;
  return 0;
}

CURLcode on_tls_context(CURL* /*easy*/, void* tls, void* context) {
  static_cast<TrustJudge*>(context)->attach(static_cast<SSL_CTX*>(tls));
  return CURLE_OK;
}

}  // namespace

class Client::Impl {
 public:
  explicit Impl(ClientOptions options)
      : options_(std::move(options)),
        judge_(options_),
        easy_(start_curl() ? curl_easy_init() : nullptr) {
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
    if (easy_ != nullptr) set_up();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  sync::Result<Response> send(const Request& request) {
    metrics_ = {};
    if (easy_ == nullptr) return fail(ErrorCode::failed, "libcurl cannot be started");
    if (auto fine = check(request); !fine) return fail(fine.error());
    judge_.reset();
    Reception reception;
    reception.bytes_max = options_.response_bytes;
    const auto headers = header_list(request);
    describe(request, headers.get());
    set(CURLOPT_WRITEDATA, &reception);
    set(CURLOPT_HEADERDATA, &reception);
    error_text_[0] = '\0';
    const CURLcode code = curl_easy_perform(easy_.get());
    set(CURLOPT_HTTPHEADER, nullptr);
    set(CURLOPT_POSTFIELDS, nullptr);
    measure();
    if (code != CURLE_OK) return fail(error_of(code, reception));
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status >= 500) {
      return fail(ErrorCode::unavailable, "the server answers " + std::to_string(status));
    }
    reception.response.status = static_cast<int>(status);
    reception.response.content_type = header_value(reception.response.headers, "content-type");
    return std::move(reception.response);
  }

  void disconnect() {
    if (easy_ == nullptr) return;
    // A handle's connections live as long as the handle.
    easy_.reset(curl_easy_init());
    if (easy_ != nullptr) set_up();
  }

  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] const TrustJudge& judge() const { return judge_; }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    // Fails only for options that this libcurl does not know, and 7.88 knows all of these.
    curl_easy_setopt(easy_.get(), option, value);
  }

  void set_up() {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSL_ENABLE_ALPN, 0L);
    set(CURLOPT_USERAGENT, "tram/1");
    // An empty proxy is "none"; an unset one would be looked up in the environment.
    set(CURLOPT_PROXY, options_.proxy_url.c_str());
    set(CURLOPT_NOPROXY, "");
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_ms));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.call_ms));
    set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options_.low_speed_bytes_per_s));
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.low_speed_s));
    set(CURLOPT_MAXCONNECTS, 1L);
    set(CURLOPT_MAXAGE_CONN, static_cast<long>(kept_connection_s));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_ERRORBUFFER, error_text_.data());
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_VERBOSE, 1L);
    set(CURLOPT_DEBUGFUNCTION, on_traffic);
    set(CURLOPT_DEBUGDATA, &metrics_);
    set_up_tls();
  }

  void set_up_tls() {
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
    set(CURLOPT_TLS13_CIPHERS, tls_ciphers);
    set(CURLOPT_SSL_EC_CURVES, tls_groups);
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    // The judge has the anchor. Without this curl would read the system's 140 authorities first.
    set(CURLOPT_CAINFO, nullptr);
    set(CURLOPT_CAPATH, nullptr);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    const bool names_count = !std::holds_alternative<UnverifiedForEnrolment>(options_.trust);
    set(CURLOPT_SSL_VERIFYHOST, names_count ? 2L : 0L);
    set(CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    set(CURLOPT_SSL_CTX_DATA, &judge_);
    if (options_.certificate_pem.empty()) return;
    // Not copied: the options stay where they are, and the key exists once.
    curl_blob certificate{options_.certificate_pem.data(), options_.certificate_pem.size(),
                          CURL_BLOB_NOCOPY};
    const auto key_bytes = options_.private_key_pem.writable();
    curl_blob key{key_bytes.data(), key_bytes.size(), CURL_BLOB_NOCOPY};
    set(CURLOPT_SSLCERT_BLOB, &certificate);
    set(CURLOPT_SSLKEY_BLOB, &key);
  }

  sync::Status check(const Request& request) const {
    const bool https = lower(options_.base_url.substr(0, 8)) == "https://";
    if (!https || options_.base_url.size() == 8 || has_control_character(options_.base_url)) {
      return fail(ErrorCode::usage, "the hub's address must begin with https://");
    }
    if (!request.target.starts_with('/') || has_control_character(request.target) ||
        request.method.empty() || has_control_character(request.method)) {
      return fail(ErrorCode::usage, "not a request");
    }
    for (const auto& [name, value] : request.headers) {
      if (name.empty() || has_control_character(name) || has_control_character(value)) {
        return fail(ErrorCode::usage, "not a header: " + name);
      }
    }
    if (!judge_.usable()) {
      return fail(ErrorCode::malformed, "the pinned authority is not one certificate");
    }
    return {};
  }

  /// A name with nothing behind its colon makes curl leave its own header out.
  static HeaderList header_list(const Request& request) {
    curl_slist* list = curl_slist_append(nullptr, "Accept:");
    list = curl_slist_append(list, "Expect:");
    if (header_value(request.headers, "content-type").empty()) {
      list = curl_slist_append(list, "Content-Type:");
    }
    for (const auto& [name, value] : request.headers) {
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      list = curl_slist_append(list, line.c_str());
    }
    return HeaderList(list);
  }

  void describe(const Request& request, curl_slist* headers) {
    const std::string url = options_.base_url + request.target;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_HTTPGET, 1L);  // also takes back what the last request had set
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : sync::as_text(request.body).data());
    }
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  void measure() {
    long connects = 0;
    curl_off_t total_us = 0;
    curl_off_t first_us = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(easy_.get(), CURLINFO_TOTAL_TIME_T, &total_us);
    curl_easy_getinfo(easy_.get(), CURLINFO_STARTTRANSFER_TIME_T, &first_us);
    metrics_.connects = connects > 0 ? static_cast<std::uint64_t>(connects) : 0;
    metrics_.seconds = static_cast<double>(total_us) / 1e6;
    metrics_.seconds_to_first_byte = static_cast<double>(first_us) / 1e6;
  }

  [[nodiscard]] sync::Error error_of(CURLcode code, const Reception& reception) const {
    const std::string_view text(error_text_.data());
    const std::string words = text.empty() ? curl_easy_strerror(code) : std::string(text);
    if (reception.too_large) return {ErrorCode::limit, "the server's answer is too large"};
    if (!judge_.refusal().empty()) return {ErrorCode::unverified, judge_.refusal()};
    if (is_certificate_alert(text)) {
      return {ErrorCode::refused, "the server does not take this machine's certificate"};
    }
    switch (code) {
      case CURLE_PEER_FAILED_VERIFICATION:
        return {ErrorCode::unverified, "the server's certificate is not for this host name"};
      case CURLE_SSL_CERTPROBLEM:
        return {ErrorCode::malformed, "this machine's certificate or key cannot be used"};
      case CURLE_URL_MALFORMAT:
      case CURLE_COULDNT_RESOLVE_PROXY: return {ErrorCode::usage, words};
      case CURLE_OUT_OF_MEMORY:
      case CURLE_FAILED_INIT: return {ErrorCode::failed, words};
      default: return {ErrorCode::unavailable, words};
    }
  }

  /// Below the server's keep_alive_ms, so that we seldom write into a connection just closed.
  static constexpr std::int64_t kept_connection_s = keep_alive_ms / 1000 - 5;

  ClientOptions options_;
  TrustJudge judge_;
  Metrics metrics_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  EasyHandle easy_;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;

sync::Result<Response> Client::send(const Request& request) {
  return impl_->send(request);
}
const Metrics& Client::metrics() const {
  return impl_->metrics();
}
const std::vector<sync::Bytes>& Client::server_chain() const {
  return impl_->judge().chain();
}
void Client::disconnect() {
  impl_->disconnect();
}

}  // namespace tram::http
