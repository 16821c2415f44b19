// A URL says what it will answer: http://h2.example/flaky/17 is a path that fails once and then
// gives picture 17. The table of behaviours below is the whole fault model of paths; hosts have
// theirs in draw_server.
#include "simulation/scenario.h"

#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "base/check.h"
#include "support/images.h"

namespace pixhaul::testing {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPictures = 24;

const std::string& picture(std::size_t number) {
  static const auto* const kAll = [] {
    constexpr std::string_view kFormats[] = {"jpg", "png", "gif", "bmp"};
    auto* all = new std::array<std::string, kPictures>();
    for (std::size_t i = 0; i < kPictures; ++i) {
      (*all)[i] = *make_image({.width = 6, .height = 5, .seed = i + 1, .format = kFormats[i % 4]});
    }
    return all;
  }();
  return (*kAll)[number % kPictures];
}

struct Call {
  std::string_view host;
  std::size_t number;   // of the picture
  std::size_t attempt;  // of this path, from 0
};

using Steps = std::vector<SimStep>;

Steps whole(const Call& call) { return reply(200, picture(call.number)); }

// The head promises the whole picture; `bytes` of it come, and then `end`.
Steps part(const Call& call, std::size_t bytes, SimStep::End end) {
  std::string text = http_response(200, picture(call.number));
  const std::size_t head = text.size() - picture(call.number).size();
  text.resize(head + bytes % picture(call.number).size());
  return {{.bytes = std::move(text), .end = end}};
}

Steps moved(const std::string& to) { return reply(302, "", "Location: " + to + "\r\n"); }

struct Behaviour {
  std::string_view name;
  bool ends_well;
  Steps (*answer)(const Call&);
};

constexpr Behaviour kBehaviours[] = {
    {"ok", true, whole},
    {"slow", true,
     [](const Call& c) { return reply(200, picture(c.number), "", milliseconds(900)); }},
    {"flaky", true, [](const Call& c) { return c.attempt == 0 ? reply(500, "no") : whole(c); }},
    {"shaky", true,
     [](const Call& c) {
       return c.attempt == 0 ? part(c, c.number * 7, SimStep::End::reset) : whole(c);
     }},
    {"busy", true,
     [](const Call& c) {
       return c.attempt == 0 ? reply(503, "later", "Retry-After: 1\r\n") : whole(c);
     }},
    {"pieces", true,
     [](const Call& c) {
       Steps steps;
       for (const char byte : http_response(200, picture(c.number)))
         steps.push_back({.bytes = std::string(1, byte)});
       return steps;
     }},
    {"near", true, [](const Call& c) { return moved("/ok/" + std::to_string(c.number)); }},
    {"far", true,
     [](const Call& c) { return moved("http://h0.example/ok/" + std::to_string(c.number)); }},
    {"gone", false, [](const Call&) { return reply(404, "gone"); }},
    {"broken", false, [](const Call&) { return reply(500, "broken"); }},
    {"cut", false, [](const Call& c) { return part(c, c.number * 11, SimStep::End::close); }},
    {"half", false,
     [](const Call& c) {
       return reply(200, picture(c.number).substr(0, picture(c.number).size() / 2));
     }},
    {"page", false, [](const Call&) { return reply(200, "<html><body>no</body></html>"); }},
    {"empty", false, [](const Call&) { return reply(200, ""); }},
    {"loop", false, [](const Call& c) { return moved("/loop/" + std::to_string(c.number)); }},
    {"inside", false, [](const Call&) { return moved("http://169.254.169.254/"); }},
    {"noise", false, [](const Call&) { return Steps{{.bytes = "\x16\x03\x01 what\r\n\r\n"}}; }},
    {"hung", false, [](const Call& c) { return part(c, 9, SimStep::End::none); }},
    {"mute", false, [](const Call&) { return Steps{}; }},
};

constexpr std::string_view kBadLines[] = {"not a url", "ftp://h0.example/ok/1", "http://",
                                          "http://10.1.2.3/ok/1", "http://h0.example:25/ok/1"};

const Behaviour* behaviour_of(std::string_view name) {
  for (const Behaviour& behaviour : kBehaviours) {
    if (behaviour.name == name) return &behaviour;
  }
  return nullptr;
}

struct Path {
  const Behaviour* behaviour = nullptr;
  std::size_t number = 0;
};

// "/flaky/17"
Path parse_path(std::string_view path) {
  if (path.empty()) return {};
  const std::size_t slash = path.find('/', 1);
  if (slash == std::string_view::npos) return {};
  Path parsed{.behaviour = behaviour_of(path.substr(1, slash - 1))};
  std::from_chars(path.data() + slash + 1, path.data() + path.size(), parsed.number);
  return parsed;
}

constexpr std::string_view kPrefix = "http://h";

Path path_of_line(std::string_view line) {
  if (!line.starts_with(kPrefix)) return {};
  const std::size_t host_end = line.find('/', kPrefix.size());
  if (host_end == std::string_view::npos || line.substr(0, host_end).find(":25") != line.npos)
    return {};
  return parse_path(line.substr(host_end));
}

std::string host_name(std::size_t host) { return "h" + std::to_string(host) + ".example"; }
std::string host_address(std::size_t host) { return "93.184.0." + std::to_string(host + 1); }

}  // namespace

Scenario::Scenario(std::uint64_t seed) : seed_(seed) {
  Random chance(seed);
  is_steady_ = chance.next() % 3 != 0;
  loops_ = 1 + static_cast<std::uint32_t>(chance.next() % 3);
  hosts_ = 2 + static_cast<std::uint32_t>(chance.next() % 5);
  options_.url_list = {"urls.txt"};
  options_.output_folder = "out";
  options_.proxy = "none";
  options_.number_sample_per_shard = 2 + static_cast<std::uint32_t>(chance.next() % 15);
  options_.output_format = chance.next() % 2 == 0 ? OutputFormat::files : OutputFormat::webdataset;
  options_.metadata = MetadataFormat::jsonl;
  if (options_.output_format == OutputFormat::files && chance.next() % 3 == 0)
    options_.body = BodyMode::stream;
  if (chance.next() % 4 == 0) options_.connection = ConnectionMode::fresh;
  const std::size_t rows = 8 + chance.next() % 50;
  for (std::size_t row = 0; row < rows; ++row) lines_.push_back(draw_line(chance, row));
}

std::string Scenario::draw_line(Random& chance, std::size_t row) const {
  if (chance.next() % 25 == 0) return std::string(kBadLines[chance.next() % std::size(kBadLines)]);
  const std::size_t host = chance.next() % hosts_;
  // Half of the rows are plain, so that good and bad ones lie side by side in every shard.
  const std::size_t kind = chance.next() % 2 == 0 ? 0 : chance.next() % std::size(kBehaviours);
  return "http://" + host_name(host) + "/" + std::string(kBehaviours[kind].name) + "/" +
         std::to_string(row);
}

SimServer Scenario::draw_server(Random& chance) const {
  SimServer server{.one_way = milliseconds(1 + chance.next() % 80)};
  if (chance.next() % 3 == 0) server.bytes_per_second = 2'000 + chance.next() % 50'000;
  if (is_steady_) return server;
  constexpr SimServer::Accept kAccepts[] = {SimServer::Accept::yes, SimServer::Accept::yes,
                                            SimServer::Accept::refuse, SimServer::Accept::never,
                                            SimServer::Accept::unreachable};
  server.accept = kAccepts[chance.next() % std::size(kAccepts)];
  return server;
}

void Scenario::build(SimWorld& world) {
  std::string list;
  for (const std::string& line : lines_) list += line + "\n";
  world.disk().put("urls.txt", list);
  world.use_loops(loops_);
  Random chance(seed_ ^ 0x5eed);
  auto attempts = std::make_shared<std::map<std::string, std::size_t>>();
  for (std::size_t host = 0; host < hosts_; ++host) {
    SimServer server = draw_server(chance);
    server.handler = [&world, attempts](const SimRequest& request) {
      const std::string host_field = request.host();
      world.log().add(static_cast<std::uint64_t>(request.at.time_since_epoch().count()));
      world.log().add(host_field);
      world.log().add(request.target);
      const Path path = parse_path(request.target);
      if (path.behaviour == nullptr) return reply(404, "what?");
      return path.behaviour->answer({.host = host_field,
                                     .number = path.number,
                                     .attempt = (*attempts)[host_field + request.target]++});
    };
    world.serve(host_name(host), host_address(host), std::move(server));
    constexpr ErrorCode kFailures[] = {ErrorCode::dns_not_found, ErrorCode::dns_timeout,
                                       ErrorCode::dns_error};
    if (!is_steady_ && chance.next() % 5 == 0)
      world.answer(host_name(host), {.failure = kFailures[chance.next() % 3]});
  }
}

std::string_view Scenario::picture_of(std::string_view line) const {
  const Path path = path_of_line(line);
  if (path.behaviour == nullptr || !path.behaviour->ends_well) return {};
  return picture(path.number);
}

bool Scenario::must_succeed(std::string_view line) const {
  return is_steady_ && !picture_of(line).empty();
}

}  // namespace pixhaul::testing
