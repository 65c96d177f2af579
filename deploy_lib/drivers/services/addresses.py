"""Where a service and its tags are asked: as the YAML says, else at Cloud Run's own URLs. Pure.

A service behind a load balancer, or without a default URL, is reached at none of Cloud Run's own
(https://cloud.google.com/run/docs/securing/ingress).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2

TAG = "{tag}"


def main_url(service: Service, found: run_v2.Service) -> str:
    """Empty where it has none."""
    return service.url or found.uri


def url_of_tag(service: Service, found: run_v2.Service, tag: str | None) -> str | None:
    """Where the tag's revision alone answers; None before Cloud Run has set it up, and where it has no address."""
    return tag_urls(service, found).get(tag or "")


def tag_urls(service: Service, found: run_v2.Service) -> dict[str, str]:
    """By tag, of those that have one."""
    if service.candidate_url:
        return {each.tag: service.candidate_url.replace(TAG, each.tag) for each in found.traffic_statuses if each.tag}
    return {each.tag: each.uri for each in found.traffic_statuses if each.tag and each.uri}


def has_no_tag_urls(service: Service, found: run_v2.Service) -> bool:
    """None will ever come: the default URL is disabled, and the YAML names no other."""
    return found.default_uri_disabled and not service.candidate_url
