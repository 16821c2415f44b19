"""What the scripts of this folder run in, and the two programs they run.

Importing this goes on in build/venv/img2dataset, which tools/install_packages conformance makes; without it the
script ends with 77.
"""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = pathlib.Path(os.environ.get("CONFORMANCE_VENV", ROOT / "build/venv/img2dataset"))
sys.path[:0] = [str(ROOT / "tests/end_to_end")]

if importlib.util.find_spec("img2dataset") is None:
    if not (VENV / "bin/python").exists() or pathlib.Path(sys.prefix).resolve() == VENV.resolve():
        print(f"no img2dataset in {VENV}: tools/install_packages conformance gets it")
        sys.exit(77)
    os.execv(VENV / "bin/python", [str(VENV / "bin/python"), *sys.argv])

import support  # noqa: E402  (found through the path above)


def run_ours(parameters, folder, **variables):
    """Runs `pixhaul img2dataset`; returns what went wrong, None if nothing did."""
    arguments = [f"--{name}={value}" for name, value in parameters.items()]
    inherited = support.clean_environment({"PIXHAUL_ALLOW_NET": "127.0.0.0/8", **variables})
    done = subprocess.run([support.PIXHAUL, "img2dataset", *arguments], cwd=folder, capture_output=True, text=True,
                          env=inherited, check=False)
    return None if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"


def run_theirs(runs, folder):
    """Runs img2dataset over each of the parameters; returns of each what was raised, or None."""
    file = pathlib.Path(folder) / "cases.json"
    file.write_text(json.dumps(runs))
    done = subprocess.run([sys.executable, HERE / "theirs.py", file], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"img2dataset itself failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]
