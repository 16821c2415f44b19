# Made by tools/python_stubs.py from the option table.
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from datetime import timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Protocol

from ._core import Outcome as Outcome
from ._errors import BusyError as BusyError
from ._errors import FolderError as FolderError
from ._errors import InputError as InputError
from ._errors import OptionError as OptionError
from ._errors import OutputError as OutputError
from ._errors import PixhaulError as PixhaulError

__version__: str

class _Table(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Urls = str | PathLike[str] | Sequence[PathLike[str]] | Iterable[str | None] | _Table

class Summary:
    rows: int
    images: int
    image_bytes: int
    failed: int
    refused: int
    seconds: float
    statuses: dict[str, int]
    stopped: str
    network_down: bool
    failures: list[dict[str, Any]]
    output_folder: str
    shards: str
    failed_list: str
    failed_table: str
    diagnosis: list[str]
    estimated_rows: int | None
    estimated_seconds: float | None
    estimated_bytes: int | None
    stats: dict[str, Any]

class Fetched:
    url: str
    @property
    def status(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def body(self) -> bytes: ...
    @property
    def outcome(self) -> Outcome: ...
    def done(self) -> bool: ...
    def __await__(self) -> Generator[Any, None, Fetched]: ...

class Sample:
    url: str
    status: str
    image: Any
    @property
    def ok(self) -> bool: ...
    @property
    def index(self) -> int: ...
    @property
    def caption(self) -> str | None: ...
    @property
    def metadata(self) -> dict[str, Any]: ...
    @property
    def outcome(self) -> Outcome: ...

class Stream(Iterator[Sample], AsyncIterator[Sample]):
    def __next__(self) -> Sample: ...
    async def __anext__(self) -> Sample: ...
    def stats(self) -> dict[str, Any]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Stream: ...
    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None: ...

def explain(status: str) -> str: ...
def row_statuses() -> list[str]: ...
def download(
    urls: _Urls,
    *,
    on_progress: Callable[[dict[str, Any]], object] | None = None,
    input_format: Literal["auto", "txt", "csv", "tsv", "json", "jsonl", "parquet"] = "auto",
    url_col: str = "url",
    caption_col: str | None = None,
    bbox_col: str | None = None,
    verify_hash: str | None = None,
    save_additional_columns: Sequence[str] | str = (),
    shards_per_file: bool = False,
    worker_index: int = 0,
    worker_count: int = 1,
    output_folder: str = "images",
    output_format: Literal["files", "webdataset", "parquet", "tfrecord", "dummy"] = "files",
    layout: Literal["pixhaul", "img2dataset"] = "pixhaul",
    file_names: Literal["name", "key"] = "name",
    number_sample_per_shard: int = 10000,
    oom_shard_count: int = 5,
    compute_hash: Literal["sha256", "sha512", "md5", "none"] = "sha256",
    retry_failed: str | None = None,
    max_open_shards: int = 64,
    metadata: Literal["auto", "parquet", "jsonl", "none"] = "auto",
    extract_exif: bool = False,
    sizes: bool = False,
    incremental_mode: Literal["incremental", "overwrite", "extend"] = "incremental",
    resize_mode: Literal["no", "keep_ratio", "keep_ratio_largest", "center_crop", "border"] = "no",
    image_size: int = 256,
    resize_only_if_bigger: bool = False,
    upscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "lanczos",
    downscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "area",
    encode_format: Literal["jpg", "png", "webp"] | None = None,
    encode_quality: int | None = None,
    skip_reencode: bool = False,
    disable_all_reencoding: bool = False,
    color: Literal["rgb", "keep"] = "rgb",
    exif_orientation: Literal["apply", "ignore"] = "apply",
    min_image_size: int = 0,
    max_image_area: int | None = None,
    max_aspect_ratio: float | None = None,
    validate: Literal["structure", "decode", "none"] = "structure",
    max_body_bytes: int | str = 33554432,
    max_pixels: int = 50000000,
    sandbox: Literal["auto", "on", "off"] = "auto",
    concurrency: int | None = None,
    host_concurrency: int | None = None,
    address_concurrency: int = 64,
    loop_threads: int | None = None,
    memory: int | str | None = None,
    connection: Literal["reuse", "fresh"] = "reuse",
    body: Literal["buffer", "stream"] = "buffer",
    http_version: Literal["auto", "1.1", "2"] = "auto",
    deadline: float | str | timedelta = 30,
    connect_timeout: float | str | timedelta = 5,
    tls_timeout: float | str | timedelta = 5,
    first_byte_timeout: float | str | timedelta = 10,
    min_speed: int | str = 1024,
    retries: int = 2,
    max_redirects: int = 10,
    proxy: str | None = None,
    proxy_dns: Literal["local", "remote"] = "local",
    dns_servers: Sequence[str] | str = (),
    allow_net: Sequence[str] | str = (),
    ca_file: str | None = None,
    insecure: bool = False,
    header: Sequence[str] | str = (),
    referer: str | None = None,
    accept: str = "image/*,*/*;q=0.8",
    user_agent: str | None = None,
    contact: str | None = None,
    user_agent_token: str | None = None,
    disallowed_header_directives: Sequence[str] | str = ("noai", "noimageai", "noindex", "noimageindex"),
    robots_txt: Literal["off", "obey"] = "off",
    host_interval: float | str | timedelta | None = None,
    limit_rate: int | str | None = None,
    max_rows: int | None = None,
    max_errors: int | None = None,
    max_bytes: int | str | None = None,
    max_duration: float | str | timedelta | None = None,
    fail_ratio: float = 0,
    progress: Literal["auto", "bar", "plain", "json", "none"] = "auto",
    events: str | None = None,
    metrics_file: str | None = None,
    log_level: Literal["error", "warning", "info"] = "warning",
) -> Summary: ...
def stream(
    urls: _Urls,
    *,
    ordered: bool = False,
    form: Literal["numpy", "torch", "bytes"] = "numpy",
    input_format: Literal["auto", "txt", "csv", "tsv", "json", "jsonl", "parquet"] = "auto",
    url_col: str = "url",
    caption_col: str | None = None,
    bbox_col: str | None = None,
    verify_hash: str | None = None,
    save_additional_columns: Sequence[str] | str = (),
    shards_per_file: bool = False,
    worker_index: int = 0,
    worker_count: int = 1,
    layout: Literal["pixhaul", "img2dataset"] = "pixhaul",
    oom_shard_count: int = 5,
    compute_hash: Literal["sha256", "sha512", "md5", "none"] = "sha256",
    extract_exif: bool = False,
    resize_mode: Literal["no", "keep_ratio", "keep_ratio_largest", "center_crop", "border"] = "no",
    image_size: int = 256,
    resize_only_if_bigger: bool = False,
    upscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "lanczos",
    downscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "area",
    encode_format: Literal["jpg", "png", "webp"] | None = None,
    encode_quality: int | None = None,
    skip_reencode: bool = False,
    disable_all_reencoding: bool = False,
    color: Literal["rgb", "keep"] = "rgb",
    exif_orientation: Literal["apply", "ignore"] = "apply",
    min_image_size: int = 0,
    max_image_area: int | None = None,
    max_aspect_ratio: float | None = None,
    validate: Literal["structure", "decode", "none"] = "structure",
    max_body_bytes: int | str = 33554432,
    max_pixels: int = 50000000,
    sandbox: Literal["auto", "on", "off"] = "auto",
    concurrency: int | None = None,
    host_concurrency: int | None = None,
    address_concurrency: int = 64,
    loop_threads: int | None = None,
    memory: int | str | None = None,
    connection: Literal["reuse", "fresh"] = "reuse",
    http_version: Literal["auto", "1.1", "2"] = "auto",
    deadline: float | str | timedelta = 30,
    connect_timeout: float | str | timedelta = 5,
    tls_timeout: float | str | timedelta = 5,
    first_byte_timeout: float | str | timedelta = 10,
    min_speed: int | str = 1024,
    retries: int = 2,
    max_redirects: int = 10,
    proxy: str | None = None,
    proxy_dns: Literal["local", "remote"] = "local",
    dns_servers: Sequence[str] | str = (),
    allow_net: Sequence[str] | str = (),
    ca_file: str | None = None,
    insecure: bool = False,
    header: Sequence[str] | str = (),
    referer: str | None = None,
    accept: str = "image/*,*/*;q=0.8",
    user_agent: str | None = None,
    contact: str | None = None,
    user_agent_token: str | None = None,
    disallowed_header_directives: Sequence[str] | str = ("noai", "noimageai", "noindex", "noimageindex"),
    robots_txt: Literal["off", "obey"] = "off",
    host_interval: float | str | timedelta | None = None,
    limit_rate: int | str | None = None,
    max_rows: int | None = None,
) -> Stream: ...
def fetch(
    url: str,
    *,
    shards_per_file: bool = False,
    layout: Literal["pixhaul", "img2dataset"] = "pixhaul",
    oom_shard_count: int = 5,
    compute_hash: Literal["sha256", "sha512", "md5", "none"] = "sha256",
    extract_exif: bool = False,
    resize_mode: Literal["no", "keep_ratio", "keep_ratio_largest", "center_crop", "border"] = "no",
    image_size: int = 256,
    resize_only_if_bigger: bool = False,
    upscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "lanczos",
    downscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "area",
    encode_format: Literal["jpg", "png", "webp"] | None = None,
    encode_quality: int | None = None,
    skip_reencode: bool = False,
    disable_all_reencoding: bool = False,
    color: Literal["rgb", "keep"] = "rgb",
    exif_orientation: Literal["apply", "ignore"] = "apply",
    min_image_size: int = 0,
    max_image_area: int | None = None,
    max_aspect_ratio: float | None = None,
    validate: Literal["structure", "decode", "none"] = "structure",
    max_body_bytes: int | str = 33554432,
    max_pixels: int = 50000000,
    sandbox: Literal["auto", "on", "off"] = "auto",
    concurrency: int | None = None,
    host_concurrency: int | None = None,
    address_concurrency: int = 64,
    loop_threads: int | None = None,
    memory: int | str | None = None,
    connection: Literal["reuse", "fresh"] = "reuse",
    http_version: Literal["auto", "1.1", "2"] = "auto",
    deadline: float | str | timedelta = 30,
    connect_timeout: float | str | timedelta = 5,
    tls_timeout: float | str | timedelta = 5,
    first_byte_timeout: float | str | timedelta = 10,
    min_speed: int | str = 1024,
    retries: int = 2,
    max_redirects: int = 10,
    proxy: str | None = None,
    proxy_dns: Literal["local", "remote"] = "local",
    dns_servers: Sequence[str] | str = (),
    allow_net: Sequence[str] | str = (),
    ca_file: str | None = None,
    insecure: bool = False,
    header: Sequence[str] | str = (),
    referer: str | None = None,
    accept: str = "image/*,*/*;q=0.8",
    user_agent: str | None = None,
    contact: str | None = None,
    user_agent_token: str | None = None,
    disallowed_header_directives: Sequence[str] | str = ("noai", "noimageai", "noindex", "noimageindex"),
    robots_txt: Literal["off", "obey"] = "off",
    host_interval: float | str | timedelta | None = None,
    limit_rate: int | str | None = None,
) -> Fetched: ...

class Session:
    def __init__(
        self,
        *,
        shards_per_file: bool = False,
        layout: Literal["pixhaul", "img2dataset"] = "pixhaul",
        oom_shard_count: int = 5,
        compute_hash: Literal["sha256", "sha512", "md5", "none"] = "sha256",
        extract_exif: bool = False,
        resize_mode: Literal["no", "keep_ratio", "keep_ratio_largest", "center_crop", "border"] = "no",
        image_size: int = 256,
        resize_only_if_bigger: bool = False,
        upscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "lanczos",
        downscale_interpolation: Literal["nearest", "linear", "cubic", "area", "lanczos"] = "area",
        encode_format: Literal["jpg", "png", "webp"] | None = None,
        encode_quality: int | None = None,
        skip_reencode: bool = False,
        disable_all_reencoding: bool = False,
        color: Literal["rgb", "keep"] = "rgb",
        exif_orientation: Literal["apply", "ignore"] = "apply",
        min_image_size: int = 0,
        max_image_area: int | None = None,
        max_aspect_ratio: float | None = None,
        validate: Literal["structure", "decode", "none"] = "structure",
        max_body_bytes: int | str = 33554432,
        max_pixels: int = 50000000,
        sandbox: Literal["auto", "on", "off"] = "auto",
        concurrency: int | None = None,
        host_concurrency: int | None = None,
        address_concurrency: int = 64,
        loop_threads: int | None = None,
        memory: int | str | None = None,
        connection: Literal["reuse", "fresh"] = "reuse",
        http_version: Literal["auto", "1.1", "2"] = "auto",
        deadline: float | str | timedelta = 30,
        connect_timeout: float | str | timedelta = 5,
        tls_timeout: float | str | timedelta = 5,
        first_byte_timeout: float | str | timedelta = 10,
        min_speed: int | str = 1024,
        retries: int = 2,
        max_redirects: int = 10,
        proxy: str | None = None,
        proxy_dns: Literal["local", "remote"] = "local",
        dns_servers: Sequence[str] | str = (),
        allow_net: Sequence[str] | str = (),
        ca_file: str | None = None,
        insecure: bool = False,
        header: Sequence[str] | str = (),
        referer: str | None = None,
        accept: str = "image/*,*/*;q=0.8",
        user_agent: str | None = None,
        contact: str | None = None,
        user_agent_token: str | None = None,
        disallowed_header_directives: Sequence[str] | str = ("noai", "noimageai", "noindex", "noimageindex"),
        robots_txt: Literal["off", "obey"] = "off",
        host_interval: float | str | timedelta | None = None,
        limit_rate: int | str | None = None,
    ) -> None: ...
    def fetch(self, url: str) -> Fetched: ...
    def fetch_all(self, urls: Iterable[str]) -> list[Fetched]: ...
    def stats(self) -> dict[str, Any]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Session: ...
    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None: ...
