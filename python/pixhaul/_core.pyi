"""pixhaul's engine; use the names of `pixhaul` itself."""

from collections.abc import Mapping, Sequence


def row_statuses() -> list[str]:
    """Every status a row can end in."""

def explain(status: str) -> str:
    """What a status means and what to do about it."""

class Img2datasetResizer:
    """Makes samples of bodies."""

    def __call__(self, body: bytes, boxes: Sequence[Sequence[float]]) -> object: ...

def img2dataset_resizer(parameters: Img2datasetParameters) -> Img2datasetResizer: ...

def blur_boxes(pixels: bytes, width: int, height: int, boxes: Sequence[Sequence[float]]) -> bytes:
    """Height x width x channels, blurred inside the boxes."""

def exif_json(body: bytes) -> str:
    """A picture's tags as the column `exif` has them."""

def is_disallowed(tags: Sequence[str], token: str, directives: Sequence[str]) -> bool: ...

def tfrecord_frame(example: bytes) -> bytes:
    """A record of a TFRecord file."""

def img2dataset_words(outcome: Outcome) -> tuple[str, str]:
    """A row's status and error message in img2dataset's words."""

class Img2datasetLists:
    """Lists cut into shards."""

    def names(self) -> list[str]: ...

    def next(self) -> object: ...

def img2dataset_lists(parameters: Img2datasetParameters) -> Img2datasetLists: ...

class Img2datasetParameters:
    """img2dataset's parameters; values go in and out as Python literals."""

    def __init__(self) -> None: ...

    def set(self, name: str, text: str) -> None: ...

    def text(self, name: str) -> str: ...

    def options(self, environment: Mapping[str, str]) -> Options:
        """What a run with them is; PIXHAUL_* variables are heard."""

def img2dataset_table() -> list:
    """Each parameter's name, type, help and default."""

def img2dataset_arguments(arguments: Sequence[str]) -> tuple[Img2datasetParameters, bool]:
    """A command line's parameters, and whether it asks for help."""

class Options:
    """Every option of a run; values go in and out as text."""

    def __init__(self) -> None: ...

    def set(self, name: str, text: str) -> None: ...

    def text(self, name: str) -> str: ...

    def add_list(self, list: str) -> None:
        """Adds a list file, or a URL itself."""

    def check(self, given: Sequence[str]) -> None:
        """Refuses combinations in which a given option would have no effect."""

def option_table() -> list:
    """Each option's name, group, value, help, repeats and default."""

class Outcome:
    """What became of one URL."""

    @property
    def status(self) -> str: ...

    @property
    def ok(self) -> bool: ...

    @property
    def transient(self) -> bool:
        """A later try may succeed."""

    @property
    def reused(self) -> bool:
        """Came over a connection kept from before."""

    @property
    def http_status(self) -> int: ...

    @property
    def attempts(self) -> int: ...

    @property
    def redirects(self) -> int: ...

    @property
    def bytes(self) -> int:
        """Of the body, after content decoding."""

    @property
    def detail(self) -> str:
        """What went wrong, in words."""

    @property
    def final_url(self) -> str:
        """After redirects; '' when it is the URL itself."""

    @property
    def digest(self) -> str:
        """Of the body, as compute_hash says."""

    @property
    def etag(self) -> str: ...

    @property
    def last_modified(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def tls_version(self) -> str: ...

    @property
    def http_version(self) -> str: ...

    @property
    def media_type(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def original_width(self) -> int: ...

    @property
    def original_height(self) -> int: ...

    @property
    def exif(self) -> str:
        """The tags as a JSON object; '' when not extracted."""

    @property
    def times_ms(self) -> dict: ...

    @property
    def retrieved_at(self) -> float: ...

    def __repr__(self) -> str: ...

def download(options: Options, urls: object | None, at_once: int, table: object | None, input_name: str, on_progress: object | None, on_notice: object | None) -> dict:
    """Runs to the end of the rows; see pixhaul.download."""

def plan(options: Options) -> dict:
    """Reads the lists only."""

class Session:
    """Keeps connections between calls. Any thread."""

    def __init__(self, options: Options) -> None: ...

    def fetch_all(self, urls: Sequence[str]) -> list:
        """(outcome, body) of each, in order."""

    def stats(self) -> dict: ...

class Pixels:
    """
    Pixels by the buffer protocol: height × width × channels, or height × width.
    """

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def channels(self) -> int: ...

class Sample:
    """A row with what became of it."""

    @property
    def index(self) -> int: ...

    @property
    def url(self) -> str: ...

    @property
    def input(self) -> str: ...

    @property
    def line(self) -> int: ...

    @property
    def status(self) -> str: ...

    @property
    def outcome(self) -> Outcome: ...

    @property
    def caption(self) -> str | None: ...

    @property
    def columns(self) -> str:
        """A JSON object; '' without a table."""

    def take_pixels(self) -> object:
        """Once; None without."""

    def encoded(self) -> object: ...

class Stream:
    """See pixhaul.stream."""

    def __init__(self, options: Options, urls: object | None, at_once: int, table: object | None, input_name: str, ordered: bool, encoded: bool) -> None: ...

    def take(self, most: int, seconds: float) -> object: ...

    def stop(self) -> None: ...

    def stats(self) -> dict: ...
