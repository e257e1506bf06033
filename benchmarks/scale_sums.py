"""The arithmetic of docs/explanation/scale.md: from what was measured to 100 million files."""

from typing import NamedTuple

FILES = 100_000_000
DAYS = 7
CORES = 16  # of one machine
PRICES = {  # assumptions, in US dollars: put in your own
    "core": 0.045,  # one core for one hour
    "put": 5.00e-6,  # one PUT, or one LIST
    "get": 0.40e-6,  # one GET or HEAD
    "gigabyte": 0.0,  # traffic between bucket and machines of one region
}
PER_PREFIX = {"put": 3500, "get": 5500}  # requests a second of one prefix that S3 promises


class Calls(NamedTuple):
    """Calls that do nothing: how many a second, and the CPU seconds of one, here and there."""

    rate: float
    here: float
    there: float

    @property
    def most(self) -> float:
        """Calls a second of one core for the coordinator and one for the scheduler."""
        return 1 / max(self.here, self.there)


class Measured(NamedTuple):
    """What one run measured; times in seconds, sizes in bytes."""

    machine: str
    size: int
    files: int
    work: dict[str, tuple[float, float]]
    units: dict[str, Calls]
    coordinator: dict[str, tuple[float, float]]
    log: dict[int, float]
    listing: float
    keys: float
    requests: dict[str, float]
    sent: tuple[float, float]
    unit: int


def pages(one: Measured) -> str:
    """Return both tables and the sums, as they stand on the page."""
    return "\n\n".join((one.machine, _work(one), _ceilings(one), _sums(one), _limits(one)))


def _work(one: Measured) -> str:
    lines = [
        "### One and two workers",
        "",
        f"{one.files} JPEGs of 4 MP and {one.size / 1e6:.2f} MB each, medians of 3 rounds in turn.",
        "Every crew is warm before; CPU has all processes in it.",
        "",
        "| workers | CPU a file, ms | files/s | MB/s | of two, to one |",
        "|---|---|---|---|---|",
    ]
    before = 0.0
    for name, (cpu, rate) in one.work.items():
        second = f"x{rate / before:.2f}" if "2" in name else ""
        lines.append(
            f"| {name} | {cpu * 1e3:.1f} | {rate:.1f} | {rate * one.size / 1e6:.0f} | {second} |"
        )
        before = rate
    return "\n".join(lines)


def _ceilings(one: Measured) -> str:
    out, back = one.sent
    lines = ["### What one coordinator can do", "", "| | measured |", "|---|---|"]
    for name, (cpu, rate) in one.coordinator.items():
        lines.append(
            f"| its own work, workers that need no time, {name} "
            f"| {rate:,.0f} files/s ({cpu * 1e3:.3f} ms CPU a file) |"
        )
    for together, rate in one.log.items():
        kind = "one at a time" if together == 1 else f"{together} together"
        lines.append(f"| audit lines on disk, {kind} | {rate:,.0f} lines/s |")
    for name, calls in one.units.items():
        lines.append(
            f"| calls that do nothing, {name} | {calls.rate:,.0f} calls/s on this machine; "
            f"{calls.here * 1e3:.2f} ms CPU here, {calls.there * 1e3:.2f} ms in the scheduler |"
        )
    lines += [
        f"| listing a tree | {one.listing:,.0f} files/s |",
        f"| listing a bucket, our side | {1 / one.keys:,.0f} keys/s of CPU |",
        f"| to a worker and back | {out:,.0f} + {back:,.0f} bytes a file |",
    ]
    asked = ", ".join(f"{count:.2g} {name}" for name, count in one.requests.items())
    lines.append(f"| bucket to bucket | {asked} a file |")
    return "\n".join(lines)


def _sums(one: Measured) -> str:
    cpu = one.work["2 processes"][0]
    hours = FILES * cpu / 3600
    cores = hours / 24 / DAYS
    puts, gets = _asked(one)
    listed = FILES / 1000
    total = one.size * FILES / 1e12
    money = {
        f"{hours:,.0f} core hours x {PRICES['core']}": hours * PRICES["core"],
        f"{puts:.2g} PUT x {FILES:,} x {PRICES['put'] * 1e6:.2f} a million": puts
        * FILES
        * PRICES["put"],
        f"{gets:.2g} GET and HEAD x {FILES:,} x {PRICES['get'] * 1e6:.2f} a million": gets
        * FILES
        * PRICES["get"],
        f"{listed:,.0f} LIST x {PRICES['put'] * 1e6:.2f} a million": listed * PRICES["put"],
        f"{2 * total:,.0f} TB within one region x {PRICES['gigabyte']}": 0.0,
    }
    lines = [
        f"### {FILES:,} such files",
        "",
        (
            f"* Core hours = files x CPU a file / 3600 = {FILES:,} x {cpu * 1e3:.1f} ms / 3600 s "
            f"= **{hours:,.0f}**."
        ),
        (
            f"* Cores for {DAYS} days = {hours:,.0f} / 24 / {DAYS} = {cores:.1f}: "
            f"{-(-cores // CORES):.0f} machine(s) of {CORES} cores; for one day {cores * DAYS:.0f} "
            f"cores, {-(-cores * DAYS // CORES):.0f} machines."
        ),
        (
            f"* Traffic = files x size, in and out: {total:,.0f} TB each way; for {DAYS} days "
            f"{total * 1e12 / 86400 / DAYS / 1e6:,.0f} MB/s each way, for one day "
            f"{total * 1e12 / 86400 / 1e6:,.0f} MB/s."
        ),
        "",
        "| what | US dollars |",
        "|---|---|",
    ]
    lines += [f"| {name} | {cost:,.0f} |" for name, cost in money.items()]
    lines.append(f"| **sum** | **{sum(money.values()):,.0f}** |")
    return "\n".join(lines)


def _asked(one: Measured) -> tuple[float, float]:
    puts = sum(n for name, n in one.requests.items() if name.startswith(("put", "list")))
    return puts, sum(one.requests.values()) - puts


def _limits(one: Measured) -> str:
    """Say what comes to its limit first, and at how many cores."""
    cpu = one.work["2 processes"][0]
    puts, gets = _asked(one)
    rates = {
        "the coordinator, with log and journal": one.coordinator["audit log and journal"][1],
        "handing units to Dask": one.units["Dask, 128 slots"].most * one.unit,
        "handing units to Ray": one.units["Ray, a slot a core"].most * one.unit,
        "listing a tree": one.listing,
        "PUTs of one S3 prefix": PER_PREFIX["put"] / puts,
        "GETs of one S3 prefix": PER_PREFIX["get"] / gets,
        "a network of 10 Gbit/s at one machine": 1.25e9 / one.size,
    }
    lines = [
        "### What comes to its limit first",
        "",
        "Cores that it can keep busy = files a second x CPU a file. Handing units out: what one",
        "core for each side allows (1 / CPU of the busier side), x files in a unit.",
        "",
        f"| limit | files/s | cores busy | {FILES:,} files take at least |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {rate:,.0f} | {rate * cpu:,.0f} | {FILES / rate / 3600:,.1f} h |"
        for name, rate in sorted(rates.items(), key=lambda item: item[1])
    ]
    return "\n".join(lines)
