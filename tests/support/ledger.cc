#include "support/ledger.h"

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"

// The origin's own account of a run, kept apart from the system under test so that a test can hold
// the two against each other: what was asked, how often, how many at once, and which bytes were
// given.

namespace pixhaul::testing {
namespace {

using Json = nlohmann::json;

// Header values may hold any byte; JSON may not. Bytes above 0x7f are written as their Latin-1 code
// points.
std::string utf8(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    if (value < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | (value >> 6));
      out += static_cast<char>(0x80 | (value & 0x3f));
    }
  }
  return out;
}

Json to_object(const ConnectionRecord& record) {
  return {{"kind", "connection"},
          {"id", record.id},
          {"opened_at_ms", record.opened_at.count()},
          {"open", record.is_open},
          {"tls", record.is_tls},
          {"http2", record.is_http2},
          {"resumed", record.is_resumed},
          {"ipv6", record.is_ipv6},
          {"tls_version", record.tls_version},
          {"server_name", utf8(record.server_name)},
          {"fault", utf8(record.fault)}};
}

Json to_object(const RequestRecord& record) {
  Json headers = Json::array();
  for (const HeaderField& field : record.headers) {
    headers.push_back({utf8(field.name), utf8(field.value)});
  }
  return {{"kind", "request"},
          {"id", record.id},
          {"connection", record.connection_id},
          {"number_on_connection", record.number_on_connection},
          {"stream", record.stream_id},
          {"read_at_ms", record.read_at.count()},
          {"finished_at_ms", record.finished_at.count()},
          {"method", utf8(record.method)},
          {"target", utf8(record.target)},
          {"path", utf8(record.path)},
          {"host", utf8(record.host)},
          {"headers", std::move(headers)},
          {"status", record.status},
          {"body_bytes", record.body_bytes},
          {"finished", record.is_finished},
          {"complete", record.is_complete},
          {"body_sha256", record.body_sha256}};
}

}  // namespace

std::uint64_t LedgerSnapshot::count(std::string_view path) const {
  return static_cast<std::uint64_t>(
      std::count_if(requests.begin(), requests.end(),
                    [path](const RequestRecord& record) { return record.path == path; }));
}

std::vector<RequestRecord> LedgerSnapshot::requests_to(std::string_view path) const {
  std::vector<RequestRecord> out;
  std::copy_if(requests.begin(), requests.end(), std::back_inserter(out),
               [path](const RequestRecord& record) { return record.path == path; });
  return out;
}

std::string LedgerSnapshot::to_json() const {
  Json out = {{"connections", Json::array()},
              {"requests", Json::array()},
              {"max_simultaneous", Json::object()},
              {"max_open_connections", max_open_connections}};
  for (const ConnectionRecord& record : connections)
    out["connections"].push_back(to_object(record));
  for (const RequestRecord& record : requests) out["requests"].push_back(to_object(record));
  for (const auto& [host, most] : max_simultaneous) out["max_simultaneous"][utf8(host)] = most;
  return out.dump();
}

Ledger::Ledger(const std::string& file) {
  if (!file.empty()) file_ = std::fopen(file.c_str(), "we");
}

Ledger::~Ledger() {
  if (file_ != nullptr) std::fclose(file_);
}

std::chrono::milliseconds Ledger::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               started_);
}

void Ledger::write_line(const std::string& line) {
  if (file_ == nullptr) return;
  std::fwrite(line.data(), 1, line.size(), file_);
  std::fputc('\n', file_);
  std::fflush(file_);
}

std::uint64_t Ledger::open_connection(bool is_tls, bool is_ipv6) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = ++last_id_;
  connections_[id] = {.id = id, .opened_at = elapsed(), .is_tls = is_tls, .is_ipv6 = is_ipv6};
  max_open_connections_ = std::max(max_open_connections_, ++open_connections_);
  return id;
}

void Ledger::describe_tls(std::uint64_t id, std::string version, std::string server_name,
                          bool is_resumed, bool is_http2) {
  const std::lock_guard lock(mutex_);
  ConnectionRecord& record = connections_[id];
  record.tls_version = std::move(version);
  record.server_name = std::move(server_name);
  record.is_resumed = is_resumed;
  record.is_http2 = is_http2;
}

void Ledger::note_fault(std::uint64_t id, std::string fault) {
  const std::lock_guard lock(mutex_);
  connections_[id].fault = std::move(fault);
}

void Ledger::close_connection(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  ConnectionRecord& record = connections_[id];
  record.is_open = false;
  --open_connections_;
  if (file_ != nullptr) write_line(to_object(record).dump());
}

std::uint64_t Ledger::open_request(const Request& request) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = ++last_id_;
  requests_[id] = {.id = id,
                   .connection_id = request.connection_id,
                   .number_on_connection = request.number_on_connection,
                   .stream_id = request.stream_id,
                   .read_at = elapsed(),
                   .method = request.method,
                   .target = request.target,
                   .path = request.path,
                   .host = request.host,
                   .headers = request.headers};
  ++open_requests_;
  std::uint64_t& most = max_simultaneous_[request.host];
  most = std::max(most, ++in_flight_[request.host]);
  return id;
}

void Ledger::finish_request(std::uint64_t id, Finish finish) {
  const std::lock_guard lock(mutex_);
  RequestRecord& record = requests_[id];
  PIXHAUL_CHECK(!record.is_finished);
  record.is_finished = true;
  record.finished_at = elapsed();
  record.is_complete = finish.is_complete;
  record.status = finish.status;
  record.body_bytes = finish.body_bytes;
  if (finish.is_complete) record.body_sha256 = std::move(finish.sha256);
  --in_flight_[record.host];
  if (--open_requests_ == 0) idle_.notify_all();
  if (file_ != nullptr) write_line(to_object(record).dump());
}

bool Ledger::wait_until_idle(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return open_requests_ == 0; });
}

LedgerSnapshot Ledger::snapshot() const {
  const std::lock_guard lock(mutex_);
  LedgerSnapshot out;
  for (const auto& [id, record] : connections_) out.connections.push_back(record);
  for (const auto& [id, record] : requests_) out.requests.push_back(record);
  out.max_simultaneous = max_simultaneous_;
  out.max_open_connections = max_open_connections_;
  return out;
}

void Ledger::clear() {
  const std::lock_guard lock(mutex_);
  std::erase_if(connections_, [](const auto& entry) { return !entry.second.is_open; });
  std::erase_if(requests_, [](const auto& entry) { return entry.second.is_finished; });
  max_simultaneous_ = in_flight_;
  max_open_connections_ = open_connections_;
}

struct BodyDigest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

BodyDigest::BodyDigest() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
}

BodyDigest::~BodyDigest() { EVP_MD_CTX_free(state_->context); }

void BodyDigest::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
  size_ += bytes.size();
}

std::string BodyDigest::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest, &size);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  BodyDigest digest;
  digest.add(bytes);
  return digest.hex();
}

}  // namespace pixhaul::testing
