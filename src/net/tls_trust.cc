// Whom TLS trusts, and what to say of those it does not.
//
// The system's hashed directory is preferred to its bundle file. Parsing the 140-certificate bundle
// costs some 20 ms at start; the directory costs one file for each issuer met.

#include "net/tls_trust.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace pixhaul::net {
namespace {

constexpr int kNamesInDetail = 3;

struct Free {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

// A directory prepared by c_rehash or `openssl rehash` holds names such as "002c0b4f.0".
bool is_hash_name(std::string_view name) {
  return name.size() >= 10 && name[8] == '.' && name[9] >= '0' && name[9] <= '9' &&
         std::ranges::all_of(name.substr(0, 8),
                             [](unsigned char c) { return std::isxdigit(c) != 0; });
}

bool is_hashed_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return false;
  bool found = false;
  while (const dirent* entry = ::readdir(directory)) {
    if ((found = is_hash_name(entry->d_name))) break;
  }
  ::closedir(directory);
  return found;
}

Result<> load_file(X509_STORE* store, const std::string& path) {
  if (X509_STORE_load_file(store, path.c_str()) == 1) return {};
  const int os_error = errno;
  ERR_clear_error();
  return std::unexpected(Error{.code = ErrorCode::input_unreadable,
                               .os_error = os_error,
                               .detail = "read CA certificates from " + path});
}

const char* environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

Result<> load_system_store(X509_STORE* store) {
  for (const char* directory : {X509_get_default_cert_dir(), "/etc/ssl/certs"}) {
    if (is_hashed_directory(directory)) {
      X509_STORE_load_path(store, directory);
      return {};
    }
  }
  constexpr std::array kBundles = {"/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                   "/etc/ssl/cert.pem"};
  if (load_file(store, X509_get_default_cert_file())) return {};
  for (const char* bundle : kBundles) {
    if (load_file(store, bundle)) return {};
  }
  return std::unexpected(
      Error{.code = ErrorCode::input_unreadable,
            .detail = "no CA certificates on this machine (install ca-certificates, or name a "
                      "file in SSL_CERT_FILE)"});
}

}  // namespace

Result<> load_trust(X509_STORE* store, const TlsSettings& settings) {
  if (!settings.ca_file.empty()) return load_file(store, settings.ca_file);
  const char* file = environment(X509_get_default_cert_file_env());
  const char* directory = environment(X509_get_default_cert_dir_env());
  if (file == nullptr && directory == nullptr) return load_system_store(store);
  if (directory != nullptr) X509_STORE_load_path(store, directory);
  if (file != nullptr) return load_file(store, file);
  return {};
}

// ---- what a bad certificate is called -----------------------------------------------------------

namespace {

std::string text_of(const ASN1_STRING* text) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  std::string printable(bytes, static_cast<std::size_t>(ASN1_STRING_length(text)));
  std::ranges::replace_if(printable, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return printable;
}

std::string common_name(const X509_NAME* name) {
  for (const int field : {NID_commonName, NID_organizationName, NID_organizationalUnitName}) {
    const int index = X509_NAME_get_index_by_NID(name, field, -1);
    if (index >= 0) return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  }
  return "an unnamed issuer";
}

// "a.test, b.test and 3 more"; RFC 6125 §6.4.4: the common name counts only without alternative
// names.
std::string names_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, Free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string list;
  int count = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS || ++count > kNamesInDetail) continue;
    list += (list.empty() ? "" : ", ") + text_of(name->d.dNSName);
  }
  if (count > kNamesInDetail) list += " and " + std::to_string(count - kNamesInDetail) + " more";
  return list.empty() ? common_name(X509_get_subject_name(certificate)) : list;
}

}  // namespace

std::string certificate_detail(int error, const X509* certificate, const std::string& host) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "certificate is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "certificate is for " + names_of(certificate) + ", not " + host;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "certificate is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "issuer not trusted: " + common_name(X509_get_issuer_name(certificate));
    default:
      return X509_verify_cert_error_string(error);
  }
}

}  // namespace pixhaul::net
