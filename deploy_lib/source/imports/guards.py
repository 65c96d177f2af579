"""Which errors a `try` or a `with` keeps from stopping the import."""

from __future__ import annotations

import ast
import builtins

from deploy_lib.source.imports.names import dotted

_WELL_KNOWN = (
    "Lock RLock app_context catch_warnings chdir closing localcontext nullcontext open redirect_stderr redirect_stdout"
)
_SWALLOWS_NOTHING = frozenset(_WELL_KNOWN.split())
_BUILT_IN = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type))
_KINDS = {
    "ModuleNotFoundError": ("ModuleNotFoundError", "ImportError"),
    "ImportError": ("ImportError",),
    "SyntaxError": ("SyntaxError",),
    "NameError": ("NameError",),
    "AttributeError": ("AttributeError",),
    "RuntimeError": ("RuntimeError",),
    "SystemExit": ("SystemExit",),
}


def caught_names(clause: ast.expr | None) -> tuple[str, ...]:
    """The names in an except clause; "" for a bare one, "?" for what is computed."""
    if clause is None:
        return ("",)
    parts = clause.elts if isinstance(clause, ast.Tuple) else [clause]
    return tuple((dotted(part) or ("?",))[-1] for part in parts)


def ignored_by(item: ast.withitem) -> tuple[str, ...]:
    """The errors that `with item:` may swallow: those that contextlib.suppress names; none for what is well known."""
    call = item.context_expr
    if not isinstance(call, ast.Call):
        return ("?",)
    name = (dotted(call.func) or ("?",))[-1]
    if name == "suppress":
        return tuple((dotted(argument) or ("?",))[-1] for argument in call.args)
    return () if name in _SWALLOWS_NOTHING else ("?",)


def catches(names: tuple[str, ...], error: str) -> bool | None:
    """Whether a clause with these names catches the error; None when they are not built in, so nobody can tell."""
    wide = ("", "BaseException") if error == "SystemExit" else ("", "BaseException", "Exception")
    kinds = _KINDS.get(error, (error,))
    if any(name in wide or name in kinds for name in names):
        return True
    return False if _BUILT_IN.issuperset(names) else None
