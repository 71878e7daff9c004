"""Measure the live page: images per second, and the delay between a slider and its image.

python -m benchmarks.explore                   the toybox, and BigGAN-deep-128 with random weights
python -m benchmarks.explore --models toybox --seconds 20

The script sends the page's requests to a real server on localhost: sixty per second while a slider moves,
without waiting for earlier answers; the server drops stale requests. Then the slider rests, and the delay
ends when the image of its last position arrives. If all samples take too long, only one is requested while
the slider moves, as the page does.
"""

import argparse
import asyncio
import http.client
import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from benchmarks.support.measure import write
from benchmarks.support.stock import stock_and_frozen
from biggan_directions import Directions, load_generator
from biggan_directions.explore import Session
from biggan_directions.explore.server import listen, make_server
from biggan_directions.generators import Generator
from biggan_directions.generators.weights.catalog import find_model

TOKEN = "of-this-benchmark"
FRAME = 1 / 60  # seconds between two requests: a browser's frame
SLOW = 0.12  # seconds for all samples, above which the page asks for only one: SLOW of page.js
DRAGS = 8  # movements of the slider, each followed by a rest


def main() -> None:
    """Measure, print a line for each model and number of samples, and write the results."""
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    results = {}
    for model in options.models:
        generator = load_generator("toybox", "car") if model == "toybox" else stock_and_frozen(128)[1]
        with serving(generator) as port:
            for samples in options.samples:
                found = measure(port, generator, samples, seconds=options.seconds)
                results[f"{model}, {samples} samples"] = found
                last = found["last_seconds"]
                print(
                    f"{model}, {samples} samples ({found['samples_while_moving']} while moving): "
                    f"{found['updates_a_second']:.1f} updates and "
                    f"{found['pictures_a_second']:.1f} images per second; {found['dropped']} of "
                    f"{found['asked']} requests dropped; the last position after "
                    f"{last['median']:.3f} s (at most {last['most']:.3f} s)",
                    flush=True,
                )
    print(f"written to {write('explore', {'results': results}, torch.device('cpu'))}")


def measure(port: int, generator: Generator, samples: int, *, seconds: float) -> dict[str, Any]:
    """Drag a slider for ``seconds`` in total, and count the answers."""
    asked = {
        "class": generator.classes[0].name,
        "truncation": generator.truncation,
        "client": f"{samples} samples",
    }
    every = list(range(samples))
    still = [ask(port, {**asked, "samples": every, "moves": {}}) for _ in range(3)]
    moving = every if min(answer["seconds"] for answer in still if answer) <= SLOW else [0]
    return asyncio.run(_drag(port, {**asked, "samples": moving}, seconds=seconds / DRAGS))


async def _drag(port: int, asked: dict[str, Any], *, seconds: float) -> dict[str, Any]:
    number, dropped, answered = 0, 0, 0
    lasts, moved = [], 0.0

    async def one(number: int, distance: float) -> None:
        nonlocal dropped, answered
        body = {**asked, "moves": {"0": distance}, "number": number}
        if await asyncio.to_thread(ask, port, body) is None:
            dropped += 1
        else:
            answered += 1

    for _ in range(DRAGS):
        tasks: list[asyncio.Task[None]] = []
        begun = last = time.perf_counter()
        while (passed := time.perf_counter() - begun) < seconds:
            number, last = number + 1, time.perf_counter()
            tasks.append(asyncio.create_task(one(number, 4 * passed / seconds - 2)))
            await asyncio.sleep(FRAME)
        await tasks[-1]
        lasts.append(time.perf_counter() - last)
        await asyncio.gather(*tasks)
        moved += time.perf_counter() - begun
    return {
        "updates_a_second": answered / moved,
        "pictures_a_second": answered * len(asked["samples"]) / moved,
        "samples_while_moving": len(asked["samples"]),
        "asked": number,
        "dropped": dropped,
        "last_seconds": {"median": statistics.median(lasts), "most": max(lasts)},
    }


_connections = threading.local()


def ask(port: int, body: dict[str, Any]) -> dict[str, Any] | None:
    """The server's answer, None if it dropped the request. Connections are kept, as in a browser."""
    if not hasattr(_connections, "kept"):
        _connections.kept = http.client.HTTPConnection("127.0.0.1")
    connection = _connections.kept
    if connection.port != port or time.monotonic() > getattr(_connections, "until", 0):
        connection.close()
        connection.port = port
    connection.request("POST", "/api/images", json.dumps(body), {"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    content = answer.read()
    _connections.until = time.monotonic() + 3  # before the server closes it
    if answer.status == 204:
        return None
    found: dict[str, Any] = json.loads(content)
    if answer.status != 200:
        raise RuntimeError(found["error"])
    return found


@contextmanager
def serving(generator: Generator) -> Iterator[int]:
    """Serve the live page of two directions; gives the port."""
    unknown = torch.full((2,), float("nan"))
    found = Directions(
        directions=torch.eye(generator.z_dim)[:2], names=("", ""), effect=unknown, penalty=unknown
    )
    table = find_model("toybox" if generator.z_dim == 32 else "biggan-deep-128").classes
    session = Session(found, lambda *_: generator, path="none", first=generator, table=table)
    with listen("127.0.0.1", 0) as listening:
        port: int = listening.getsockname()[1]
        server = make_server(session, host="127.0.0.1", token=TOKEN)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    models = ["toybox", "biggan-deep-128"]
    parser.add_argument("--models", nargs="+", default=models, choices=models)
    parser.add_argument("--samples", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--seconds", type=float, default=8.0, help="total time of dragging")
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    return parser.parse_args()


if __name__ == "__main__":
    main()
