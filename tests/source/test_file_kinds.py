"""What kind of file a path names."""

from __future__ import annotations

import pytest

from deploy_lib.source.file_kinds import FileKind, kind_of

KINDS = {
    FileKind.PROGRAM: """
        app/secret_manager.py app/secret_plan.py app/password_reset.py app/reset_password.py app/credentials_cache.py
        scripts/rotate_secret.sh app/secretariat.py
    """,
    FileKind.SECRET: """
        app/secrets.py app/secret.py local_secrets.py credentials.py password.py secrets.sh .env .env.sh
        client-secret.json secrets.yaml db_password.txt .aws/config.py
    """,
    FileKind.EDITOR: "app/.#main.py main.py~",
    FileKind.ENVIRONMENT: ".venv/lib/secret_manager.py",
}


@pytest.mark.parametrize(("path", "kind"), [(path, kind) for kind, paths in KINDS.items() for path in paths.split()])
def test_kinds_by_name(path: str, kind: FileKind) -> None:
    assert kind_of(path) is kind
