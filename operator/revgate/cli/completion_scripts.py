"""The completion scripts of bash, zsh and fish, from the words of the verbs. Pure."""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from revgate.cli.completion_words import Option, Words

_BASH: Final = """\
# bash completion of revgate: source <(revgate completion bash)
_revgate() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} verb= word words=
  COMPREPLY=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
    case $word in
      {verbs}) verb=$word; break ;;
    esac
  done
  case $verb:$previous in
{values}
  esac
  case $verb in
    "") words={top} ;;
{options}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -F _revgate revgate"""

_BASH_FILE: Final = 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return;'

_ZSH: Final = """\
#compdef revgate
# zsh completion of revgate: source <(revgate completion zsh), after compinit
_revgate() {{
  local -a verbs
  verbs=(
{verbs}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands command verbs
    _arguments '--help[Show the help]' '--version[Show the version]'
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
{options}
  esac
}}
if [[ $funcstack[1] == _revgate ]]; then _revgate "$@"; else compdef _revgate revgate; fi"""


def bash(words: Sequence[Words]) -> str:
    """Return the script of bash."""
    verbs = [one.verb for one in words]
    options = [f"    {one.verb}) words={shlex.quote(' '.join(_offered(one)))} ;;" for one in words]
    return _BASH.format(
        verbs="|".join(verbs),
        values="\n".join(_bash_values(words)),
        top=shlex.quote(" ".join([*verbs, "--help", "--version"])),
        options="\n".join(options),
    )


def zsh(words: Sequence[Words]) -> str:
    """Return the script of zsh."""
    verbs = [f"    {shlex.quote(one.verb + ':' + one.summary)}" for one in words]
    options = [f"    {one.verb}) _arguments {' '.join(_zsh_arguments(one))} ;;" for one in words]
    return _ZSH.format(verbs="\n".join(verbs), options="\n".join(options))


def fish(words: Sequence[Words]) -> str:
    """Return the script of fish."""
    return "\n".join(
        [
            "# fish completion of revgate: revgate completion fish > ~/.config/fish/completions/revgate.fish",
            "complete -c revgate -f",
            "complete -c revgate -n __fish_use_subcommand -l help -s h -d 'Show the help'",
            "complete -c revgate -n __fish_use_subcommand -l version -d 'Show the version'",
            *(f"complete -c revgate -n __fish_use_subcommand -a {one.verb} -d {_fish(one.summary)}" for one in words),
            *(line for one in words for line in _fish_options(one)),
        ]
    )


def _offered(words: Words) -> list[str]:
    options = [name for one in words.options for name in one.names if name.startswith("--")]
    return [choice for one in words.positionals for choice in one.choices] + options


def _bash_values(words: Sequence[Words]) -> Iterator[str]:
    """Yield a case for what has a value: after an option of a verb, or a file in the place of an argument."""
    patterns: dict[str, list[str]] = defaultdict(list)
    for one in words:
        for option in one.options:
            if option.takes_value:
                patterns[_bash_value(option)] += [f"{one.verb}:{name}" for name in option.names]
        if any(option.is_file for option in one.positionals):
            patterns[f"[[ $current == -* ]] || {{ {_BASH_FILE} }}"].append(f"{one.verb}:*")
    yield from (f"    {'|'.join(found)}) {action} ;;" for action, found in patterns.items())


def _bash_value(option: Option) -> str:
    if option.choices:
        return f'mapfile -t COMPREPLY < <(compgen -W {shlex.quote(" ".join(option.choices))} -- "$current"); return'
    return _BASH_FILE.rstrip(";") if option.is_file else "return"


def _zsh_arguments(words: Words) -> Iterator[str]:
    for option in words.options:
        text = re.sub(r"([\[\]:\\])", r"\\\1", option.text)
        value = f":{option.value}:{_zsh_value(option)}" if option.takes_value else ""
        for name in option.names:
            others = " ".join(option.names)
            yield shlex.quote(f"({others}){name}[{text}]{value}")
    for number, option in enumerate(words.positionals, start=1):
        yield shlex.quote(f"{number}:{option.value}:{_zsh_value(option)}")


def _zsh_value(option: Option) -> str:
    if option.choices:
        return f"({' '.join(option.choices)})"
    return "_files" if option.is_file else " "


def _fish_options(words: Words) -> Iterator[str]:
    seen = f"complete -c revgate -n '__fish_seen_subcommand_from {words.verb}'"
    for option in words.options:
        names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
        yield f"{seen} {names}{_fish_value(option)} -d {_fish(option.text)}"
    for option in words.positionals:
        if option.choices:
            yield f"{seen} -a {_fish(' '.join(option.choices))}"
        elif option.is_file:
            yield f"{seen} -F"


def _fish_value(option: Option) -> str:
    if option.choices:
        return f" -x -a {_fish(' '.join(option.choices))}"
    if option.is_file:
        return " -r -F"
    return " -x" if option.takes_value else ""


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
