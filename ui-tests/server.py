"""The JupyterLab server of the browser tests: Galata's settings, on the port that the Playwright config chose."""

import os

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821

c.ServerApp.ip = "127.0.0.1"  # noqa: F821
c.ServerApp.port = int(os.environ["NEURONBOOK_UI_PORT"])  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
c.LabApp.news_url = None  # noqa: F821
c.Application.log_level = "ERROR"  # noqa: F821
