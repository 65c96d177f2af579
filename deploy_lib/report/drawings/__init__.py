"""Drawings of a report as inline SVG: plain shapes and text, coloured by the page's own style sheet."""
