"""A Jupyter server extension: what a kernel says reaches the browser at once.

The answer to a moved slider is three short messages: busy, the picture, idle. The server leaves it to TCP to hold a short
message back until the browser has acknowledged the one before, which browsers take 40 ms for (Nagle's algorithm and delayed
acknowledgements), so every picture would wait for that.
"""


def _jupyter_server_extension_points():
    return [{"module": "neuronbook_server"}]


def _load_jupyter_server_extension(server):
    settings = server.web_app.settings

    class PromptConnection(settings["kernel_websocket_connection_class"]):
        """Whatever the server connects browsers and kernels by, sending without delay."""

        def connect(self):
            self.websocket_handler.set_nodelay(True)
            return super().connect()

    settings["kernel_websocket_connection_class"] = PromptConnection
