import { byId, figure, make, row, say, stack, swatch } from "./dom";
import * as speed from "./speed";
import type { News, Stats } from "./types";
import { bytes, count, duration, milliseconds, rate } from "./words";

const REFUSALS = new Set(["filtered", "robots_txt", "opt_out"]); // as is_refusal() of pipeline/tally.cc
const PHASES: [string, string][] = [["dns", "DNS"], ["connect", "Connect"], ["tls", "TLS"], ["first_byte", "First byte"], ["total", "Total"]];
const CONDITIONS: Record<string, [string, string]> = {
  slow: ["slow", ""], paced: ["paced", "warn"], rate_limited: ["rate limited", "warn"], parked: ["parked", "bad"], down: ["given up", "bad"],
};

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

function showHero(stats: Stats, finished: boolean): void {
  const done = stats.rows_done + stats.rows_resumed;
  const total = stats.rows_total;
  const good = stats.by_status["success"] ?? 0;
  const refused = sum(Object.entries(stats.by_status).filter(([name]) => REFUSALS.has(name)).map(([, n]) => n));
  const bad = Math.max(0, sum(Object.values(stats.by_status)) - good - refused);
  const whole = total ?? Math.max(stats.rows_read, done);
  const share = whole > 0 ? done / whole : 0;
  say("percent", total ? `${share >= 1 ? 100 : (share * 100).toFixed(share < 0.1 ? 1 : 0)} %` : count(done));
  say("done", total ? `${count(done)} of ${count(total)} rows` : `rows so far; the list is still being read`);
  const speedNow = speed.now();
  const left = total && speedNow.rows > 0 ? (total - done) / speedNow.rows : 0;
  say("eta", finished ? `finished${stats.seconds > 1 && stats.requests ? ` after ${duration(stats.seconds)}` : ""}`
    : left > 0 ? `about ${duration(left)} left` : "");
  const parts: [string, number][] = [["bar-good", good], ["bar-refused", refused], ["bar-bad", bad]];
  const known = good + refused + bad;
  for (const [id, part] of parts) byId(id).style.width = `${known > 0 ? (100 * share * part) / known : 0}%`;
  byId("progress").setAttribute("aria-valuenow", String(Math.round(share * 100)));
  say("limit", !finished && stats.limited_by ? `Limited by ${stats.limited_by}.` : "");
  figure("success", known > 0 ? `${((100 * good) / known).toFixed(good === known ? 0 : 1)} %` : "–",
    bad > 0 ? `${count(bad)} failed` : known > 0 ? "none failed" : "");
  figure("rate", rate(finished ? good / Math.max(stats.seconds, 0.001) : speedNow.images), finished ? "on average" : "images/s");
  const throughput = finished ? stats.bytes_body / Math.max(stats.seconds, 0.001) : speedNow.bytes;
  figure("throughput", rate(throughput / 1e6), `MB/s, ${bytes(stats.bytes_body)} in all`);
  figure("flight", count(stats.in_flight), stats.concurrency_limit ? `of ${count(stats.concurrency_limit)}` : "");
  document.title = total ? `${Math.floor(share * 100)} % · pixhaul` : "pixhaul";
}

function showStates(stats: Stats): void {
  const states = stats.states;
  byId("states-card").hidden = !states;
  if (!states) return;
  const entries = Object.entries(states);
  stack("states-bar", entries.map(([, n]) => n), sum(entries.map(([, n]) => n)));
  byId("states").replaceChildren(...entries.map(([name, n], index) => row(make("span", "", swatch(index), name), count(n))));
}

function showLatency(stats: Stats): void {
  const latency = stats.latency;
  byId("latency-card").hidden = !latency;
  if (!latency) return;
  byId("latency").replaceChildren(...PHASES.map(([name, words]) => {
    const of = latency[name];
    const cell = (value?: number) => ({ n: of && of.count > 0 && value !== undefined ? milliseconds(value) : "–" });
    return row(words, cell(of?.p50_ms), cell(of?.p90_ms), cell(of?.p99_ms), cell(of?.max_ms));
  }));
}

function showStatuses(stats: Stats): void {
  const entries = Object.entries(stats.by_status).sort((a, b) => b[1] - a[1]);
  const behind = new Map((stats.status_hosts ?? []).map((entry) => [entry.status, entry.hosts]));
  byId("statuses").replaceChildren(...entries.map(([name, n]) => {
    const tag = make("span", `tag ${name === "success" ? "" : REFUSALS.has(name) ? "warn" : "bad"}`, name);
    const hosts = (behind.get(name) ?? []).slice(0, 3).map((entry) => `${entry.host} ${count(entry.count)}`).join(", ");
    return row(tag, { n: count(n) }, hosts);
  }));
}

function showHosts(stats: Stats): void {
  const hosts = stats.hosts ?? [];
  byId("hosts-card").hidden = hosts.length === 0;
  byId("hosts").replaceChildren(...hosts.map((host) => {
    const [words, kind] = CONDITIONS[host.condition] ?? [host.condition, ""];
    const again = host.condition === "down" ? "no more" : host.seconds_until_retry > 0 ? `in ${duration(host.seconds_until_retry)}` : "now";
    return row(host.origin, make("span", `tag ${kind}`, words), host.reason, { n: again }, { n: host.first_byte_ms > 0 ? `${milliseconds(host.first_byte_ms)} ms` : "–" });
  }));
}

function showMemory(stats: Stats): void {
  const users: [string, number][] = [["bodies", stats.memory_bodies], ["decoding", stats.memory_decode], ["shards", stats.memory_shards], ["tables", stats.memory_tables]];
  byId("memory-card").hidden = !(stats.memory_limit > 0);
  stack("memory-bar", users.map(([, n]) => n), stats.memory_limit);
  say("memory-words", `${bytes(stats.memory_bytes)} of ${bytes(stats.memory_limit)}`);
  byId("memory").replaceChildren(...users.map(([name, n], index) => row(make("span", "", swatch(index), name), bytes(n))));
  say("shards", stats.shards_written === undefined ? "" : `${count(stats.shards_open ?? 0)} shards open, ${count(stats.shards_written)} written`);
}

function showRest(news: News): void {
  byId("notices-card").hidden = news.notices.length === 0;
  const list = byId("notices");
  if (list.children.length !== news.notices.length) list.replaceChildren(...news.notices.map((text) => make("li", "", text)));
  const counters = Object.entries(news.stats).filter(([, value]) => typeof value === "number") as [string, number][];
  byId("counters").replaceChildren(...counters.map(([name, value]) => row(name.replaceAll("_", " "), count(value))));
}

export function show(news: News): void {
  const stats = news.stats;
  speed.add([stats.seconds, stats.rows_done, stats.by_status["success"] ?? 0, stats.bytes_body, stats.in_flight]);
  showHero(stats, news.finished);
  showStates(stats);
  showLatency(stats);
  showStatuses(stats);
  showHosts(stats);
  showMemory(stats);
  showRest(news);
}
