"""A real server on a free port, and clients that ask it at the same time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import numpy as np

from quantal.app import ServerSettings, create_app
from quantal.app.running import address_of, bind, serve

MOST_TRIES = 1000


@contextmanager
def running(model, *, data=None, **settings):
    """Serve a model by uvicorn in a thread of this process; give the server's address."""
    chosen = ServerSettings(port=0, **settings)
    ready, stop = threading.Event(), threading.Event()
    taken = bind(chosen)
    app = create_app(model, data=data, settings=chosen)
    thread = threading.Thread(target=serve, args=(app, taken, ready.set, stop))
    thread.start()
    try:
        assert ready.wait(30)
        yield address_of(taken)
    finally:
        stop.set()
        thread.join()


@dataclass
class Tally:
    """What clients met.

    Attributes:
        seconds: How long each answered request took, its repetitions included.
        statuses: How often each status came.
        wrong: Answers that were not the expected ones.
    """

    seconds: list = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)


def ask_together(address, questions, *, n_clients, seconds):
    """Let clients ask for a while; one that is told to come again does so.

    Args:
        address: of the server.
        questions: (path, headers, body, expected answer) of each question; all clients ask all.
        n_clients: threads, and connections.
        seconds: for how long new requests are begun; every client makes one at least.
    """
    tally, lock, asked = Tally(), threading.Lock(), set()
    end = time.monotonic() + seconds

    def ask(number):
        rng = np.random.default_rng(number)
        while time.monotonic() < end or number not in asked:
            asked.add(number)
            path, headers, body, expected = questions[rng.integers(len(questions))]
            began = time.monotonic()
            try:
                for _ in range(MOST_TRIES):
                    answer = client.post(path, headers=headers, content=body)
                    with lock:
                        tally.statuses[answer.status_code] += 1
                    if answer.status_code != 429:
                        break
                    assert int(answer.headers["retry-after"]) >= 1
                    time.sleep(0.05 * rng.random())  # sooner than asked, so that the queue is full
                fault = answer.status_code != 200 or answer.content != expected
                came = (answer.status_code, answer.content[:200])
            except (httpx.HTTPError, AssertionError) as error:
                fault, came = True, repr(error)
            with lock:
                tally.seconds.append(time.monotonic() - began)
                if fault:
                    tally.wrong.append((path, came))

    limits = httpx.Limits(max_connections=n_clients, max_keepalive_connections=n_clients)
    with httpx.Client(base_url=address, timeout=300, trust_env=False, limits=limits) as client:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(n_clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return tally


def questions_about(served, index, bodies):
    """Return questions in every form with the bytes that the library's own answers are.

    Args:
        served: a `ServedModel`.
        index: a row index of it.
        bodies: content type -> function that writes rows.
    """
    from served import rows

    from quantal.app.media_types import FORMS

    found = []
    rng = np.random.default_rng(1)
    for n_rows in (1, 3, 40, 300):
        x = rows(300)[rng.permutation(300)[:n_rows]]
        known = index.search(x, 5)
        first = served.encode(x) if served.makes_codes else served.predict(x, 2)
        path = "/v1/encode" if served.makes_codes else "/v1/predict?top=2"
        for form in FORMS:
            headers = {"Content-Type": form, "Accept": form}
            body = bodies[form](x)
            found.append((path, headers, body, first.response(form).body))
            found.append(("/v1/search?k=5", headers, body, known.response(form).body))
    return found
