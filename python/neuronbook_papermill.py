"""papermill with neuronbook: parameters become TypeScript.

papermill has no entry point for translators, only for engines, which it loads when it is imported. So this is one: the
usual engine, whose module registers the translator on its way.
"""

import json
import math
import re

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

#: Beyond this a number of JavaScript is no longer exact, and an integer is written as a bigint.
SAFE = 2**53 - 1
DECLARATION = re.compile(
    r"^(?:export\s+)?(?:let|const|var)\s+(?P<name>[\w$]+)\s*(?::\s*(?P<type>[^=]+?))?\s*=\s*"
    r"(?P<value>.*?)\s*;?\s*(?://\s*(?P<help>.*))?$"
)


class TypeScriptTranslator(Translator):
    """`{"steps": 5}` → `let steps = 5;`. A later cell may declare a name again, so `let` overrides any default."""

    @classmethod
    def translate_none(cls, val):
        return "null"

    @classmethod
    def translate_int(cls, val):
        return str(val) if abs(val) <= SAFE else f"{val}n"

    @classmethod
    def translate_float(cls, val):
        if math.isnan(val):
            return "NaN"
        if math.isinf(val):
            return "Infinity" if val > 0 else "-Infinity"
        return repr(val)

    @classmethod
    def translate_str(cls, val):
        return json.dumps(val)

    @classmethod
    def translate_list(cls, val):
        return f"[{', '.join(cls.translate(item) for item in val)}]"

    @classmethod
    def translate_dict(cls, val):
        items = (f"{json.dumps(str(name))}: {cls.translate(item)}" for name, item in val.items())
        return f"{{ {', '.join(items)} }}" if val else "{}"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".rstrip()

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        """What `papermill --help-notebook` tells of a cell of one-line declarations."""
        found = (DECLARATION.match(line.strip()) for line in parameters_cell["source"].splitlines())
        return [
            Parameter(match["name"], match["type"] or "None", match["value"], match["help"] or "")
            for match in found
            if match
        ]


class Engine(NBClientEngine):
    """papermill's own."""


for name in ("typescript", "neuronbook"):
    papermill_translators.register(name, TypeScriptTranslator)
