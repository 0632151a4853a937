"""Running the handlers that pygls knows, as coroutines that can be cancelled.

pygls' own runner leaks one future per notification, goes on after a cancel, and answers from other threads.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from typing import Any

from pygls.feature_manager import is_thread_function

Handler = Callable[..., Any]


async def call(handler: Handler, *args: Any, **kwargs: Any) -> Any:
    """Return what `handler` returns: a function, a coroutine function, a thread function or a generator of pygls."""
    if is_thread_function(handler):  # type: ignore[no-untyped-call]  # pygls left it untyped
        return await asyncio.to_thread(handler, *args, **kwargs)
    if inspect.isgeneratorfunction(handler):
        return await _drive(handler(*args, **kwargs))
    outcome = handler(*args, **kwargs)
    return await outcome if inspect.isawaitable(outcome) else outcome


async def _drive(steps: Generator[Any, Any, Any]) -> Any:
    """Run a handler of pygls itself: it yields calls of the features' handlers and is sent what they return."""
    value = None
    while True:
        try:
            handler, args, kwargs = steps.send(value)
        except StopIteration as done:
            return done.value
        value = await call(handler, *args, **(kwargs or {}))
