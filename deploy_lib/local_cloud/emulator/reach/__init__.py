"""What a container may reach beside itself: addresses that were named, and the local cloud's services."""
