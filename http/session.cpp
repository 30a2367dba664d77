#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <optional>

#include "host/clock.hpp"
#include "host/log.hpp"
#include "http/server_core.hpp"
#include "http/tls_context.hpp"

namespace tram::http {
namespace {

namespace beast = boost::beast;
namespace wire = boost::beast::http;  // "http" is our own namespace
using boost::system::error_code;
using Body = wire::vector_body<std::uint8_t>;
using Moment = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// A line break in a header would let an answer's value begin another header.
bool is_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

bool is_sendable(const Response& response) {
  if (response.status < 200 || response.status > 999 || !is_safe(response.content_type)) {
    return false;
  }
  return std::all_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
    return !header.first.empty() && is_safe(header.first) && is_safe(header.second);
  });
}

/// The moment until which a transfer of so many bytes so far may take; see limits.hpp.
Moment transfer_deadline(Moment started, std::uint64_t bytes, const ServerOptions& options) {
  const auto rate =
      static_cast<std::uint64_t>(std::max<std::int64_t>(options.body_rate_bytes_per_s, 1));
  const auto earned_ms = static_cast<std::int64_t>(
      std::min<std::uint64_t>(bytes / rate * 1000, static_cast<std::uint64_t>(body_ms_max)));
  const std::int64_t whole_ms = std::min(options.body_credit_ms + earned_ms, body_ms_max);
  return started + milliseconds(whole_ms);
}

class Session;

/// One request's right to be answered. Whoever comes first counts; if nobody does, a 500.
class Answer {
 public:
  Answer(std::shared_ptr<Session> session, std::uint64_t number)
      : session_(std::move(session)), number_(number) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer();
  void give(Response response);

 private:
  std::shared_ptr<Session> session_;
  std::uint64_t number_;
  std::atomic<bool> given_{false};
};

/// One connection, from its handshake to its end. Everything runs on the connection's strand except
/// what says otherwise.
class Session final : public SessionControl, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<ServerCore> core, std::shared_ptr<asio::ssl::context> tls,
          tcp::socket socket, std::string remote, std::string counted)
      : core_(std::move(core)),
        tls_(std::move(tls)),
        stream_(std::move(socket), *tls_),
        timer_(stream_.get_executor()),
        remote_(std::move(remote)),
        counted_(std::move(counted)) {}

  void start() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->handshake(); });
  }

  void stop_gently() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (self->waiting_) tcp_layer(*self).cancel();
      if (self->greeting_) self->end();
    });
  }

  void cut() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->end(); });
  }

  /// Any thread.
  void answer_later(std::uint64_t number, Response response) {
    const std::lock_guard lock(core_->mutex);
    if (!core_->running) return;
    asio::post(stream_.get_executor(),
               [self = shared_from_this(), number, response = std::move(response)]() mutable {
                 self->on_answer(number, std::move(response));
               });
  }

 private:
  static beast::tcp_stream& tcp_layer(Session& session) { return session.stream_.next_layer(); }
  void expire_in(std::int64_t ms) { tcp_layer(*this).expires_after(milliseconds(ms)); }

  // --- the connection

  void handshake() {
    expire_in(core_->options.handshake_ms);
    stream_.async_handshake(
        asio::ssl::stream_base::server,
        [self = shared_from_this()](error_code error) { self->on_handshake(error); });
  }

  void on_handshake(error_code error) {
    greeting_ = false;
    if (ended_) return;
    if (error) {
      ++core_->tallies.handshakes_refused;
      std::string reason = refusal_of(stream_.native_handle());
      if (reason.empty()) reason = error == beast::error::timeout ? "timeout" : error.message();
      core_->refusals.refused("http.handshake_refused", reason, remote_);
      return drain();
    }
    error_code ignored;
    tcp_layer(*this).socket().set_option(tcp::no_delay(true), ignored);
    if (peer() && !counted_.empty()) {
      core_->admission.authenticated(counted_);
      counted_.clear();
    }
    wait_for_request(core_->options.header_ms);
  }

  [[nodiscard]] std::optional<PeerCertificate> peer() {
    const auto now = std::max(host::SystemClock().now(), core_->options.time_floor);
    return peer_of(stream_.native_handle(), now);
  }

  /// Says goodbye in TLS, then reads on for a moment: closing with unread bytes would reset the
  /// connection and could take the last answer with it.
  void close_politely() {
    expire_in(linger_ms);
    stream_.async_shutdown([self = shared_from_this()](error_code /*error*/) { self->drain(); });
  }

  void drain() {
    error_code ignored;
    tcp_layer(*this).socket().shutdown(tcp::socket::shutdown_send, ignored);
    expire_in(linger_ms);
    drain_deadline_ = std::chrono::steady_clock::now() + milliseconds(linger_ms);
    drain_more();
  }

  void drain_more() {
    buffer_.clear();
    tcp_layer(*this).expires_at(drain_deadline_);
    tcp_layer(*this).async_read_some(buffer_.prepare(read_bytes),
                                     [self = shared_from_this()](error_code error, std::size_t) {
                                       if (error) return self->end();
                                       self->drain_more();
                                     });
  }

  /// Once; what still runs finds a closed socket.
  void end() {
    if (ended_) return;
    ended_ = true;
    waiting_ = false;
    timer_.cancel();
    tcp_layer(*this).close();
    core_->admission.leave(counted_);
    const std::lock_guard lock(core_->mutex);
    core_->sessions.erase(shared_from_this());
    core_->changed.notify_all();
  }

  // --- the request

  void wait_for_request(std::int64_t ms) {
    if (ended_) return;
    if (core_->stopping) return close_politely();
    if (buffer_.size() > 0) return read_header();
    waiting_ = true;
    expire_in(ms);
    stream_.async_read_some(buffer_.prepare(read_bytes),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              self->waiting_ = false;
                              // Stopping, idle for too long, or the client has left.
                              if (error == asio::error::operation_aborted) {
                                return self->close_politely();
                              }
                              if (error) return self->drain();
                              self->buffer_.commit(size);
                              self->read_header();
                            });
  }

  void read_header() {
    parser_.emplace();
    // Both limits before the first byte is parsed: afterwards they come too late.
    parser_->header_limit(static_cast<std::uint32_t>(header_bytes_max));
    parser_->body_limit(core_->options.body_bytes);
    expire_in(core_->options.header_ms);
    wire::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_header(error); });
  }

  void on_header(error_code error) {
    if (error) return on_read_error(error);
    const auto& head = parser_->get();
    if (head.version() != 11) return refuse(505, "only version 1.1 is spoken\n");
    if (head.count(wire::field::transfer_encoding) > 0) {
      return refuse(411, "a body must come with its length\n");
    }
    if (head.count(wire::field::upgrade) > 0 || head.method() == wire::verb::connect ||
        !head.target().starts_with('/')) {
      return refuse(400, "not a request for this server\n");
    }
    body_started_ = std::chrono::steady_clock::now();
    body_bytes_ = 0;
    read_body();
  }

  void read_body() {
    if (parser_->is_done()) return hand_over();
    tcp_layer(*this).expires_at(transfer_deadline(body_started_, body_bytes_, core_->options));
    wire::async_read_some(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            if (error) return self->on_read_error(error);
                            self->body_bytes_ += size;
                            self->read_body();
                          });
  }

  void on_read_error(error_code error) {
    if (error == wire::error::body_limit) return refuse(413, "the body is too large\n");
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
      return refuse(431, "the headers are too large\n");
    }
    if (error.category() == make_error_code(wire::error::bad_method).category() &&
        error != wire::error::end_of_stream && error != wire::error::partial_message) {
      return refuse(400, "not HTTP\n");
    }
    if (error == beast::error::timeout) ++core_->tallies.requests_refused;
    drain();
  }

  /// An answer of our own, after which the connection ends.
  void refuse(int status, std::string_view text) {
    ++core_->tallies.requests_refused;
    keep_ = false;
    head_only_ = false;
    write(text_response(status, text));
  }

  void hand_over() {
    ++core_->tallies.requests;
    auto message = parser_->release();
    Request request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (const auto& field : message) {
      request.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                   std::string(field.value()));
    }
    request.body = std::move(message.body());
    request.peer = peer();
    request.remote_address = remote_;
    keep_ = message.keep_alive() && ++requests_ < core_->options.requests_per_connection;
    head_only_ = message.method() == wire::verb::head;
    tcp_layer(*this).expires_never();
    await_answer();
    auto answer = std::make_shared<Answer>(shared_from_this(), answer_number_);
    try {
      core_->handler(std::move(request),
                     [answer](Response response) { answer->give(std::move(response)); });
    } catch (...) {
      // What it says could hold anything, also a citizen's data: it stays out of the log.
      host::log(host::Level::error, "http.handler_failed");
      answer->give(text_response(500, "failed\n"));
    }
  }

  // --- the answer

  void await_answer() {
    answered_ = false;
    timer_.expires_after(milliseconds(core_->options.answer_ms));
    timer_.async_wait([self = shared_from_this(), number = answer_number_](error_code cancelled) {
      if (!cancelled) self->on_answer(number, text_response(503, "no answer in time\n"));
    });
  }

  void on_answer(std::uint64_t number, Response response) {
    if (ended_ || answered_ || number != answer_number_) return;
    answered_ = true;
    ++answer_number_;
    timer_.cancel();
    if (core_->stopping) keep_ = false;
    if (!is_sendable(response)) {
      host::log(host::Level::error, "http.answer_not_sendable");
      response = text_response(500, "failed\n");
    }
    write(std::move(response));
  }

  void write(Response response) {
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(response.status));
    if (!response.content_type.empty()) {
      response_.set(wire::field::content_type, response.content_type);
    }
    for (const auto& [name, value] : response.headers) response_.insert(name, value);
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) response_.content_length(response.body.size());
    response_.keep_alive(keep_);
    if (!bodiless && !head_only_) response_.body() = std::move(response.body);
    serializer_.emplace(response_);
    body_started_ = std::chrono::steady_clock::now();
    body_bytes_ = 0;
    write_more();
  }

  void write_more() {
    tcp_layer(*this).expires_at(transfer_deadline(body_started_, body_bytes_, core_->options));
    wire::async_write_some(stream_, *serializer_,
                           [self = shared_from_this()](error_code error, std::size_t size) {
                             if (error) return self->drain();
                             self->body_bytes_ += size;
                             if (!self->serializer_->is_done()) return self->write_more();
                             self->on_written();
                           });
  }

  void on_written() {
    serializer_.reset();
    parser_.reset();
    response_ = {};
    if (!keep_) return close_politely();
    wait_for_request(core_->options.keep_alive_ms);
  }

  static constexpr std::size_t read_bytes = 4096;

  // Goes last: it holds the io_context of everything below.
  std::shared_ptr<ServerCore> core_;
  std::shared_ptr<asio::ssl::context> tls_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  asio::steady_timer timer_;
  const std::string remote_;
  std::string counted_;
  beast::flat_buffer buffer_;
  std::optional<wire::request_parser<Body>> parser_;
  wire::response<Body> response_;
  std::optional<wire::response_serializer<Body>> serializer_;
  Moment body_started_;
  Moment drain_deadline_;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t answer_number_ = 0;
  std::size_t requests_ = 0;
  bool answered_ = true;
  bool keep_ = true;
  bool head_only_ = false;
  bool greeting_ = true;  ///< in the handshake
  bool waiting_ = false;  ///< idle, for a request's first byte
  bool ended_ = false;
};

Answer::~Answer() {
  give(text_response(500, "no answer\n"));
}

void Answer::give(Response response) {
  if (given_.exchange(true)) return;
  try {
    session_->answer_later(number_, std::move(response));
  } catch (const std::exception&) {
    // Out of memory: the connection ends when its answer is overdue.
    host::log(host::Level::error, "http.answer_lost");
  }
}

}  // namespace

void start_session(const std::shared_ptr<ServerCore>& core, tcp::socket socket,
                   std::string remote_address, std::string counted_address) {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(core->mutex);
    session = std::make_shared<Session>(core, core->tls, std::move(socket),
                                        std::move(remote_address), std::move(counted_address));
    core->sessions.insert(session);
  }
  session->start();
}

}  // namespace tram::http
