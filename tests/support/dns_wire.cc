#include "support/dns_wire.h"

#include <arpa/inet.h>

#include "support/script.h"

// DNS messages, RFC 1035 §4, as far as a scripted server needs them: queries in, answers out, no
// compression. Independent of the library under test on purpose.

namespace pixhaul::testing {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kClassIn = 1;

void put16(std::string& out, std::uint32_t value) {
  out += static_cast<char>((value >> 8) & 255);
  out += static_cast<char>(value & 255);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
std::uint16_t get16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

void put_record(std::string& out, const DnsRecord& record) {
  out += dns_name_data(record.name);
  put16(out, static_cast<std::uint16_t>(record.type));
  put16(out, kClassIn);
  put32(out, record.ttl_seconds);
  put16(out, static_cast<std::uint32_t>(record.data.size()));
  out += record.data;
}

}  // namespace

std::optional<DnsQuestion> parse_dns_query(std::string_view packet) {
  if (packet.size() < kHeaderBytes || (packet[2] & 0x80) != 0 || get16(packet, 4) != 1) {
    return std::nullopt;
  }
  DnsQuestion question;
  question.id = get16(packet, 0);
  question.wants_recursion = (packet[2] & 1) != 0;
  question.has_edns = get16(packet, 10) > 0;
  std::size_t at = kHeaderBytes;
  while (at < packet.size() && packet[at] != 0) {
    const auto size = static_cast<unsigned char>(packet[at]);
    if (size > 63 || at + 1 + size >= packet.size()) return std::nullopt;
    if (!question.name.empty()) question.name += '.';
    question.name += lower_case(packet.substr(at + 1, size));
    at += 1 + size;
  }
  if (at + 5 > packet.size()) return std::nullopt;
  question.type = static_cast<DnsType>(get16(packet, at + 1));
  question.wire = packet.substr(kHeaderBytes, at + 5 - kHeaderBytes);
  return question;
}

std::optional<std::string> dns_address_data(std::string_view address, DnsType type) {
  const bool is_ipv6 = type == DnsType::aaaa;
  std::string out(is_ipv6 ? 16 : 4, '\0');
  const std::string text(address);
  if (::inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text.c_str(), out.data()) != 1) return std::nullopt;
  return out;
}

std::string dns_name_data(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    out += static_cast<char>(label.size());
    out += label;
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  return out + '\0';
}

DnsRecord dns_soa(std::string_view zone, std::uint32_t minimum_seconds) {
  std::string data = dns_name_data("ns.invalid") + dns_name_data("admin.invalid");
  for (const std::uint32_t value : {1U, 3600U, 600U, 86400U, minimum_seconds}) put32(data, value);
  return {.name = std::string(zone),
          .type = DnsType::soa,
          .ttl_seconds = minimum_seconds,
          .data = std::move(data)};
}

std::string dns_packet(const DnsQuestion& question, const DnsReply& reply) {
  constexpr std::uint32_t kResponse = 0x8000;
  constexpr std::uint32_t kTruncated = 0x0200;
  constexpr std::uint32_t kRecursionWanted = 0x0100;
  constexpr std::uint32_t kRecursionAvailable = 0x0080;
  std::string out;
  put16(out, question.id);
  put16(out, kResponse | kRecursionAvailable | (reply.is_truncated ? kTruncated : 0) |
                 (question.wants_recursion ? kRecursionWanted : 0) |
                 static_cast<std::uint32_t>(reply.code));
  put16(out, 1);
  put16(out, static_cast<std::uint32_t>(reply.answers.size()));
  put16(out, static_cast<std::uint32_t>(reply.authorities.size()));
  put16(out, 0);
  out += question.wire;
  for (const DnsRecord& record : reply.answers) put_record(out, record);
  for (const DnsRecord& record : reply.authorities) put_record(out, record);
  return out;
}

}  // namespace pixhaul::testing
