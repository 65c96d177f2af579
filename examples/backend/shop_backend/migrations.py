"""Brings the table of orders up to date, before a release gets users: `python -m shop_backend.migrations`.

Each statement may be made again: who is interrupted begins anew.
"""

import os
import sys

from shop_backend.core.database import DatabaseError, ask

STATEMENTS = (
    "CREATE TABLE IF NOT EXISTS orders (number int, item text, quantity int)",
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS state text NOT NULL DEFAULT 'open'",
)


def main() -> int:
    for statement in STATEMENTS:
        print(statement)
        try:
            ask(os.environ["DATABASE_URL"], statement)
        except (DatabaseError, OSError) as error:
            print(f"the database refuses it: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
