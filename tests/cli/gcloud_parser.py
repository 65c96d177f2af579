"""Run by gcloud's own Python: which of the command lines on standard input gcloud does not understand.

Each line is a JSON list of arguments. gcloud's parser is asked and nothing is sent.
"""

import contextlib
import io
import json
import sys


def main(sdk: str) -> None:
    sys.path[:0] = [f"{sdk}/lib", f"{sdk}/lib/third_party"]
    from googlecloudsdk.gcloud_main import CreateCLI  # type: ignore[import-not-found]

    parser = CreateCLI([])._CLI__parser
    for line in sys.stdin:
        words, printed = json.loads(line), io.StringIO()
        try:
            with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
                parser.parse_args(words)
        except SystemExit:
            print(json.dumps([words, printed.getvalue().strip()]))


if __name__ == "__main__":
    main(sys.argv[1])
