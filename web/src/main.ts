import { byId, say } from "./dom";
import * as gallery from "./gallery";
import * as run from "./run";
import * as speed from "./speed";
import type { About, News } from "./types";

function state(words: string, kind: string): void {
  say("state", words);
  byId("state").className = `pill ${kind}`;
}

function view(): void {
  const isGallery = location.hash === "#gallery";
  byId("run").hidden = isGallery;
  byId("gallery").hidden = !isGallery;
  for (const [id, on] of [["tab-run", !isGallery], ["tab-gallery", isGallery]] as const) {
    if (on) byId(id).setAttribute("aria-current", "page");
    else byId(id).removeAttribute("aria-current");
  }
  if (isGallery) gallery.refresh();
  else dispatchEvent(new Event("resize"));
}

function listen(): void {
  let finished = false;
  const events = new EventSource("/api/events");
  events.onmessage = (event) => {
    const news = JSON.parse(event.data as string) as News;
    finished = news.finished;
    state(finished ? "finished" : "running", finished ? "" : "live");
    run.show(news);
  };
  events.onerror = () => {
    if (finished) events.close();
    state(finished ? "finished" : "connection lost", finished ? "" : "lost");
  };
}

async function start(): Promise<void> {
  // The token is spent; it need not stay in the address, the history or a screenshot.
  history.replaceState(null, "", location.pathname + location.hash);
  const [about, course] = await Promise.all(["/api/about", "/api/history"].map(async (path) => (await fetch(path)).json()));
  say("folder", (about as About).folder);
  speed.start(course.points);
  gallery.start(about as About);
  addEventListener("hashchange", view);
  view();
  listen();
}

void start();
