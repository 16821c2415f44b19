"""P10: any failure replays: a seed gives the same event log again and again."""

import re

from rig import BUILD, Figure, count, run_test


def measure():
    seeds, replays = count(1_000, 10_000), 100
    report = BUILD / "seeds.json"
    passed, said = run_test("tests/simulation/simulation_simulation_test", "--gtest_filter=*NoSeed*:*Replays*",
                            f"--gtest_output=json:{report}",
                            env={"PIXHAUL_SEEDS": str(seeds), "PIXHAUL_REPLAYS": str(replays)})
    speed = re.search(r'"seeds_per_second": "([\d.]+)"', report.read_text())
    rate = float(speed[1]) if speed else 0
    return Figure(f"{seeds:,} seeds {'hold' if passed else 'fail'}, {rate:.0f} a second and core, "
                  f"{replays if passed else '?'} of {replays} replays equal",
                  "10,000 seeds, 50 a second and core, 100 of 100 equal", passed and rate >= 50, said)
