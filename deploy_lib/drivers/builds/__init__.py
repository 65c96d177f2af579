"""Images: built from the staged commit, checked from the inside, pushed when they pass, found again when unchanged.

`driver` answers the run's requests. `cloud_build` has Cloud Build do the work, `local` an engine of this machine;
both give the same values. What is decided without touching the world has files of its own: `request`, `script`,
`reasons`, `findings`, `prediction`.
"""
