"""Google's official clients, each made once and on its first use, all pointed at the same world.

For a local cloud they speak over one plain channel on loopback, past any proxy (gRPC obeys http_proxy even for
127.0.0.1); else each finds its endpoint and uses the machine's application default credentials. Importing the
clients takes longer than most commands, so nothing is imported before it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from deploy_lib.drivers import credentials
from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.model.program import PROGRAM, Invocation

if TYPE_CHECKING:
    import grpc
    import requests
    from google.auth.credentials import Credentials
    from google.cloud import run_v2, storage
    from google.cloud.devtools import cloudbuild_v1
    from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
    from google.cloud.monitoring_v3 import MetricServiceClient
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

    from deploy_lib.drivers.json_api import JsonApi

T = TypeVar("T")

_CHANNEL_OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]


class Clients:
    """Safe to share between threads. Each property raises DriverError when there are no credentials.

    `budgets` are of all calls that are made with them.
    """

    def __init__(self, endpoints: Endpoints, project: str, program: Invocation = PROGRAM) -> None:
        self.endpoints = endpoints
        self.program = program
        self.project = project
        self.budgets = Budgets()
        self._made: dict[str, Any] = {}
        self._lock = RLock()

    @property
    def services(self) -> run_v2.ServicesClient:
        """Cloud Run services (run.googleapis.com, v2); made on first use."""

        def make() -> run_v2.ServicesClient:
            from google.cloud import run_v2
            from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport

            return self._client(run_v2.ServicesClient, ServicesGrpcTransport)

        return self._once("services", make)

    @property
    def revisions(self) -> run_v2.RevisionsClient:
        """Cloud Run revisions (run.googleapis.com, v2); made on first use."""

        def make() -> run_v2.RevisionsClient:
            from google.cloud import run_v2
            from google.cloud.run_v2.services.revisions.transports import RevisionsGrpcTransport

            return self._client(run_v2.RevisionsClient, RevisionsGrpcTransport)

        return self._once("revisions", make)

    @property
    def jobs(self) -> run_v2.JobsClient:
        """Cloud Run jobs (run.googleapis.com, v2); made on first use."""

        def make() -> run_v2.JobsClient:
            from google.cloud import run_v2
            from google.cloud.run_v2.services.jobs.transports import JobsGrpcTransport

            return self._client(run_v2.JobsClient, JobsGrpcTransport)

        return self._once("jobs", make)

    @property
    def executions(self) -> run_v2.ExecutionsClient:
        """Cloud Run executions of jobs (run.googleapis.com, v2); made on first use."""

        def make() -> run_v2.ExecutionsClient:
            from google.cloud import run_v2
            from google.cloud.run_v2.services.executions.transports import ExecutionsGrpcTransport

            return self._client(run_v2.ExecutionsClient, ExecutionsGrpcTransport)

        return self._once("executions", make)

    @property
    def tasks(self) -> run_v2.TasksClient:
        """Cloud Run tasks of executions (run.googleapis.com, v2); made on first use."""

        def make() -> run_v2.TasksClient:
            from google.cloud import run_v2
            from google.cloud.run_v2.services.tasks.transports import TasksGrpcTransport

            return self._client(run_v2.TasksClient, TasksGrpcTransport)

        return self._once("tasks", make)

    @property
    def builds(self) -> cloudbuild_v1.CloudBuildClient:
        """Cloud Build (cloudbuild.googleapis.com, v1); made on first use."""

        def make() -> cloudbuild_v1.CloudBuildClient:
            from google.cloud.devtools import cloudbuild_v1
            from google.cloud.devtools.cloudbuild_v1.services.cloud_build.transports import CloudBuildGrpcTransport

            return self._client(cloudbuild_v1.CloudBuildClient, CloudBuildGrpcTransport)

        return self._once("builds", make)

    @property
    def logs(self) -> LoggingServiceV2Client:
        """Cloud Logging (logging.googleapis.com, v2); made on first use."""

        def make() -> LoggingServiceV2Client:
            from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
            from google.cloud.logging_v2.services.logging_service_v2.transports import LoggingServiceV2GrpcTransport

            return self._client(LoggingServiceV2Client, LoggingServiceV2GrpcTransport)

        return self._once("logs", make)

    @property
    def metrics(self) -> MetricServiceClient:
        """Cloud Monitoring (monitoring.googleapis.com, v3); made on first use."""

        def make() -> MetricServiceClient:
            from google.cloud.monitoring_v3 import MetricServiceClient
            from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport

            return self._client(MetricServiceClient, MetricServiceGrpcTransport)

        return self._once("metrics", make)

    @property
    def secrets(self) -> SecretManagerServiceClient:
        """Secret Manager (secretmanager.googleapis.com, v1); made on first use."""

        def make() -> SecretManagerServiceClient:
            from google.cloud.secretmanager_v1 import SecretManagerServiceClient
            from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
                SecretManagerServiceGrpcTransport,
            )

            return self._client(SecretManagerServiceClient, SecretManagerServiceGrpcTransport)

        return self._once("secrets", make)

    @property
    def storage(self) -> storage.Client:
        """Cloud Storage (JSON API, v1); made on first use."""

        def make() -> storage.Client:
            from google.auth.credentials import AnonymousCredentials
            from google.cloud import storage

            make_client: Callable[..., storage.Client] = storage.Client
            if not self.endpoints.local:
                return make_client(project=self.project, credentials=self.credentials)
            from deploy_lib.drivers.local_account import named_credentials

            anonymous: Callable[[], Credentials] = AnonymousCredentials
            options = {"api_endpoint": self.endpoints.http}
            given = named_credentials(self.project) or anonymous()
            client = make_client(project=self.project, credentials=given, client_options=options)
            client._http.trust_env = False  # no proxy may stand between two ports of this machine
            return client

        return self._once("storage", make)

    @property
    def json_api(self) -> JsonApi:
        """REST methods of Google's APIs that have no client here: every request has the caller's access token."""

        def make() -> JsonApi:
            import requests
            from google.auth.transport.requests import AuthorizedSession

            from deploy_lib.drivers.json_api import JsonApi

            if self._nameless:
                from deploy_lib.drivers.local_account import HEADER

                session = requests.Session()
                session.headers[HEADER] = self.endpoints.account
            else:
                authorized: Callable[..., requests.Session] = AuthorizedSession
                session = authorized(self.credentials, auth_request=self.auth_request())
            session.trust_env = not self.endpoints.local
            return JsonApi(session, self.endpoints.http)

        return self._once("json_api", make)

    @property
    def credentials(self) -> Credentials:
        """google-auth's. Raises DriverError when there are none."""

        def make() -> Credentials:
            if not self.endpoints.local:
                return credentials.find(self.project)
            from deploy_lib.drivers.local_account import local_credentials

            found: Credentials = local_credentials(self.endpoints, self.project)
            return found

        return self._once("credentials", make)

    @property
    def principal(self) -> str | None:
        """Whom a policy names for the calls, where the credentials tell it."""
        return None if self._nameless else credentials.principal_of(self.credentials)

    def learn_principal(self) -> str | None:
        """The same, with one question to the metadata server where that alone knows it."""
        if not self._nameless:
            credentials.learn_account(self.credentials, self.auth_request())
        return self.principal

    @property
    def is_login(self) -> bool:
        """Whether a person makes the calls, which count for a project of their choice."""
        return not self._nameless and credentials.is_login(self.credentials)

    @property
    def counted_in(self) -> str | None:
        """The project whose quotas the calls use, and which must have the APIs enabled; None where that is not told."""
        return None if self._nameless else credentials.project_of(self.credentials)

    @property
    def last_modifier(self) -> str | None:
        """What a service that these clients wrote names as its last modifier, where that is known."""
        return self.endpoints.account if self._nameless else credentials.account_of(self.credentials)

    def auth_request(self) -> Any:
        """With what google-auth asks for tokens: past any proxy for a local cloud's account."""
        from google.auth.transport.requests import Request
        from requests import Session

        session = Session()
        session.trust_env = not self._nameless
        return Request(session)

    @property
    def _nameless(self) -> bool:
        """At a local cloud, with no credentials but the account's name."""
        return self.endpoints.local and not os.environ.get(credentials.LOCAL)

    def close(self) -> None:
        """Closes the channels that are open. No client may be used afterwards."""
        with self._lock:
            channel = self._made.pop("channel", None)
            self._made.clear()
        if channel is not None:
            channel.close()

    def _client(self, client: Callable[..., T], transport: Callable[..., Any]) -> T:
        if self.endpoints.local:
            return client(transport=transport(channel=self._channel))
        return client(credentials=self.credentials)

    @property
    def _channel(self) -> grpc.Channel:
        def make() -> grpc.Channel:
            import grpc

            from deploy_lib.drivers.local_account import named_credentials, signed

            open_channel: Callable[..., grpc.Channel] = grpc.insecure_channel
            return signed(
                open_channel(self.endpoints.grpc, options=_CHANNEL_OPTIONS),
                named_credentials(self.project),
                self.endpoints.account,
            )

        return self._once("channel", make)

    def _once(self, name: str, make: Callable[[], T]) -> T:
        with self._lock:
            if name not in self._made:
                os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its words on stderr are for its developers
                self._made[name] = make()
            made: T = self._made[name]
            return made
