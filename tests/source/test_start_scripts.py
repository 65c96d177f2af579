"""Start scripts, followed without running them: what they start, from which directory, and what is in doubt."""

from __future__ import annotations

import pytest

from deploy_lib.source.entrypoint.paste import pasted
from deploy_lib.source.entrypoint.script import follow
from deploy_lib.source.entrypoint.scripts import started
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.makefiles import whole_recipe
from deploy_lib.source.model import ImageContents
from deploy_lib.source.shell_text import tokens, unquoted

SCRIPT = "/srv/bin/start.sh"
WEB = "exec uvicorn web:app"

PLACES = [
    (f"cd web\n{WEB}", "/app/web"),
    (f'cd "$(dirname "$0")"\n{WEB}', "/srv/bin"),
    (f'cd "$(dirname "${{BASH_SOURCE[0]}}")/.." || exit 1\n{WEB}', "/srv"),
    (f'HERE=$(cd "$(dirname "$0")" && pwd -P)\ncd "$HERE/.."\n{WEB}', "/srv"),
    (f'cd "${{0%/*}}"\n{WEB}', "/srv/bin"),
    (f"cd `dirname $0`\n{WEB}", "/srv/bin"),
    (f"cd $(realpath .)/web\n{WEB}", "/app/web"),
    (f"pushd /opt\npopd\n{WEB}", "/app"),
    (f"pushd /opt\n{WEB}", "/opt"),
    (f"(cd /opt; npm run build)\n{WEB}", "/app"),
    (f"build() {{\n  cd /app/js\n}}\n{WEB}", "/app"),
    (f"enter() {{ cd /opt; }}\nenter\n{WEB}", "/opt"),
    (f'if [ -n "$DEBUG" ]; then\n  cd /opt\n  {WEB}\nfi', "/opt"),
    (f"cd ${{PLACE:-/opt}}\n{WEB}", "/opt"),
    (f"cat <<EOF\ncd /nowhere\nEOF\n{WEB}", "/app"),
    (f"# cd /nowhere\n{WEB} # cd", "/app"),
]


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_the_directory_is_the_one_that_a_shell_would_be_in(text: str, place: str) -> None:
    server = [each for each in follow(text, "/app", {}, script=SCRIPT) if "web:app" in each.words][-1]
    assert (server.directory, server.doubt) == (place, "")


@pytest.mark.parametrize(
    "text",
    [
        f'cd "$APP_HOME"\n{WEB}',
        f"cd -\n{WEB}",
        f"cd $(python where.py)\n{WEB}",
        f"if [ -d web ]; then cd web; fi\n{WEB}",
        f"[ -d web ] && cd web\n{WEB}",
        f"cd $SOMEWHERE\ncd below\n{WEB}",
    ],
)
def test_a_directory_that_only_the_running_script_knows_is_a_doubt(text: str) -> None:
    server = [each for each in follow(text, "/app", {}, script=SCRIPT) if "web:app" in each.words][-1]
    assert "known only when the script runs" in server.doubt


def test_what_is_started_and_what_depends_on_a_condition() -> None:
    text = """\
set -e
start() { exec gunicorn "$1" --workers 2; }
case "$MODE" in
  web) start web:app ;;
  worker|beat)
    exec celery -A web worker
    ;;
esac
exec "$@"
"""
    started = [
        (each.words, each.branch) for each in follow(text, "/app", {}, ("uvicorn", "web:app")) if each.words[0] != "set"
    ]
    assert started == [
        (("exec", "gunicorn", "web:app", "--workers", "2"), True),
        (("exec", "celery", "-A", "web", "worker"), True),
        (("exec", "uvicorn", "web:app"), False),
    ]


CHOSEN = """\
serve() { exec gunicorn web:app; }
if [ "$#" -eq 0 ]; then set -- serve; fi
if [[ $1 == -* ]]; then exec gunicorn web:app "$@"; fi
case "$1" in
  work|beat) exec celery -A web worker ;;
  serve)
    if [ -n "$2" ] && [ "$2" != "quiet" ]; then
      exec uvicorn web:app
    fi
    serve
    ;;
  *) exec "$@" ;;
esac
exec never reached
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("exec", "gunicorn", "web:app")),
        (("serve",), ("exec", "gunicorn", "web:app")),
        (("serve", "quiet"), ("exec", "gunicorn", "web:app")),
        (("serve", "loud"), ("exec", "uvicorn", "web:app")),
        (("beat",), ("exec", "celery", "-A", "web", "worker")),
        (("-w", "2"), ("exec", "gunicorn", "web:app", "-w", "2")),
        (("python", "x.py"), ("exec", "python", "x.py")),
    ],
)
def test_a_branch_that_the_arguments_choose(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    started = [(each.words, each.branch, each.doubt) for each in follow(CHOSEN, "/app", {}, arguments)]
    assert started == [(words, False, "")]


@pytest.mark.parametrize(
    ("test", "runs"),
    [
        ('[ "$1" = "web" ]', True),
        ('[ "$1" == web ]', True),
        ('test "$1" != "web"', False),
        ('[ "$1" = "w*" ]', False),
        ("[[ $1 == w* ]]", True),
        ('[ -z "$2" ]', True),
        ('[ ! -z "$1" ]', True),
        ('[ "${1#w}" != "$1" ]', True),
        ('[ "${1:-api}" = "api" ]', False),
        ("[ $# -gt 1 ]", False),
        ("true", True),
        ('[ "$1" = "api" ] || [ "$1" = "web" ]', True),
    ],
)
def test_tests_that_are_answered_before_it_runs(test: str, runs: bool) -> None:
    for text in (
        f"if {test}; then\n  exec uvicorn web:app\nfi\nexec sleep 1",
        f"{test} && exec uvicorn web:app; exec sleep 1",
    ):
        first = next(each for each in follow(text, "/app", {}, ("web",)) if each.words[0] == "exec")
        assert (first.words[1], first.branch) == ("uvicorn" if runs else "sleep", False), text


def test_arguments_that_the_script_sets_itself() -> None:
    text = 'set -- gunicorn "$@"\nexec "$@"'
    assert [each.words for each in follow(text, "/app", {}, ("web:app",))] == [("exec", "gunicorn", "web:app")]
    shifted = 'shift\nexec "$@"'
    assert [each.words for each in follow(shifted, "/app", {}, ("web", "gunicorn"))] == [("exec", "gunicorn")]


def test_a_sourced_file_is_read() -> None:
    files = {"/app/env.sh": "export PYTHONPATH=/opt\ncd /srv"}
    (server,) = follow(f". ./env.sh\n{WEB}", "/app", {}, read=files.get)
    assert (server.directory, server.env) == ("/srv", {"PYTHONPATH": "/opt"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
        ("a b\\ c", ["a", "b c"]),
        ("a >out 2>&1 </dev/null b", ["a", "b"]),
        ("a \\\n b", ["a", "b"]),
        ("a $(b c; d) e", ["a", "$(b c; d)", "e"]),
        ('a "$(b "c d")" e', ["a", '$(b "c d")', "e"]),
        ("a 'open", ["a"]),
        ("a\r\n", ["a"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [unquoted(each.text) for each in tokens(text) if not each.operator] == words


NESTED = 3000


@pytest.mark.parametrize(
    "text",
    [
        " && ".join(["true"] * NESTED),
        f"cd {'$(' * NESTED}pwd{')' * NESTED}",
        'cd "' + '$("' * NESTED + "x" + '")' * NESTED + '"',
        "if true; then\n" * NESTED + "fi\n" * NESTED,
        "A=x\n" + 'A="$A$A"\n' * NESTED + "$A",
        "A=x$(date)\n" + 'A="$A$A"\n' * NESTED + "$A",
        "again() { again; again; again; again; again; again; }\nagain",
    ],
    ids=[
        "a long list",
        "commands in commands",
        "quotes in quotes",
        "branches in branches",
        "a value in itself",
        "a guess in itself",
        "functions that call on",
    ],
)
def test_no_script_however_deep_takes_long(text: str) -> None:
    assert len(list(follow(text, "/app", {}, script=SCRIPT))) <= 5_000


def test_a_script_that_starts_itself_ten_times_is_not_followed_forever() -> None:
    text = "#!/bin/sh\n" + "./start.sh\n" * 10 + "exec uvicorn web:app\n"
    contents = ImageContents({"/app/start.sh": "start.sh"}, {}, workdir="/app", command=("./start.sh",))
    assert len(started(contents, lambda path: text if path == "/app/start.sh" else None).programs) == 1_000


def test_a_file_of_paste_that_names_itself_often_is_read_once() -> None:
    text = "[composite:main]\nuse = egg:Paste#urlmap\n" + "".join(f"/{number} = main\n" for number in range(99))
    text += "".join(f"[app:a{number}]\nuse = a{number + 1}\n" for number in range(2_000))
    for application in ("main", "a0"):
        program = Program(("pserve", "shop.ini", "-n", application), "/app", {})
        assert pasted(program, lambda path: text, lambda name, group: None) is None


def test_make_makes_each_target_once_what_it_needs_first() -> None:
    text = "all: web docs\n\techo all\nweb: deps\n\techo web\ndocs: deps web\n\techo docs\ndeps:\n\techo deps\n"
    recipe = whole_recipe(text, ["all"], lambda word: False)
    assert recipe == "echo deps\necho web\necho docs\necho all"
