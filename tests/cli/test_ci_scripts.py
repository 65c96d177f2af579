"""Scripts of the CI kits that need no cloud, run by bash: syntax, and the credentials that GitLab's job writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from google.auth import identity_pool

from tests.unit.test_ci_kits import read, scripts


def test_every_script_is_bash() -> None:
    for where, script in scripts():
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), where


def test_gitlabs_job_writes_credentials_that_google_reads(tmp_path: Path) -> None:
    """By federation, for the account, with the job's token from a file that nobody else can read."""
    script = f"{read('examples/ci/gitlab-ci.yml')['deploy']['script'][0]}\nprintf %s $GOOGLE_APPLICATION_CREDENTIALS"
    provider = "projects/1/locations/global/workloadIdentityPools/gitlab/providers/gitlab"
    job = {
        "GCP_ID_TOKEN": "header.payload.signature",
        "GCP_WORKLOAD_IDENTITY_PROVIDER": provider,
        "GCP_SERVICE_ACCOUNT": "deployer@p.iam.gserviceaccount.com",
        "CI_JOB_ID": f"of-the-tests-{os.getpid()}",
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], env={**os.environ, **job}, capture_output=True, text=True, check=True
    )
    Path(f"/tmp/deploy-reports-{job['CI_JOB_ID']}").rmdir()
    path = Path(done.stdout)
    credentials = identity_pool.Credentials.from_file(str(path))
    assert credentials.service_account_email == "deployer@p.iam.gserviceaccount.com"
    assert credentials.retrieve_subject_token(lambda **given: None) == "header.payload.signature"
    assert path.is_relative_to(tmp_path) and path.parent.stat().st_mode & 0o077 == 0
