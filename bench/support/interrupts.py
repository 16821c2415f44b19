"""Makes SIGTERM and SIGHUP unwind the stack like Ctrl-C, so that `with` blocks stop what they started."""

import signal
import sys
from types import FrameType


def unwind_on_signals() -> None:
    """Turns SIGTERM and SIGHUP into SystemExit; call once, from the main thread."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, leave)
