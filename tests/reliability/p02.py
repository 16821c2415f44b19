"""P2: SIGKILL at any instant, at random moments and at every numbered crash point, readers looking on."""

import os
import subprocess
import sys

from rig import BUILD, ROOT, Figure, count, run_test


def measure():
    kills = count(50, 1_000)
    done = subprocess.run([sys.executable, ROOT / "tests/end_to_end/kill_test.py"], capture_output=True, text=True,
                          env={**os.environ, "PIXHAUL_KILLS": str(kills), "PYTHONDONTWRITEBYTECODE": "1"})
    seeds = count(500, 3_000)
    passed, said = run_test("tests/simulation/simulation_simulation_test", "--gtest_filter=*NoSeed*",
                            env={"PIXHAUL_SEEDS": str(seeds)})
    return Figure(f"{'0' if done.returncode == 0 else 'some'} violations in {kills:,} kills and at each crash point, "
                  f"{'0' if passed else 'some'} in {seeds:,} simulated lives", "0 in 1,000 kills",
                  done.returncode == 0 and passed, done.stderr + said)
