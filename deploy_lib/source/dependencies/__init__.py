"""What the image's requirements files declare, and which of the imports none of them does."""
