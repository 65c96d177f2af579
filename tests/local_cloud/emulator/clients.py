"""Google's own clients, pointed at a local cloud."""

from __future__ import annotations

import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.devtools import cloudbuild_v1
from google.cloud.devtools.cloudbuild_v1.services.cloud_build.transports import CloudBuildGrpcTransport
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2.transports import LoggingServiceV2GrpcTransport
from google.cloud.monitoring_v3 import MetricServiceClient
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport
from google.cloud.run_v2 import ExecutionsClient, JobsClient, RevisionsClient, ServicesClient, TasksClient
from google.cloud.run_v2.services.executions.transports import ExecutionsGrpcTransport
from google.cloud.run_v2.services.jobs.transports import JobsGrpcTransport
from google.cloud.run_v2.services.revisions.transports import RevisionsGrpcTransport
from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport
from google.cloud.run_v2.services.tasks.transports import TasksGrpcTransport
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)

from tests.cloud import LocalCloud


def builds(channel: grpc.Channel) -> cloudbuild_v1.CloudBuildClient:
    return cloudbuild_v1.CloudBuildClient(transport=CloudBuildGrpcTransport(channel=channel))


def services(channel: grpc.Channel) -> ServicesClient:
    return ServicesClient(transport=ServicesGrpcTransport(channel=channel))


def revisions(channel: grpc.Channel) -> RevisionsClient:
    return RevisionsClient(transport=RevisionsGrpcTransport(channel=channel))


def jobs(channel: grpc.Channel) -> JobsClient:
    return JobsClient(transport=JobsGrpcTransport(channel=channel))


def executions(channel: grpc.Channel) -> ExecutionsClient:
    return ExecutionsClient(transport=ExecutionsGrpcTransport(channel=channel))


def tasks(channel: grpc.Channel) -> TasksClient:
    return TasksClient(transport=TasksGrpcTransport(channel=channel))


def logs(channel: grpc.Channel) -> LoggingServiceV2Client:
    return LoggingServiceV2Client(transport=LoggingServiceV2GrpcTransport(channel=channel))


def metrics(channel: grpc.Channel) -> MetricServiceClient:
    return MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))


def secrets(channel: grpc.Channel) -> SecretManagerServiceClient:
    return SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))


def buckets(cloud: LocalCloud, project: str = "p") -> storage.Client:
    return storage.Client(project, credentials=AnonymousCredentials(), client_options={"api_endpoint": cloud.http})
