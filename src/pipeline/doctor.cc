// What the measured means, thing by thing: a sentence of what is there and, where that is not
// enough, the command or option that changes it. The thresholds are where a run was seen to suffer,
// not where it could be faster still: advice that is always given is read by nobody.
#include "pipeline/doctor.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

namespace pixhaul {

Result<std::vector<Finding>> examine(const Options& options) {
  const auto facts = pipeline::gather_facts(options);
  if (!facts) return std::unexpected(facts.error());
  return pipeline::judge(*facts);
}

}  // namespace pixhaul

namespace pixhaul::pipeline {

namespace {

constexpr std::uint32_t kFewTransfers = 512;
constexpr std::uint32_t kVeryFewTransfers = 48;
constexpr std::uint32_t kFewPorts = 10'000;
constexpr std::chrono::milliseconds kSlowAnswer{300};
constexpr double kSlowDisk = 30e6;  // a link of 240 Mbit/s brings as much
constexpr std::chrono::milliseconds kSlowSync{250};
constexpr std::uint64_t kLittleSpace = 1'000'000'000;
constexpr std::uint64_t kNoSpace = 50'000'000;
constexpr std::uint64_t kFewFiles = 20'000;
constexpr std::uint64_t kLittleMemory = 256u << 20;

std::string megabytes(std::uint64_t bytes) {
  return bytes < 10'000'000'000 ? fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6)
                                : fmt::format("{:.0f} GB", static_cast<double>(bytes) / 1e9);
}

Finding good(std::string subject, std::string found) {
  return {.subject = std::move(subject), .found = std::move(found)};
}

Finding notice(std::string subject, std::string found, std::string advice) {
  return {Verdict::notice, std::move(subject), std::move(found), std::move(advice)};
}

Finding bad(std::string subject, std::string found, std::string advice) {
  return {Verdict::bad, std::move(subject), std::move(found), std::move(advice)};
}

Finding judge_open_files(const DoctorFacts& facts) {
  const std::uint32_t files = facts.machine.open_files;
  std::string found = fmt::format("{} may be open: {} transfers at once", files, facts.concurrency);
  if (facts.concurrency >= kFewTransfers || files >= 4096)
    return good("open files", std::move(found));
  const std::string raise =
      facts.most_open_files >= 4096
          ? "run `ulimit -n 4096` in the shell before pixhaul"
          : fmt::format(
                "the hard limit is {}: raise it in /etc/security/limits.conf, by systemd's "
                "LimitNOFILE= or docker's --ulimit nofile=4096",
                facts.most_open_files);
  if (facts.concurrency < kVeryFewTransfers) return bad("open files", std::move(found), raise);
  return notice("open files", std::move(found), raise);
}

Finding judge_ports(const DoctorFacts& facts) {
  if (facts.local_ports == 0) return good("local ports", "the system does not tell how many");
  std::string found = fmt::format("{} for outgoing connections", facts.local_ports);
  if (facts.local_ports >= kFewPorts) return good("local ports", std::move(found));
  return notice("local ports", std::move(found),
                "each closed connection keeps one for a minute: sysctl -w "
                "net.ipv4.ip_local_port_range='10000 65000', and no --connection fresh");
}

std::string servers_words(const DoctorFacts& facts) {
  std::string words;
  for (const std::string& server : facts.dns_servers)
    words += fmt::format("{}{}", words.empty() ? "" : ", ", server);
  return words.empty() ? "none named in /etc/resolv.conf" : words;
}

Finding judge_resolver(const DoctorFacts& facts) {
  const std::string servers = servers_words(facts);
  // A server that knows no such name has answered: private ones may know the inside only.
  const bool answered =
      facts.dns_status == ErrorCode::success || facts.dns_status == ErrorCode::dns_not_found;
  if (answered && facts.dns_took < kSlowAnswer)
    return good("resolver", fmt::format("{} answered in {} ms", servers, facts.dns_took.count()));
  if (answered) {
    return notice("resolver", fmt::format("{} took {} ms", servers, facts.dns_took.count()),
                  "lists with many hosts wait for names: run a caching resolver near by (unbound, "
                  "dnsmasq) and name it with --dns_servers");
  }
  std::string found = fmt::format("{}: {}", servers, facts.dns_detail);
  if (!facts.proxy.empty() && facts.proxy_resolves)
    return good("resolver", found + "; the proxy resolves, so none is needed");
  std::string advice = "name one that answers with --dns_servers ADDRESS, or mend /etc/resolv.conf";
  if (!facts.proxy.empty()) advice += "; where only the proxy can resolve, --proxy_dns remote";
  return bad("resolver", std::move(found), std::move(advice));
}

Finding judge_proxy(const DoctorFacts& facts) {
  if (facts.proxy.empty()) return good("proxy", "none");
  return good("proxy", fmt::format("{}, names resolved {}", facts.proxy,
                                   facts.proxy_resolves ? "there" : "here"));
}

Finding judge_trust(const DoctorFacts& facts) {
  if (!facts.trust_failure) return good("certificates", "authorities found");
  return bad("certificates", facts.trust_failure->detail,
             "apt-get install ca-certificates, or name a bundle with --ca_file");
}

Finding judge_clock(const DoctorFacts& facts) {
  std::string found = fmt::format("{:%Y-%m-%d %H:%M} UTC",
                                  fmt::gmtime(std::chrono::system_clock::to_time_t(facts.now)));
  if (facts.now < facts.program_made) {
    return bad(
        "clock", found + ", before this program was made",
        "certificates will count as not yet valid: set the clock (timedatectl set-ntp true)");
  }
  // Said, not complained of: the host of most containers and virtual machines keeps the time.
  if (!facts.is_synchronised.value_or(true)) found += ", not synchronised by this system itself";
  return good("clock", std::move(found));
}

std::optional<Finding> judge_space(const DoctorFacts& facts) {
  const std::string found =
      fmt::format("{} free in {}", megabytes(facts.disk_free_bytes), facts.disk_folder);
  if (facts.disk_free_bytes < kNoSpace)
    return bad("disk", found, "make room, or write elsewhere with --output_folder");
  if (facts.disk_free_bytes < kLittleSpace)
    return notice("disk", found, "a run that fills the disk ends with exit 4 and can be continued");
  if (facts.disk_free_files && *facts.disk_free_files < kFewFiles) {
    return notice("disk", fmt::format("room for {} more files", *facts.disk_free_files),
                  "--output_format webdataset or parquet writes few");
  }
  return std::nullopt;
}

Finding judge_disk(const DoctorFacts& facts) {
  if (facts.disk_failure) {
    return bad("disk", fmt::format("{}: {}", facts.disk_folder, facts.disk_failure->detail),
               "name a folder that can be written with --output_folder");
  }
  if (auto space = judge_space(facts)) return std::move(*space);
  std::string found = fmt::format("{:.0f} MB/s, {} ms to make a little durable, {} free in {}",
                                  facts.disk_bytes_per_second / 1e6, facts.disk_sync.count(),
                                  megabytes(facts.disk_free_bytes), facts.disk_folder);
  if (facts.disk_is_memory) {
    return notice("disk", found + ", which is memory",
                  "it is gone with the next start and counts as memory: --output_folder elsewhere");
  }
  const bool is_slow = facts.disk_bytes_per_second < kSlowDisk || facts.disk_sync > kSlowSync;
  if (!is_slow) return good("disk", std::move(found));
  return notice("disk", std::move(found),
                facts.disk_is_remote
                    ? "a remote file system: write to a local one and copy the shards, or use "
                      "--output_format webdataset (few large files)"
                    : "a run can be no faster: another disk by --output_folder, or fewer, larger "
                      "files by --output_format webdataset");
}

Finding judge_processor(const DoctorFacts& facts) {
  std::string found =
      fmt::format("{} of {} cores, {} vectors{}", facts.machine.cores, facts.machine_cores,
                  facts.vectors, facts.has_aes ? ", AES" : ", no AES instructions");
  if (facts.vectors == "SCALAR" || facts.vectors == "EMU128") {
    return notice(
        "processor", std::move(found),
        "resizing uses no vectors here: a virtual machine may hide them (host CPU model)");
  }
  return good("processor", std::move(found));
}

Finding judge_memory(const DoctorFacts& facts) {
  std::string found = fmt::format("{} for a run", megabytes(facts.run_memory));
  if (facts.machine.memory_bytes < facts.machine_memory) {
    found += fmt::format("; a control group allows {} of {}", megabytes(facts.machine.memory_bytes),
                         megabytes(facts.machine_memory));
  }
  if (facts.run_memory > facts.machine.memory_bytes) {
    return bad("memory",
               found + fmt::format(", only {} there", megabytes(facts.machine.memory_bytes)),
               "the kernel would kill the run: a lower --memory");
  }
  if (facts.run_memory >= kLittleMemory) return good("memory", std::move(found));
  return notice("memory", std::move(found), "few bodies fit at once: a higher --memory");
}

Finding judge_sandbox(const DoctorFacts& facts) {
  if (!facts.machine.decoder_program.empty())
    return good("sandbox", "pictures are decoded in processes of their own");
  const char* why = facts.kernel_can_lock ? "pixhaul-decoder is not beside pixhaul"
                                          : "this kernel or container allows no seccomp filters";
  return notice("sandbox", std::string(why) + ": pictures would be decoded in this process",
                facts.kernel_can_lock ? "install pixhaul whole"
                                      : "run outside, or with a container's seccomp profile that "
                                        "permits filters; --sandbox on insists on it");
}

}  // namespace

std::vector<Finding> judge(const DoctorFacts& facts) {
  std::vector<Finding> findings = {
      judge_open_files(facts), judge_ports(facts),  judge_resolver(facts), judge_proxy(facts),
      judge_trust(facts),      judge_clock(facts),  judge_disk(facts),     judge_processor(facts),
      judge_memory(facts),     judge_sandbox(facts)};
  for (const std::string& sentence : facts.lowered) {
    findings.push_back(notice("options", sentence, "as said, if that is not what you want"));
  }
  return findings;
}

}  // namespace pixhaul::pipeline
