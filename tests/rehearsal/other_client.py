"""Somebody else at the same service, with another tool: Google's own client, and no lease."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import httpx
from google.cloud import run_v2
from google.cloud.run_v2.services.revisions.transports import RevisionsGrpcTransport
from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport

from deploy_lib.drivers.local_account import signed
from tests.operations import ended
from tests.rehearsal.cli_harness import CliHarness, Shares

PINNED = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION


class OtherClient:
    def __init__(
        self, harness: CliHarness, account: str = "ann@example.invalid", *, project: str = "", service: str = ""
    ) -> None:
        channel = signed(harness.cloud.channel(), account=account)
        self.path = f"projects/{project or harness.project}/locations/us-central1/services/{service or harness.service}"
        self.http = harness.cloud.http
        self.services = run_v2.ServicesClient(transport=ServicesGrpcTransport(channel=channel))
        self.revisions = run_v2.RevisionsClient(transport=RevisionsGrpcTransport(channel=channel))

    def read(self) -> run_v2.Service:
        return self.services.get_service(name=self.path)

    def change(self, edit: Callable[[run_v2.Service], None], *mask: str) -> run_v2.Service:
        service = self.read()
        edit(service)
        request = run_v2.UpdateServiceRequest(service=service, update_mask={"paths": mask})
        done: run_v2.Service = ended(self.services.update_service(request))
        return done

    def split(self, shares: Shares, tags: dict[str, str] | None = None) -> None:
        """These shares, and only these tags (tag -> revision)."""

        def edit(service: run_v2.Service) -> None:
            service.traffic = [
                *(
                    run_v2.TrafficTarget(type_=PINNED, revision=name, percent=percent)
                    for name, percent in shares.items()
                ),
                *(run_v2.TrafficTarget(type_=PINNED, revision=name, tag=tag) for tag, name in (tags or {}).items()),
            ]

        self.change(edit, "traffic")

    def delete(self, revision: str) -> None:
        ended(self.revisions.delete_revision(name=f"{self.path}/revisions/{revision}"))

    def tags(self) -> dict[str, str]:
        return {each.tag: each.revision for each in self.read().traffic if each.tag}

    def lease_runs_out(self) -> None:
        """As if its holder had not renewed it for so long. Nothing happens where there is no lease."""
        _, project, _, region, _, name = self.path.split("/")
        item = quote(f"deploy-to-gcp/leases/{project}/{region}/{name}", safe="")
        address = f"{self.http}/storage/v1/b/{project}_cloudbuild/o/{item}"
        told = httpx.get(address, trust_env=False)
        if told.status_code == 200:
            metadata = {**told.json()["metadata"], "lasts": "-10"}
            httpx.patch(address, json={"metadata": metadata}, trust_env=False).raise_for_status()

    def lease(self) -> str | None:
        return self.read().annotations.get("deploy-to-gcp/lease")

    def template_of(self, revision: str) -> run_v2.Revision:
        return self.revisions.get_revision(name=f"{self.path}/revisions/{revision}")
