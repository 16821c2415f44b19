#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pixhaul::testing {

/// RFC 1035 §3.2.2 and RFC 3596; any other number is a value too.
enum class DnsType : std::uint16_t { a = 1, ns = 2, cname = 5, soa = 6, aaaa = 28 };

/// RFC 1035 §4.1.1.
enum class DnsCode : std::uint8_t {
  ok = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5,
};

struct DnsQuestion {
  std::uint16_t id = 0;
  std::string name;  ///< lower case, without the last dot
  DnsType type = DnsType::a;
  std::string wire;  ///< name (its case kept), type and class, to be echoed
  bool wants_recursion = false;
  bool has_edns = false;
};

struct DnsRecord {
  std::string name;
  DnsType type = DnsType::a;
  std::uint32_t ttl_seconds = 0;
  std::string data;  ///< RDATA, see the makers below
};

/// A query with exactly one question. Nothing for anything else.
[[nodiscard]] std::optional<DnsQuestion> parse_dns_query(std::string_view packet);

/// RDATA of an A (dotted) or AAAA record; nothing when the text is of the other family or none.
[[nodiscard]] std::optional<std::string> dns_address_data(std::string_view address, DnsType type);
/// A name as labels, not compressed.
[[nodiscard]] std::string dns_name_data(std::string_view name);
/// A SOA for negative answers; `minimum_seconds` is their time to live (RFC 2308 §5).
[[nodiscard]] DnsRecord dns_soa(std::string_view zone, std::uint32_t minimum_seconds);

struct DnsReply {
  DnsCode code = DnsCode::ok;
  bool is_truncated = false;
  std::vector<DnsRecord> answers{};
  std::vector<DnsRecord> authorities{};
};
[[nodiscard]] std::string dns_packet(const DnsQuestion& question, const DnsReply& reply);

}  // namespace pixhaul::testing
