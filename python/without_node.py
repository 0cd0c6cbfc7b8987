"""A kernel that answers every cell with one sentence: why the real one cannot start, and what to do.

A kernel that dies at its start is told of in the server's log alone; a notebook shows what its cells answer. Python has
what this needs wherever Jupyter starts kernels.
"""

import json

import zmq
from jupyter_client.session import Session


def answer(connection_file, sentence):
    """Speaks Jupyter's protocol until it is asked to shut down."""
    with open(connection_file, encoding="utf-8") as file:
        connection = json.load(file)
    key = connection["key"].encode()
    session = Session(key=key, signature_scheme=connection["signature_scheme"], username="kernel")
    context = zmq.Context()
    between = ":" if connection["transport"] == "tcp" else "-"

    def bind(kind, port):
        socket = context.socket(kind)
        socket.bind(f"{connection['transport']}://{connection['ip']}{between}{connection[port]}")
        return socket

    iopub = bind(zmq.PUB, "iopub_port")
    heartbeat = bind(zmq.REP, "hb_port")
    poller = zmq.Poller()
    for socket in (heartbeat, *(bind(zmq.ROUTER, f"{name}_port") for name in ("shell", "control", "stdin"))):
        poller.register(socket, zmq.POLLIN)

    def handle(socket):
        """Answers one message; false after the last."""
        identities, request = session.recv(socket, mode=0)
        kind = request["header"]["msg_type"] if request else ""
        if not kind.endswith("_request"):
            return True

        def publish(name, content):
            session.send(iopub, name, content, parent=request, ident=name.encode())

        publish("status", {"execution_state": "busy"})
        content = reply(kind, request["content"], sentence)
        if kind == "execute_request" and not request["content"].get("silent"):
            publish("error", {name: content[name] for name in ("ename", "evalue", "traceback")})
        session.send(socket, kind.replace("_request", "_reply"), content, parent=request, ident=identities)
        publish("status", {"execution_state": "idle"})
        return kind != "shutdown_request"

    going = True
    while going:
        for socket, _ in poller.poll():
            if socket is heartbeat:
                heartbeat.send(heartbeat.recv())
            else:
                going = handle(socket) and going
    # what was sent last leaves before the sockets close
    context.destroy(linger=1000)


def reply(kind, content, sentence):
    """What a message asks for: a kernel that is there, and that can do nothing."""
    if kind == "kernel_info_request":
        language = {"name": "typescript", "version": "", "mimetype": "text/typescript", "file_extension": ".ts"}
        return {
            "status": "ok",
            "protocol_version": "5.3",
            "implementation": "neuronbook",
            "implementation_version": "",
            "language_info": language,
            "banner": sentence,
        }
    if kind == "comm_info_request":
        return {"status": "ok", "comms": {}}
    if kind == "shutdown_request":
        return {"status": "ok", "restart": content.get("restart", False)}
    failure = {"status": "error", "ename": "NodeMissing", "evalue": sentence, "traceback": [sentence]}
    return {**failure, "execution_count": 0} if kind == "execute_request" else failure
