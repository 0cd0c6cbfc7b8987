"""The command `neuronbook` of the wheel: the npm package's own, run by the Node that its kernel would take."""

import runpy
import sys
from importlib.metadata import files


def main():
    # it lies outside of the modules, beside kernel.json
    start = next(path for path in files("neuronbook") if path.name == "start.py").locate()
    found = runpy.run_path(str(start))
    node, problem = found["find_node"]()
    if problem:
        sys.exit(problem)
    found["become"](node, [found["PACKAGE"] / "bin" / "neuronbook.mjs", *sys.argv[1:]])
