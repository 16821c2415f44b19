/** The shapes of /api; what a build or a finished folder does not know is absent. */
export interface Latency { count: number; p50_ms: number; p90_ms: number; p99_ms: number; max_ms: number }
export interface Host { origin: string; condition: string; reason: string; seconds_until_retry: number; in_flight: number; limit: number; first_byte_ms: number }
export interface StatusHosts { status: string; count: number; hosts: { host: string; count: number }[]; detail?: string }
export interface Stats {
  seconds: number; rows_total: number | null; rows_read: number; rows_done: number; rows_resumed: number;
  bytes_body: number; in_flight: number; concurrency_limit: number; limited_by: string;
  memory_bytes: number; memory_bodies: number; memory_decode: number; memory_shards: number; memory_tables: number; memory_limit: number;
  by_status: Record<string, number>;
  states?: Record<string, number>;
  latency?: Record<string, Latency>;
  hosts?: Host[];
  status_hosts?: StatusHosts[];
  shards_open?: number; shards_written?: number;
  [name: string]: unknown;
}
export interface News { stats: Stats; notices: string[]; finished: boolean }
export interface About { version: string; folder: string; statuses: { name: string; meaning: string }[] }
export interface Row {
  place: string; has_image: boolean; caption: string; key: string; url: string; input: string; line: number; path: string; status: string; meaning: string;
  detail: string; transient: boolean; http_status: number; attempts: number; redirects: number; reused: boolean; bytes: number;
  final_url: string; digest: string; address: string; tls_version: string; http_version: string; media_type: string;
  width: number; height: number; original_width: number; original_height: number; retrieved_at: string;
  dns_ms: number | null; connect_ms: number | null; tls_ms: number | null; first_byte_ms: number | null; total_ms: number | null;
}
