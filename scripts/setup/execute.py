"""Executes notebooks in their own folders, several at a time, and tells in JSON lines what happens.

{"file", "cell", "of", "seconds", "line"} after each code cell, {"file", "seconds", "error"} after each notebook.
Called by notebooks.mjs with the Python of .venv. A cell that raises ends its notebook.
"""

import argparse
import asyncio
import json
import os
import re
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def strip(notebook):
    """Removes what differs between two equal runs, so that a refreshed guide changes only where its results do."""
    for cell in notebook.cells:
        for name in ("execution", "collapsed", "scrolled"):
            cell.metadata.pop(name, None)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("execution", None)
    notebook.metadata.pop("widgets", None)
    return notebook


def failing_cell(notebook):
    """The index of the last cell that has an error output."""
    failed = [
        index
        for index, cell in enumerate(notebook.cells)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    return failed[-1] if failed else None


def tell(**event):
    print(json.dumps(event), flush=True)


async def execute(file, timeout):
    """Runs one notebook; gives it with its outputs, and the cell's error or None."""
    path = file.resolve()
    notebook = nbformat.read(path, as_version=4)
    codes = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    since = {}

    def started(cell, cell_index):
        since[cell_index] = time.monotonic()

    def ended(cell, cell_index, execute_reply):
        line = next((line for line in cell.source.splitlines() if line.strip()), "")
        seconds = round(time.monotonic() - since[cell_index], 2)
        tell(file=str(file), cell=codes.index(cell_index) + 1, of=len(codes), seconds=seconds, line=line)

    client = NotebookClient(
        notebook,
        kernel_name="neuronbook",
        timeout=timeout,
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        on_cell_execute=started,
        on_cell_executed=ended,
    )
    try:
        await client.async_execute()
        return notebook, None
    except CellExecutionError as error:
        cell = failing_cell(notebook)
        where = "" if cell is None else f"cell {cell + 1}:\n"
        return notebook, where + ANSI.sub("", str(error)).strip()
    except CellTimeoutError:
        return notebook, f"cell {max(since) + 1}: not done after {timeout} s; allow more with --timeout"
    except Exception as error:  # a kernel that dies or never starts fails this notebook, not the rest
        return notebook, f"{type(error).__name__}: {error}"


def target(path, options):
    """Where the executed copy goes, if anywhere."""
    if options.inplace:
        return path
    return Path(options.out) / path.name if options.out else None


async def run(file, options, turns):
    async with turns:
        start = time.monotonic()
        notebook, error = await execute(file, options.timeout)
        kept = target(file, options)
        if kept and not (error and options.inplace):  # a failed run never replaces the file it came from
            os.makedirs(kept.parent, exist_ok=True)
            nbformat.write(strip(notebook), kept)
        tell(file=str(file), seconds=round(time.monotonic() - start, 1), error=error)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out")
    parser.add_argument("--inplace", action="store_true")
    parser.add_argument("--timeout", type=int, default=1200)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    turns = asyncio.Semaphore(options.jobs)
    await asyncio.gather(*(run(file, options, turns) for file in options.files))


if __name__ == "__main__":
    asyncio.run(main())
