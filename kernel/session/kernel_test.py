"""The public jupyter_kernel_test suite against the installed kernelspec `neuronbook`."""

import unittest

import jupyter_kernel_test


class NeuronbookTests(jupyter_kernel_test.KernelTests):
    kernel_name = "neuronbook"
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('to the other stream')"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "const total: number = [1, 2, 3].reduce((a, b) => a + b, 0); total", "result": "6"},
        {"code": "await Promise.resolve('later')", "result": "'later'"},
        {
            "code": "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>bold</b>', 'text/plain': 'bold' }) })",
            "mime": "text/html",
            "result": "<b>bold</b>",
        },
    ]
    code_display_data = [
        {
            "code": "display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>shown</i>' }) })",
            "mime": "text/html",
        },
        {"code": "display('plain')", "mime": "text/plain"},
        {
            "code": "display({ [Symbol.for('Jupyter.display')]: () => ({ 'image/svg+xml': '<svg/>' }) })",
            "mime": "image/svg+xml",
        },
    ]
    code_generate_error = "throw new TypeError('as asked')"
    code_clear_output = "clear()"
    code_page_something = "console?"
    code_inspect_sample = "Math.max"

    completion_samples = [
        {"text": "Math.hyp", "matches": ["hypot"]},
        {"text": "'text'.padSt", "matches": ["padStart"]},
        {"text": "console.tab", "matches": ["table"]},
    ]
    complete_code_samples = [
        "1",
        "const a = 1",
        "console.log('hello')",
        "function f(x: number) { return x + 1 }",
        "if (true) {\n  1\n}",
        "type A = { b: string }",
    ]
    incomplete_code_samples = [
        "function f() {",
        "const a = [1,",
        "console.log('a',",
        "`open template",
        "if (true) {",
        "type A =",
        "const",
    ]
    invalid_code_samples = ["let a b", "}", "const = 1", "1 +* 2"]

    code_history_pattern = "6 ?*7"
    supported_history_operations = ("tail", "range", "search")

    def test_stdin(self):
        """A cell asks, the client answers, the answer is the cell's value."""
        self.flush_channels()
        message_id = self.kc.execute("await input('your name? ')", allow_stdin=True)
        question = self.kc.get_stdin_msg(timeout=jupyter_kernel_test.TIMEOUT)
        self.assertEqual(question["msg_type"], "input_request")
        self.assertEqual(question["content"], {"prompt": "your name? ", "password": False})
        self.assertEqual(question["parent_header"]["msg_id"], message_id)
        self.kc.input("Ada")
        reply = self.get_non_kernel_info_reply(timeout=jupyter_kernel_test.TIMEOUT)
        self.assertEqual(reply["content"]["status"], "ok")
        results = []
        while True:
            message = self.kc.get_iopub_msg(timeout=jupyter_kernel_test.TIMEOUT)
            if message["msg_type"] == "execute_result":
                results.append(message["content"]["data"]["text/plain"])
            if message["content"].get("execution_state") == "idle":
                break
        self.assertEqual(results, ["'Ada'"])


class NeuronbookWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "neuronbook"
    support_iopub_welcome = True


# the bases are imported by module, so that nobody collects them as tests of the python3 kernel
if __name__ == "__main__":
    unittest.main()
