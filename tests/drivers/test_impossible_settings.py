"""Settings of a service that cannot be meant, or that Cloud Run refuses together, and their nearest that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy_lib.config import ConfigError
from tests.drivers.test_runtime_template import service


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"labels": {"Team": "x"}}, "Team: 'x' is not a label; lower-case letters"),
        ({"labels": {"deploy-to-gcp-release": "x"}}, "no name that begins with deploy-to-gcp-"),
        ({"startup_probe": {"path": "/a", "grpc": ""}}, "path and grpc do not go together"),
        ({"startup_probe": {"timeout": "9s", "every": "3s"}}, "timeout must not be longer than every"),
        ({"volumes": {"a": {"mount": "data"}}}, "mount cannot be 'data'"),
        ({"volumes": {"a": {"secret": "s", "bucket": "uploads"}}}, "secret and bucket do not go together"),
        ({"volumes": {"a": {"file": "x"}}}, "file is the name of a secret's file; name the secret, too"),
        ({"volumes": {"a": {"sise": "1Gi"}}}, "unknown key 'sise'; did you mean size?"),
        ({"containers": {"proxy": {}}}, "image is missing"),
        ({"cloud_sql": ["main"]}, "cloud_sql cannot be 'main'"),
        ({"vpc": {}}, "vpc needs a network or a subnet"),
        ({"vpc": {"network": "n"}, "vpc_connector": "c"}, "vpc and vpc_connector are two ways out; leave one out"),
        ({"execution_environment": "gen3"}, "execution_environment is one of 'gen1' or 'gen2', not 'gen3'"),
        ({"gpu": {"count": 0}}, "count must be at least 1, not 0"),
        ({"remove": ["memroy"]}, "remove: 'memroy' cannot be taken away; env.NAME"),
        ({"remove": ["env"]}, "remove: 'env' cannot be taken away"),
        ({"remove": ["env.A"], "env": {"A": "x"}}, "remove: env.A is set in this service, too"),
        ({"remove": ["gpu"], "gpu": {}}, "remove: gpu is set in this service, too"),
        ({"instances": {"min": 5, "max": 2}}, "instances: min 5 is more than max 2"),
        ({"concurrency": 0}, "concurrency must be at least 1, not 0"),
        ({"request_timeout": "500ms"}, "request_timeout must be at least 1, not"),
        ({"request_timeout": "1.5s"}, "request_timeout is counted in whole seconds"),
        ({"cpu": 3}, "cpu: 3 is none of 0.08 to 1, 2, 4, 6 and 8"),
        ({"cpu": "50m"}, "cpu: 50m is none of 0.08 to 1"),
        ({"memory": "64Mi"}, "memory: 64Mi is not from 128Mi to 32Gi"),
        (
            {"memory": "256Mi", "execution_environment": "gen2"},
            "memory: 256Mi is too little for execution_environment: gen2",
        ),
        ({"cpu": 1, "memory": "8Gi"}, "memory: 8Gi is too much for cpu: 1, which may have 4Gi"),
        ({"cpu": 0.25, "memory": "1Gi"}, "memory: 1Gi is too much for cpu: 0.25, which may have 512Mi"),
        ({"cpu": 4, "memory": "1Gi"}, "memory: 1Gi is too little for cpu: 4, which needs 2Gi"),
        ({"cpu": 0.5, "concurrency": 80}, "concurrency: 80 needs a whole processor; with cpu: 0.5 it is 1"),
        ({"cpu": "500m", "cpu_always": True}, "cpu_always needs a whole processor, and cpu is 500m"),
        ({"cpu": 0.5, "execution_environment": "gen2"}, "gen2 needs a whole processor, and cpu is 0.5; write gen1"),
        ({"gpu": {}, "cpu": 1}, "cpu: 1 is too little for a gpu, which needs 4"),
        ({"gpu": {}, "memory": "512Mi"}, "memory: 512Mi is too little for a gpu, which needs 8Gi"),
        ({"gpu": {}, "cpu_always": False}, "a gpu needs CPU between requests, too"),
        ({"gpu": {}, "execution_environment": "gen1"}, "a gpu is not in gen1"),
        ({"startup_probe": {"timeout": "20s"}}, "timeout must not be longer than every, which is 10s"),
        ({"startup_probe": {"every": "100s"}}, "a start may take 240s, and 3 tries every 100s take longer"),
        ({"startup_probe": {"failures": 25}}, "a start may take 240s, and 25 tries every 10s take longer"),
        ({"liveness_probe": {"every": "1.5s"}}, "every is counted in whole seconds"),
        (
            {"containers": {"proxy": {"image": "i", "startup_probe": {"timeout": "20s"}}}},
            "timeout must not be longer than every",
        ),
        ({"volumes": {"a": {"mount": "/x"}, "b": {"mount": "/x"}}}, "/x is where a is mounted already"),
        (
            {"cloud_sql": ["p:r:i"], "volumes": {"a": {"mount": "/cloudsql"}}},
            "/cloudsql is where cloud_sql is mounted already",
        ),
        (
            {"containers": {"proxy": {"image": "i", "mounts": {"a": "/x", "b": "/x"}}}},
            "/x is where a is mounted already",
        ),
        ({"volumes": {"a": {"mount": "/proc/a"}}}, "/proc/a is the system's"),
        ({"volumes": {"a": {"secret": "s", "file": "a/../../b"}}}, "file: a/../../b is not below the volume"),
        (
            {"volumes": {"a": {"bucket": "uploads"}}, "execution_environment": "gen1"},
            "a bucket cannot be mounted in gen1",
        ),
        (
            {"volumes": {"a": {"nfs": "h:/x"}}, "execution_environment": "gen1"},
            "an NFS export cannot be mounted in gen1",
        ),
        (
            {"containers": {"proxy": {"image": "i", "env": {"K": "1"}, "secrets": {"K": "k"}}}},
            "K is both in env and in secrets",
        ),
        (
            {"containers": {"a": {"image": "i", "depends_on": ["b"]}, "b": {"image": "i", "depends_on": ["a"]}}},
            "containers that wait for each other: a for b for a",
        ),
        ({"public": True, "invokers": []}, "invokers mean nothing where public: true lets anybody call the service"),
        ({"invokers": ["AllUsers"]}, "'AllUsers' is not a member of IAM; write allUsers"),
        (
            {"invokers": ["a@p.iam.gserviceaccount.com"]},
            "'a@p.iam.gserviceaccount.com' is not a member of IAM; write serviceAccount:a@p.iam.gserviceaccount.com",
        ),
        ({"invokers": ["role:x"]}, "'role:x' is not a member of IAM; write allUsers, user:ADDRESS"),
        ({"invokers": ["allUsers", "allUsers"]}, "a member is listed twice"),
        ({"ingress": "none"}, "ingress is one of 'all', 'internal' or 'internal-and-cloud-load-balancing'"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, entry: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        service(tmp_path, entry)
    [found] = caught.value.problems
    assert expected in str(found), found
    assert str(found).startswith("c.yaml:")


@pytest.mark.parametrize(
    "entry",
    [
        {"cpu": 0.5, "memory": "1Gi", "concurrency": 1, "execution_environment": "gen1"},
        {"cpu": 1, "memory": "4Gi"},
        {"cpu": "2000m", "memory": "8Gi"},
        {"cpu": 8, "memory": "32Gi"},
        {"cpu": 0.5},
        {"memory": "16Gi"},
        {"gpu": {"type": "nvidia-rtx-pro-6000"}, "cpu": 20, "memory": "80Gi", "cpu_always": True},
        {"cpu": 0.5, "concurrency": 80, "containers": {"beside": {"image": "i", "cpu": 0.5}}},
        {"startup_probe": {"every": "10s", "timeout": "10s", "failures": 24, "delay": "0s"}},
        {"liveness_probe": {"every": "200s", "failures": 9}},
        {"volumes": {"a": {"mount": "/x"}}, "containers": {"beside": {"image": "i", "mounts": {"a": "/x"}}}},
        {"invokers": ["allUsers", "domain:example.com", "group:a@example.com", "user:b@example.com"]},
        {"invokers": [], "public": False},
    ],
)
def test_what_goes_together_is_taken(tmp_path: Path, entry: dict[str, Any]) -> None:
    assert service(tmp_path, entry).cloud_run == "shop-staging"
