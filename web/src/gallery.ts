import { byId, make, say } from "./dom";
import type { About, Row } from "./types";
import { bytes, count, hostOf, milliseconds } from "./words";

const PHASES: ["dns_ms" | "connect_ms" | "tls_ms", string][] = [["dns_ms", "DNS"], ["connect_ms", "connect"], ["tls_ms", "TLS"]];
let next: string | null = "";
let shown = 0;
let asked = 0;

const imageOf = (place: string, side: number) => `/api/image?place=${encodeURIComponent(place)}&side=${side}`;

function query(from: string): string {
  const form = new FormData(byId<HTMLFormElement>("filters"));
  const text = (name: string) => String(form.get(name) ?? "");
  const [min = "", max = ""] = text("bytes").split("-");
  return new URLSearchParams({ status: text("status"), host: text("host"), min_side: text("min_side"), min_bytes: min, max_bytes: max, from }).toString();
}

function tile(row: Row): HTMLLIElement {
  const button = make("button", "tile");
  button.type = "button";
  const frame = make("span", "frame");
  if (row.has_image) {
    const image = make("img");
    image.loading = "lazy";
    image.alt = "";
    image.src = imageOf(row.place, 320);
    image.addEventListener("error", () => frame.replaceChildren(make("span", "quiet", "no thumbnail")));
    frame.append(image);
  } else {
    frame.append(make("span", `tag ${row.status === "success" ? "" : "bad"}`, row.status));
  }
  const size = row.width ? `${row.width} × ${row.height} · ${bytes(row.bytes)}` : row.detail || row.meaning;
  const words = make("span", "words", make("span", "", hostOf(row.url)), make("span", "quiet", size));
  if (row.caption) words.append(make("span", "caption", row.caption));
  button.append(frame, words);
  button.setAttribute("aria-label", [row.caption, row.status, hostOf(row.url), size].filter(Boolean).join(", "));
  button.addEventListener("click", () => open(row));
  return make("li", "", button);
}

function facts(row: Row): HTMLElement {
  const list = make("dl");
  const add = (name: string, value: string) => { if (value) list.append(make("dt", "", name), make("dd", "", value)); };
  add("Caption", row.caption);
  add("URL", row.url);
  add("Came from", row.final_url === row.url ? "" : row.final_url);
  add("Status", `${row.status}${row.http_status ? ` · HTTP ${row.http_status}` : ""}${row.transient ? " · may pass on another try" : ""}`);
  add("Size", row.width ? `${row.width} × ${row.height}${row.original_width && row.original_width !== row.width ? `, served as ${row.original_width} × ${row.original_height}` : ""}` : "");
  add("Body", row.bytes ? `${bytes(row.bytes)} ${row.media_type}` : "");
  add("Attempts", row.attempts ? `${count(row.attempts)}${row.redirects ? `, ${row.redirects} redirects` : ""}${row.reused ? ", over a kept connection" : ""}` : "");
  add("Connection", [row.address, row.http_version && `HTTP/${row.http_version}`, row.tls_version].filter(Boolean).join(" · "));
  add("Retrieved", row.retrieved_at);
  add("Digest", row.digest);
  add("Row", `${row.key} · ${row.input}${row.line ? `, line ${row.line}` : ""}`);
  add("File", row.path);
  return list;
}

/** The phases side by side, each as wide as it was long. */
function times(row: Row): Node[] {
  const total = row.total_ms;
  if (total === null || total <= 0) return [];
  let before = 0;
  const parts: [string, number][] = [];
  for (const [name, words] of PHASES) {
    const value = row[name];
    if (value !== null && value > 0) { parts.push([words, value]); before += value; }
  }
  const first = row.first_byte_ms;
  if (first !== null) {
    parts.push(["wait for the first byte", Math.max(0, first)]);
    before += Math.max(0, first);
  }
  parts.push(["rest", Math.max(0, total - before)]);
  const bar = make("div", "times");
  bar.setAttribute("aria-hidden", "true");
  const words = make("p", "quiet");
  parts.forEach(([name, value], index) => {
    const piece = make("i");
    piece.style.width = `${(100 * value) / total}%`;
    piece.style.background = `var(--c${index + 1})`;
    bar.append(piece);
    words.append(`${name} ${milliseconds(value)} ms · `);
  });
  words.append(`total ${milliseconds(total)} ms`);
  return [bar, words];
}

function open(row: Row): void {
  say("sheet-title", row.status === "success" ? row.key : row.meaning || row.status);
  const body = byId("sheet-body");
  body.replaceChildren();
  if (row.has_image) {
    const image = make("img", "sheet-image");
    image.alt = row.caption || `The image of row ${row.key}`;
    image.src = imageOf(row.place, 1024);
    body.append(image);
  }
  if (row.status !== "success") body.append(make("p", "why", row.detail || row.meaning));
  body.append(...times(row), facts(row));
  byId<HTMLDialogElement>("sheet").showModal();
}

async function more(): Promise<void> {
  const mine = ++asked;
  const before = shown;
  // Rare rows may lie many pages away: each answer looks for half a second.
  while (next !== null && shown - before < 30) {
    say("gallery-words", shown > 0 ? `${count(shown)} shown, looking for more` : "looking");
    const answer = await fetch(`/api/rows?${query(next)}`);
    const page = await answer.json();
    if (mine !== asked) return;
    if (!answer.ok) { next = null; say("gallery-words", page.detail || page.error); break; }
    byId("grid").append(...(page.rows as Row[]).map(tile));
    shown += page.rows.length;
    next = page.next;
    if (page.rows.length > 0 && next === "") break;
  }
  if (!byId("gallery-words").textContent?.includes("cannot")) say("gallery-words", shown === 0 ? "no such rows" : `${count(shown)} shown${next === null ? ", that is all" : ""}`);
  byId("more").hidden = next === null;
}

export function refresh(): void {
  byId("grid").replaceChildren();
  shown = 0;
  next = "";
  void more();
}

export function start(about: About): void {
  byId<HTMLSelectElement>("status-filter").append(...about.statuses.map(({ name, meaning }) => {
    const option = make("option", "", name);
    option.value = name;
    option.title = meaning;
    return option;
  }));
  byId("filters").addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  byId("filters").addEventListener("change", (event) => { if (event.target instanceof HTMLSelectElement) refresh(); });
  byId("more").addEventListener("click", () => void more());
  byId("close").addEventListener("click", () => byId<HTMLDialogElement>("sheet").close());
}
