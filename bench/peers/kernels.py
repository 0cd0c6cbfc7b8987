"""Measures Jupyter kernels over their protocol, all with the same client: called by kernel.bench.ts.

Argument: a JSON list of {"name", "argv" with {connection_file}, "language": "typescript" or "python", "comms"}.
Prints {name: {measure: number}}: times in ms, memory in MB, null where a kernel cannot do it. The kernels take turns,
so that what else the machine does meets each of them.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import psutil
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

PATIENCE = 60
# On control an answer later than this, in s, is none: tslab hears nothing while a cell runs.
ANSWER = 10
STARTS, CELLS, REPEATS, DECLARED, LINES, MEGABYTES, ECHOES, MANY = 5, 30, 10, 100, 100_000, 50, 5, 1000

CODE = {
    "python": {
        "declare": "name_{0} = {0}\ndef function_{0}(x): return x + name_{0}",
        "prefix": "function_5",
        "line": "total = function_50(name_3).bit_length() + function_9(name_77)",
        "lines": "for i in range({0}): print('line', i)",
        "echo": """
def echo(comm, message):
    @comm.on_msg
    def _(message): comm.send({{}}, buffers=message['buffers'])
get_ipython().kernel.comm_manager.register_target('echo', echo)""",
    },
    "typescript": {
        "declare": "const name_{0} = {0}; function function_{0}(x: number) {{ return x + name_{0} }}",
        "prefix": "function_5",
        "line": "const total = function_50(name_3).toFixed() + function_9(name_77)",
        "lines": "for (let i = 0; i < {0}; i++) console.log('line', i)",
        "echo": """
globalThis[Symbol.for('neuronbook.host')].comms.register('echo', (comm: any) => {{
  comm.onMessage = ({{ buffers }}: any) => comm.send({{}}, {{ buffers }});
}})""",
    },
}


class Kernel:
    """One kernel process and its client."""

    def __init__(self, spec, folder):
        self.code = CODE[spec["language"]]
        self.file, _ = write_connection_file(str(Path(folder) / f"{time.time_ns()}.json"), key=uuid4().hex.encode())
        self.start = time.perf_counter()
        argv = [part.replace("{connection_file}", self.file) for part in spec["argv"]]
        self.process = psutil.Popen(argv, cwd=folder, stdout=-3, stderr=-3)
        self.client = BlockingKernelClient(connection_file=self.file)
        self.client.load_connection_file()
        self.client.start_channels()

    def since_start(self):
        return (time.perf_counter() - self.start) * 1000

    def wait(self):
        """Until the first answer; asks again and again, as a front end does while its sockets connect."""
        while True:
            asked = self.client.kernel_info()
            deadline = time.perf_counter() + 0.5
            while time.perf_counter() < deadline:
                try:
                    reply = self.client.get_shell_msg(timeout=0.05)
                except Exception:
                    continue
                if reply["header"]["msg_type"] == "kernel_info_reply":
                    answered = self.since_start()
                    self.subscribe()
                    return answered
            if self.since_start() > PATIENCE * 1000:
                raise TimeoutError(asked)

    def subscribe(self):
        """Until what is published arrives too: a subscription takes effect when the kernel has heard of it."""
        while self.since_start() < PATIENCE * 1000:
            try:
                return self.client.get_iopub_msg(timeout=0.1)
            except Exception:
                self.client.kernel_info()
        raise TimeoutError("nothing was published")

    def reply(self, asked):
        while True:
            message = self.client.get_shell_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == asked:
                return message

    def idle(self, asked, seen=lambda message: None):
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != asked:
                continue
            seen(message)
            if message["content"].get("execution_state") == "idle":
                return

    def execute(self, code, seen=lambda message: None, meanwhile=lambda: None):
        """From sending to reply and idle, in ms."""
        start = time.perf_counter()
        asked = self.client.execute(code)
        meanwhile()
        self.reply(asked)
        self.idle(asked, seen)
        return (time.perf_counter() - start) * 1000

    def control(self):
        """An answer on the control channel, in ms."""
        channel, message = self.client.control_channel, self.client.session.msg("kernel_info_request", {})
        start = time.perf_counter()
        channel.send(message)
        while channel.get_msg(timeout=ANSWER)["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            pass
        return (time.perf_counter() - start) * 1000

    def ask(self, request):
        start = time.perf_counter()
        content = self.reply(request())["content"]
        return (time.perf_counter() - start) * 1000, content

    def typed(self, ask):
        """Each answer while a line is typed, where a completer asks: behind the letters of a name and behind a dot."""
        line = self.code["line"]
        asked = [line[:end] for end in range(1, len(line) + 1) if line[end - 1].isidentifier() or line[end - 1] == "."]
        return [self.ask(lambda: ask(code, len(code)))[0] for code in asked]

    def memory(self):
        family = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_info().rss for process in family) / 1e6

    def echo(self):
        """There and back, in ms."""
        self.execute(self.code["echo"].format())
        session, channel = self.client.session, self.client.shell_channel
        channel.send(session.msg("comm_open", {"comm_id": "c", "target_name": "echo", "data": {}}))
        return median([self.bounce() for _ in range(ECHOES)])

    def bounce(self):
        session, channel = self.client.session, self.client.shell_channel
        message = session.msg("comm_msg", {"comm_id": "c", "data": {}})
        data = bytes(MEGABYTES * 1_000_000)
        start = time.perf_counter()
        session.send(channel.socket, message, buffers=[data])
        back = []

        def seen(answer):
            if answer["header"]["msg_type"] == "comm_msg":
                back.append(sum(len(buffer) for buffer in answer["buffers"]))

        self.idle(message["header"]["msg_id"], seen)
        assert back == [len(data)], back
        return (time.perf_counter() - start) * 1000

    def stop(self):
        self.client.stop_channels()
        for process in [*self.process.children(recursive=True), self.process]:
            process.kill()
        self.process.wait()


def median(values):
    return statistics.median(values)


def possible(work):
    """None where the answer never comes: Deno inspects nothing, tslab sends each line by itself and loses some."""
    try:
        return work()
    except Exception:
        return None


def cold(spec, folder):
    """Milliseconds to the first kernel_info_reply, and to the end of the first cell."""
    kernel = Kernel(spec, folder)
    try:
        info = kernel.wait()
        kernel.execute("1+1")
        return info, kernel.since_start()
    finally:
        kernel.stop()


def warm(spec, folder, found):
    """What a kernel that runs can do; whatever it fails at, what was found before stands."""
    kernel = Kernel(spec, folder)
    try:
        kernel.wait()
        kernel.execute("1+1")
        found["memory_start"] = kernel.memory()
        found["cell"] = median([kernel.execute("1+1") for _ in range(CELLS)])
        for i in range(DECLARED):
            kernel.execute(kernel.code["declare"].format(i))
        prefix = kernel.code["prefix"]
        complete = lambda: kernel.ask(lambda: kernel.client.complete(prefix, len(prefix)))
        inspect = lambda: kernel.ask(lambda: kernel.client.inspect(prefix, len(prefix)))
        for name, ask, key in (("complete", complete, "matches"), ("inspect", inspect, "found")):
            asked = possible(lambda: [ask() for _ in range(REPEATS + 3)][3:])
            found[name] = median([ms for ms, _ in asked]) if asked and asked[-1][1].get(key) else None
            typed = found[name] and possible(lambda: kernel.typed(getattr(kernel.client, name)))
            found[f"{name}_typed"] = median(typed) if typed else None
        for i in range(MANY):
            kernel.execute(kernel.code["declare"].format(i))
        found["memory_many"] = kernel.memory()
        found["echo"] = possible(kernel.echo) if spec["comms"] else None
        text = []
        seen = lambda message: text.append(message["content"].get("text", ""))

        def ask_meanwhile():
            time.sleep(0.1)
            found["meanwhile"] = possible(kernel.control)

        lines = possible(lambda: kernel.execute(kernel.code["lines"].format(LINES), seen, ask_meanwhile))
        found["lines"] = lines if "".join(text).count("\n") == LINES else None
    finally:
        kernel.stop()


def attempt(measure, spec, *given):
    """What is measured, or None of a kernel that fails: the others go on."""
    try:
        return measure(spec, *given)
    except Exception as problem:
        print(f"{spec['name']}: {problem!r}", file=sys.stderr)
        return None


def main():
    specs = json.loads(sys.argv[1])
    starts = {spec["name"]: [] for spec in specs}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(STARTS):
            for spec in specs:
                starts[spec["name"]].append(attempt(cold, spec, folder))
        for spec in specs:
            times = [pair for pair in starts[spec["name"]] if pair]
            info, first = (median(column) for column in zip(*times)) if times else (None, None)
            found[spec["name"]] = {"info": info, "first": first}
            attempt(warm, spec, folder, found[spec["name"]])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
