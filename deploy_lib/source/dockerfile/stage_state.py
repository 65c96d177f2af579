"""What is known of a stage of a Dockerfile so far: its files, its variables, its command, what it installs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from deploy_lib.source.base_images import (
    LAMBDA_ENTRYPOINT,
    LAMBDA_TASK_ROOT,
    TIANGOLO_DIRECTORY,
    TIANGOLO_START,
    is_of_lambda,
    is_of_tiangolo,
)
from deploy_lib.source.dockerfile.tree import Tree
from deploy_lib.source.dockerfile.variables import Variables

_USUAL = """
    /bin /dev /etc /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/lib
    /usr/local /usr/local/bin /usr/local/lib /usr/sbin /usr/share /usr/src /var /var/lib /var/log /var/tmp
"""
STANDARD = _USUAL.split()
"""Directories that every base image has."""


@dataclass(slots=True)
class StageState:
    """What is known so far. `base` is the image everything rests on, None for scratch."""

    tree: Tree
    variables: Variables
    base: str | None
    workdir: str = "/"
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    own_command: bool = False  # CMD stands in this stage, so an ENTRYPOINT leaves it
    takes_arguments: bool = True  # False after an ENTRYPOINT in shell form, whose shell drops them
    requirements: list[str] = field(default_factory=list)  # context paths
    packages: list[str] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)  # image directories
    wheels: list[tuple[str, Tree]] = field(default_factory=list)  # projects of which one was built, and where they lie
    packed: list[str] = field(default_factory=list)  # those of them whose packages are copied into the environment
    brought: dict[str, str] = field(default_factory=dict)  # sources of packages that another stage packed
    executable: list[str] = field(default_factory=list)  # image paths and patterns
    mentioned: set[str] = field(default_factory=set)  # words of RUN steps

    @property
    def started(self) -> tuple[str, ...]:
        """The whole command line of a container."""
        return (*self.entrypoint, *self.command) if self.takes_arguments else self.entrypoint

    @classmethod
    def on_image(cls, base: str | None, variables: Variables) -> StageState:
        tree = Tree()
        for directory in STANDARD if base else ():
            tree.add_directory(directory)
        if is_of_lambda(base):
            variables.env["LAMBDA_TASK_ROOT"] = LAMBDA_TASK_ROOT
            tree.add_directory(LAMBDA_TASK_ROOT)
            return cls(tree, variables, base, LAMBDA_TASK_ROOT, entrypoint=(LAMBDA_ENTRYPOINT,))
        if is_of_tiangolo(base):
            variables.env["PYTHONPATH"] = TIANGOLO_DIRECTORY
            tree.add_directory(TIANGOLO_DIRECTORY)
            return cls(tree, variables, base, TIANGOLO_DIRECTORY, command=(TIANGOLO_START,))
        return cls(tree, variables, base)

    def derived(self, variables: Variables) -> StageState:
        """Where a stage begins that is FROM this one. ENV is inherited; ARG is not."""
        variables.env.update(self.variables.env)
        return replace(
            self,
            tree=self.tree.copy(),
            variables=variables,
            own_command=False,
            requirements=list(self.requirements),
            packages=list(self.packages),
            projects=list(self.projects),
            packed=list(self.packed),
            wheels=list(self.wheels),
            brought=dict(self.brought),
            executable=list(self.executable),
            mentioned=set(self.mentioned),
        )
