#include "http/server.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "host/log.hpp"
#include "http/server_core.hpp"
#include "http/tls_context.hpp"

namespace tram::http {
namespace {

using boost::system::error_code;
using sync::ErrorCode;
using sync::fail;

/// Two clients that look for the same one become one: "::ffff:10.0.0.1" is 10.0.0.1.
asio::ip::address plain_address(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::shared_ptr<asio::ssl::context> wrap(SslContextHandle context) {
  return std::make_shared<asio::ssl::context>(context.release());
}

sync::Error listen_error(const error_code& error, const std::string& where) {
  const auto code =
      error == asio::error::address_in_use ? ErrorCode::conflict : ErrorCode::unavailable;
  return {code, "cannot listen on " + where + ": " + error.message()};
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Handler handler)
      : core_(std::make_shared<ServerCore>(std::move(options), std::move(handler))),
        strand_(asio::make_strand(core_->io)),
        acceptor_(strand_),
        retry_(strand_) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  sync::Result<std::uint16_t> start(const std::string& host, std::uint16_t port) {
    if (started_) return fail(ErrorCode::usage, "the server was started already");
    auto& options = core_->options;
    auto context = make_server_context(options.certificate_chain_pem, options.private_key_pem,
                                       options.client_authority_pem, options.time_floor);
    if (!context) return fail(context.error());
    core_->tls = wrap(std::move(*context));
    auto listening = listen(host, port);
    if (!listening) return listening;
    // OpenSSL has its own copy now.
    options.private_key_pem = host::Secret();
    started_ = true;
    core_->running = true;
    guard_.emplace(core_->io.get_executor());
    accept();
    for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i) {
      threads_.emplace_back([core = core_] { run(*core); });
    }
    return listening;
  }

  void stop() {
    if (!started_ || core_->stopping.exchange(true)) return;
    asio::post(strand_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      retry_.cancel();
    });
    for (const auto& session : sessions()) session->stop_gently();
    if (!wait_until_empty(core_->options.stop_grace_ms)) {
      for (const auto& session : sessions()) session->cut();
      wait_until_empty(core_->options.stop_grace_ms);
    }
    {
      const std::lock_guard lock(core_->mutex);
      core_->running = false;
    }
    guard_.reset();
    for (std::thread& thread : threads_) thread.join();
    // Its captures may hold answers, and through them this core.
    core_->handler = nullptr;
  }

  sync::Status replace_certificate(const std::string& chain, const host::Secret& key) {
    auto context = make_server_context(chain, key, core_->options.client_authority_pem,
                                       core_->options.time_floor);
    if (!context) return fail(context.error());
    const std::lock_guard lock(core_->mutex);
    core_->tls = wrap(std::move(*context));
    return {};
  }

  [[nodiscard]] ServerCounters counters() const {
    const auto& tallies = core_->tallies;
    return {core_->admission.open(),    tallies.connections, tallies.connections_refused,
            tallies.handshakes_refused, tallies.requests,    tallies.requests_refused};
  }

 private:
  static void run(ServerCore& core) {
    for (;;) {
      try {
        core.io.run();
        return;
      } catch (const std::exception&) {
        // Out of memory, as far as we know: that connection is lost, the others go on.
        host::log(host::Level::error, "http.unexpected_exception");
      }
    }
  }

  sync::Result<std::uint16_t> listen(const std::string& host, std::uint16_t port) {
    error_code error;
    tcp::resolver resolver(core_->io);
    const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
    if (error || found.empty()) {
      return fail(ErrorCode::usage, "cannot listen on " + host + ": no such address");
    }
    const tcp::endpoint endpoint = *found.begin();
    const std::string where = host + ":" + std::to_string(port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    const auto bound = error ? endpoint : acceptor_.local_endpoint(error);
    if (!error) return bound.port();
    error_code ignored;
    acceptor_.close(ignored);
    return fail(listen_error(error, where));
  }

  void accept() {
    acceptor_.async_accept(asio::make_strand(core_->io),
                           [this](error_code error, tcp::socket socket) {
                             if (!acceptor_.is_open() || core_->stopping) return;
                             if (error) return retry_soon(error);
                             admit(std::move(socket));
                             accept();
                           });
  }

  /// Usually out of descriptors: some connection has to end first.
  void retry_soon(const error_code& error) {
    core_->refusals.refused("http.accept_failed", error.message(), "");
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](error_code cancelled) {
      if (!cancelled && !core_->stopping) accept();
    });
  }

  void admit(tcp::socket socket) {
    error_code error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;  // gone already
    const auto address = plain_address(remote.address());
    const std::string text = address.to_string();
    const bool exempt = address.is_loopback() && !core_->options.limit_loopback;
    const std::string counted = exempt ? "" : text;
    if (!core_->admission.admit(counted)) {
      ++core_->tallies.connections_refused;
      core_->refusals.refused("http.connection_refused", "too many", text);
      return;  // the socket closes
    }
    ++core_->tallies.connections;
    start_session(core_, std::move(socket), text, counted);
  }

  std::vector<std::shared_ptr<SessionControl>> sessions() {
    const std::lock_guard lock(core_->mutex);
    return {core_->sessions.begin(), core_->sessions.end()};
  }

  bool wait_until_empty(std::int64_t ms) {
    std::unique_lock lock(core_->mutex);
    return core_->changed.wait_for(lock, std::chrono::milliseconds(ms),
                                   [this] { return core_->sessions.empty(); });
  }

  std::shared_ptr<ServerCore> core_;
  asio::strand<asio::io_context::executor_type> strand_;  ///< stop() closes beside accept()
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard_;
  std::vector<std::thread> threads_;
  bool started_ = false;
};

Server::Server(ServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(std::move(options), std::move(handler))) {}
Server::~Server() {
  stop();
}

sync::Result<std::uint16_t> Server::start(const std::string& host, std::uint16_t port) {
  try {
    return impl_->start(host, port);
  } catch (const std::exception& exception) {
    return fail(ErrorCode::failed, std::string("the server cannot start: ") + exception.what());
  }
}

void Server::stop() {
  impl_->stop();
}

sync::Status Server::replace_certificate(const std::string& certificate_chain_pem,
                                         const host::Secret& private_key_pem) {
  return impl_->replace_certificate(certificate_chain_pem, private_key_pem);
}

ServerCounters Server::counters() const {
  return impl_->counters();
}

}  // namespace tram::http
