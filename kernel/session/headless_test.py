"""Notebooks without a front end: this repository's own runner, nbconvert, papermill, and kernels side by side."""

import json
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "python"))

import neuronbook_papermill  # noqa: E402,F401  papermill finds it by its entry point where the wheel is installed
import papermill  # noqa: E402

KERNELSPEC = {"name": "neuronbook", "display_name": "TypeScript (neuronbook)", "language": "typescript"}


def notebook(path, *sources, tags=()):
    book = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    book.cells[0].metadata["tags"] = list(tags)
    nbformat.write(book, path)
    return str(path)


class HeadlessTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def test_several_notebooks_at_a_time(self):
        files = [
            notebook(self.path / "good.ipynb", "const a = 1", "a + 1"),
            notebook(self.path / "bad.ipynb", "const a = 1", "throw new Error('no')", "never"),
            notebook(self.path / "slow.ipynb", "await new Promise(() => {})"),
        ]
        script = [sys.executable, str(ROOT / "scripts" / "setup" / "execute.py")]
        options = ["--jobs", "3", "--timeout", "8", "--out", str(self.path / "out"), "--"]
        told = subprocess.run([*script, *options, *files], check=True, capture_output=True, text=True).stdout
        events = [json.loads(line) for line in told.splitlines()]
        cells = [(Path(event["file"]).stem, event["cell"], event["of"]) for event in events if "cell" in event]
        self.assertEqual(sorted(cells), [("bad", 1, 3), ("bad", 2, 3), ("good", 1, 2), ("good", 2, 2)])
        errors = {Path(event["file"]).stem: event["error"] for event in events if "error" in event}
        self.assertIsNone(errors["good"])
        self.assertIn("Error: no\nCell 2, line 1", errors["bad"])
        self.assertEqual(errors["slow"], "cell 1: not done after 8 s; allow more with --timeout")
        kept = nbformat.read(self.path / "out" / "good.ipynb", as_version=4)
        self.assertEqual(kept.cells[1].outputs[0].data["text/plain"], "2")

    def test_nbconvert_executes(self):
        shown = "display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>shown</i>' }) })"
        file = notebook(self.path / "page.ipynb", "console.log('from', 'a cell')", shown)
        command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", file]
        subprocess.run(command, check=True, capture_output=True)
        page = (self.path / "page.html").read_text(encoding="utf-8")
        for part in ("<pre>from a cell", "<i>shown</i>"):
            self.assertTrue(part in page, f"{part} is not on the page")

    def test_papermill_gives_parameters(self):
        source = "const steps: number = 1 // how many\nconst names = ['a']"
        shown = "JSON.stringify([steps, names, rate, nothing, text, deep, ok, String(big)])"
        file = notebook(self.path / "in.ipynb", source, shown, tags=["parameters"])
        given = {
            "steps": 7,
            "names": ["x", 'y"z'],
            "rate": 1e-3,
            "nothing": None,
            "text": "two\nlines ${no} €",
            "deep": {"a b": [True, {}]},
            "ok": False,
            "big": 2**60,
        }
        out = papermill.execute_notebook(file, str(self.path / "out.ipynb"), given, progress_bar=False)
        self.assertEqual(out.cells[1].metadata.tags, ["injected-parameters"])
        self.assertTrue(out.cells[1].source.startswith("// Parameters\nlet steps = 7;\n"))
        result = out.cells[2].outputs[0].data["text/plain"]
        expected = [*list(given.values())[:-1], str(2**60)]
        text = result[1:-1].replace("\\\\", "\\").replace("\\'", "'")
        self.assertEqual(json.loads(text), expected)
        inspected = papermill.inspect_notebook(file)
        self.assertEqual(inspected["steps"]["inferred_type_name"], "number")
        self.assertEqual(inspected["steps"]["help"], "how many")

    def test_kernels_side_by_side(self):
        def run(number):
            manager, client = start_new_kernel(kernel_name="neuronbook", startup_timeout=120)
            try:
                client.execute(f"var mine = (globalThis.mine ?? 0) + {number}; globalThis.mine = mine", reply=True, timeout=60)
                content = client.execute_interactive(
                    "", user_expressions={"mine": "mine"}, output_hook=lambda message: None, timeout=60
                )["content"]
                return content["user_expressions"]["mine"]["data"]["text/plain"]
            finally:
                client.stop_channels()
                manager.shutdown_kernel()

        with ThreadPoolExecutor(3) as pool:
            self.assertEqual(list(pool.map(run, [1, 2, 3])), ["1", "2", "3"])


if __name__ == "__main__":
    unittest.main()
