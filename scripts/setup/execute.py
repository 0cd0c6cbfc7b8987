"""Executes notebooks in their own folders, one JSON line each: {"file", "seconds", "error"}.

Called by notebooks.mjs with the Python of .venv. A cell that raises ends its notebook.
"""

import argparse
import json
import os
import re
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CELL_SECONDS = 1200
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


def execute(path):
    """Runs one notebook; gives it with its outputs, and the cell's error or None."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="neuronbook",
        timeout=CELL_SECONDS,
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
    )
    try:
        client.execute()
        return notebook, None
    except CellExecutionError as error:
        cell = failing_cell(notebook)
        where = "" if cell is None else f"cell {cell + 1}:\n"
        return notebook, where + ANSI.sub("", str(error)).strip()
    except Exception as error:  # a kernel that dies or never starts fails this notebook, not the rest
        return notebook, f"{type(error).__name__}: {error}"


def target(path, options):
    """Where the executed copy goes, if anywhere."""
    if options.inplace:
        return path
    return Path(options.out) / path.name if options.out else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out")
    parser.add_argument("--inplace", action="store_true")
    options = parser.parse_args()
    for file in options.files:
        start = time.monotonic()
        notebook, error = execute(file.resolve())
        kept = target(file, options)
        if kept and not (error and options.inplace):  # a failed run never replaces the file it came from
            os.makedirs(kept.parent, exist_ok=True)
            nbformat.write(strip(notebook), kept)
        seconds = round(time.monotonic() - start, 1)
        print(json.dumps({"file": str(file), "seconds": seconds, "error": error}), flush=True)


if __name__ == "__main__":
    main()
