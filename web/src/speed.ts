// Rates over time from cumulative points; the server thins them, so the whole run is always there.
import uPlot from "uplot";
import { byId } from "./dom";

type Point = [seconds: number, rows: number, images: number, bytes: number, inFlight: number];

const WINDOW_SECONDS = 3;
const points: Point[] = [];
let chart: uPlot | undefined;

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function columns(): uPlot.AlignedData {
  const at: number[] = [], images: number[] = [], megabytes: number[] = [];
  let from = 0;
  points.forEach((point, index) => {
    while (from < index - 1 && point[0] - points[from]![0] > WINDOW_SECONDS) from++;
    const before = points[from]!;
    const seconds = point[0] - before[0];
    if (seconds <= 0) return;
    at.push(point[0]);
    images.push((point[2] - before[2]) / seconds);
    megabytes.push((point[3] - before[3]) / seconds / 1e6);
  });
  return [at, images, megabytes];
}

function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

function build(): void {
  chart?.destroy();
  const holder = byId("speed");
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const range = (_: uPlot, _low: number, high: number): [number, number] => [0, Math.max(high * 1.12, 0.1)];
  const line = (scale: string, name: string, fill?: string): uPlot.Series => ({ scale, stroke: colour(name), width: 2, points: { show: false }, ...(fill ? { fill } : {}) });
  chart = new uPlot({
    width: holder.clientWidth, height: 190, padding: [8, 0, 0, 0], legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false }, images: { range }, bytes: { range } },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 30, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400], values: (_, splits) => splits.map(clock) },
      { ...axis, scale: "images", size: 52 },
      { ...axis, scale: "bytes", side: 1, grid: { show: false }, size: 52 },
    ],
    series: [{}, line("images", "--accent", colour("--accent-soft") + "88"), line("bytes", "--second")],
  }, columns(), holder);
}

export function start(history: Point[]): void {
  points.splice(0, points.length, ...history);
  build();
  addEventListener("resize", () => { if (byId("speed").clientWidth > 0) chart?.setSize({ width: byId("speed").clientWidth, height: 190 }); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
}

export function add(point: Point): void {
  const last = points.at(-1);
  if (last && point[0] <= last[0]) return;
  points.push(point);
  if (points.length > 2400) points.splice(0, points.length, ...points.filter((_, index) => index % 2 === 0));
  chart?.setData(columns());
}

/** Images and bytes a second over the last seconds. */
export function now(): { images: number; rows: number; bytes: number } {
  const last = points.at(-1);
  if (!last) return { images: 0, rows: 0, bytes: 0 };
  const first = points.find((point) => last[0] - point[0] <= 10) ?? last;
  const seconds = last[0] - first[0];
  if (seconds <= 0) return { images: 0, rows: 0, bytes: 0 };
  return { rows: (last[1] - first[1]) / seconds, images: (last[2] - first[2]) / seconds, bytes: (last[3] - first[3]) / seconds };
}
