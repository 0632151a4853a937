"""`ploked status`: what the daemon says of itself, for people or as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from ploked_protocol import control

from ..lifecycle.find import CannotStartError, ask, greet, home
from ..lifecycle.place import Place, UnusablePlaceError
from . import left_behind

PATIENCE_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--json", action="store_true", help="print everything, as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the status; returns 0, or 1 where no daemon runs or it does not answer."""
    place = Place.of(os.environ, home())
    if place.remark:
        sys.stderr.write(f"ploked: {place.remark}\n")
    try:
        status = running(place)
    except (CannotStartError, UnusablePlaceError) as error:
        sys.stderr.write(f"ploked: {error}\n")
        return 1
    if options.json:
        print(json.dumps(status or {"running": False, "socket": place.socket, "log": place.log}, indent=1))
    elif status is None:
        print(f"No daemon runs at {place.socket}; `ploked connect` starts one.")
        print("".join(f"{line}\n" for line in left_behind.said(place, now=False, apart_from=None)), end="")
    else:
        print("\n".join(_lines(status)))
    return 0 if status else 1


def running(place: Place) -> dict[str, Any] | None:
    """Return what the daemon says of itself; None where none runs. Raises CannotStartError, UnusablePlaceError."""
    found = greet(place, patience_s=PATIENCE_S)
    if found is None:
        return None
    with found.connection:
        status = ask(found.connection, control.STATUS, {}, patience_s=PATIENCE_S)
    return None if status is None else {"running": True, **status}


def _lines(status: dict[str, Any]) -> list[str]:
    lines = [
        f"ploked {status['version']}, protocol {status['protocol']}, process {status['pid']}, "
        f"up {_duration(status['uptimeS'])}, {status['memoryMb']:.0f} MB",
        f"  socket    {status['socket']}",
        *(f"  tcp       {tcp['address']}, its token is in {tcp['tokenFile']}" for tcp in [status["tcp"]] if tcp),
        f"  log       {status['log']}",
        *(f"  trouble   {text}" for text in status["troubles"]),
        f"  leaves    {_leaves(status)}",
    ]
    lines += [f"  started   with {name}={value}" for name, value in status["environment"].items() if value != "***"]
    lines += map(_catalog, status["catalogs"])
    lines += map(_key, status["keys"])
    lines += [
        f"  refresh   {one['kind']}: {one['outcome']} {_duration(one['agoS'])} ago"
        f"{': ' + one['message'] if one['message'] else ''}"
        for one in status["refreshed"]
    ]
    if config := status["config"]:
        lines.append(f"  config    {config['path']}: {config['state']}, {len(config['problems'])} problems")
    lines += [
        f"  session   {one['number']}: {one['client'] or 'unnamed'}, {one['documents']} documents, "
        f"{one['inFlight']} requests wait"
        for one in status["sessions"]
    ]
    lines += [
        f"  sweep     {one['sweepId']}: {one['state']}, {one['done']} of {one['total']}"
        f"{_by(status['sweepsElsewhere'].get(one['sweepId']))}"
        for one in status["sweeps"]
    ]
    lines += [
        f"  {timing['count']:>7} x {name}: p50 {timing['p50Ms']} ms, p99 {timing['p99Ms']} ms"
        for name, timing in status["methods"].items()
    ]
    return lines


def _by(pid: int | None) -> str:
    return "" if pid is None else f", by process {pid}"


def _catalog(catalog: dict[str, Any]) -> str:
    fresh = catalog["freshness"]
    age = "of unknown age" if fresh["ageS"] is None else f"{_duration(fresh['ageS'])} old"
    return (
        f"  catalog   {catalog['models']} models, {catalog['endpoints']} endpoints, {catalog['providers']} providers "
        f"from {fresh['source']}, {age}{', stale' if fresh['stale'] else ''}"
    )


def _key(key: dict[str, Any]) -> str:
    where = f"in the {key['source']}" if key["source"] else "none"
    return f"  key       {key['vendor']}: {where}{'. ' + key['problem'] if key['problem'] else ''}"


def _leaves(status: dict[str, Any]) -> str:
    if status["leaving"]:
        own_sweeps = status["runningSweeps"] - len(status["sweepsElsewhere"])
        return f"now ({status['leaving']}), as soon as {own_sweeps} sweeps have ended"
    left_s = status["idleExitInS"]
    return "not while it is used" if left_s is None else f"in {_duration(left_s)} if nobody comes"


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
