"""Cloud Build for the local cloud: builds that really run their steps with the engine of this machine."""
