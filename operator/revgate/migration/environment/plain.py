"""Whether an env.py leaves the version table alone: then what an index says of it is what env.py would say."""

import ast
from pathlib import Path
from typing import Final

_CONFIGURE: Final = frozenset(
    {
        "compare_server_default",
        "compare_type",
        "connection",
        "dialect_name",
        "dialect_opts",
        "include_name",
        "include_object",
        "literal_binds",
        "process_revision_directives",
        "render_as_batch",
        "render_item",
        "sqlalchemy_module_prefix",
        "tag",
        "target_metadata",
        "transaction_per_migration",
        "transactional_ddl",
        "url",
        "user_module_prefix",
    }
)
_ELSEWHERE: Final = (
    "search_path",
    "schema_translate_map",
    "version_table",
    "version_locations",
    "get_x_argument",
    "cmd_opts",
    "default_schema_name",
    "set role",
    "set local",
    "on_version_apply",
    "importlib",
    "getattr",
    "exec(",
    "eval(",
)


def leaves_version_table_alone(environment: Path) -> bool:
    """Say whether each `context.configure` of an env.py is plain, and nothing in it changes where tables are found.

    What the modules that it imports do to their connections is not seen: whoever writes an index says that it is fine.
    """
    text = environment.read_text(encoding="utf-8")
    if any(word in text.lower() for word in _ELSEWHERE):
        return False
    calls = [node for node in ast.walk(ast.parse(text)) if _is_configure(node)]
    return bool(calls) and all(_is_plain(call) for call in calls)


def _is_configure(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "configure"


def _is_plain(call: ast.AST) -> bool:
    assert isinstance(call, ast.Call)
    return not call.args[1:] and all(keyword.arg in _CONFIGURE for keyword in call.keywords)
