#include "engine/shell/live_feeds.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <zmq.hpp>

#include "base/error.hpp"
#include "base/log.hpp"

namespace regent::engine {

// ---- lines
// ----------------------------------------------------------------------------------------------------

LineFeed::LineFeed(int descriptor, std::string name, std::vector<std::string> symbols)
    : descriptor_(descriptor), symbols_(symbols), assembler_(std::move(name), std::move(symbols)) {}

void LineFeed::read_available() {
  std::array<char, 65'536> bytes{};
  const ssize_t count = ::read(descriptor_, bytes.data(), bytes.size());
  if (count < 0) {
    if (errno == EINTR || errno == EAGAIN) return;
    throw InputError(std::string("standard input cannot be read: ") + std::strerror(errno));
  }
  if (count == 0) {
    end_of_input_ = true;
    if (!buffer_.empty()) {
      throw InputError("standard input ends within a line, '" + buffer_.substr(0, 80) +
                       "': whoever wrote it may have ended there too; a whole row ends with a line end");
    }
    assembler_.end_bar();
    return;
  }
  std::string_view text(bytes.data(), static_cast<std::size_t>(count));
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    buffer_ += text.substr(0, end);
    text.remove_prefix(end + 1);
    assembler_.line(buffer_);
    buffer_.clear();
  }
  buffer_ += text;
  if (buffer_.size() > market::CsvRowReader::line_bytes_max) {
    throw InputError("standard input: a line is longer than " +
                     std::to_string(market::CsvRowReader::line_bytes_max) + " bytes");
  }
}

void LineFeed::wait_and_read(int timeout_ms) {
  pollfd item{descriptor_, POLLIN, 0};
  if (::poll(&item, 1, timeout_ms) <= 0) return;
  try {
    read_available();
  } catch (const InputError&) {
    failure_ = std::current_exception();
  }
}

std::optional<Bar> LineFeed::next(int timeout_ms) {
  if (assembler_.waiting() == 0 && !end_of_input_ && !failure_) wait_and_read(timeout_ms);
  if (auto bar = assembler_.take()) return bar;
  if (failure_) std::rethrow_exception(failure_);
  return std::nullopt;
}

// ---- messages
// -------------------------------------------------------------------------------------------------

struct PublisherFeed::Socket {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::sub};
};

PublisherFeed::PublisherFeed(const std::string& endpoint, std::vector<std::string> symbols)
    : symbols_(std::move(symbols)), socket_(std::make_unique<Socket>()) {
  socket_->socket.set(zmq::sockopt::linger, 0);
  socket_->socket.set(zmq::sockopt::rcvhwm, messages_max);
  socket_->socket.set(zmq::sockopt::maxmsgsize, message_bytes_max);
  socket_->socket.set(zmq::sockopt::subscribe, "");
  try {
    socket_->socket.connect(endpoint);
  } catch (const zmq::error_t& error) {
    throw InputError("--feed zmq:" + endpoint + ": " + error.what() +
                     "; an endpoint looks like tcp://127.0.0.1:5557");
  }
}

PublisherFeed::~PublisherFeed() = default;

std::optional<Bar> PublisherFeed::parse(std::string_view message) {
  BarAssembler assembler("bar message", symbols_);
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    assembler.line(message.substr(0, end));
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  assembler.end_bar();
  std::optional<Bar> bar = assembler.take();
  if (!bar || assembler.waiting() > 0)
    throw InputError("bar message: one message must hold the rows of one bar");
  if (last_ms_ && bar->timestamp_ms <= *last_ms_) {
    throw InputError("bar message: " + format_timestamp(bar->timestamp_ms) + " follows " +
                     format_timestamp(*last_ms_) + "; timestamps must rise");
  }
  last_ms_ = bar->timestamp_ms;
  return bar;
}

std::optional<Bar> PublisherFeed::next(int timeout_ms) {
  zmq::message_t message, rest;
  try {
    zmq::pollitem_t item{socket_->socket.handle(), 0, ZMQ_POLLIN, 0};
    zmq::poll(&item, 1, std::chrono::milliseconds(timeout_ms));
    if (!socket_->socket.recv(message, zmq::recv_flags::dontwait)) return std::nullopt;
    bool more = message.more();
    for (; more; more = rest.more()) {
      if (!socket_->socket.recv(rest, zmq::recv_flags::dontwait)) break;
    }
  } catch (const zmq::error_t& error) {
    if (error.num() == EINTR) return std::nullopt;
    throw;
  }
  try {
    if (rest.size() > 0) throw InputError("bar message: several frames; one is right");
    return parse(message.to_string_view());
  } catch (const InputError& error) {
    constexpr std::uint64_t reported_max = 100;
    if (++refused_ <= reported_max) spdlog::warn("a bar is left out: {}", error.what());
    return std::nullopt;
  }
}

// ---- history
// --------------------------------------------------------------------------------------------------

HistoryFeed::HistoryFeed(std::unique_ptr<Feed> history, std::unique_ptr<Feed> live)
    : history_(std::move(history)), live_(std::move(live)) {}

std::optional<Bar> HistoryFeed::next(int timeout_ms) {
  return history_->ended() ? live_->next(timeout_ms) : history_->next(timeout_ms);
}

}  // namespace regent::engine
