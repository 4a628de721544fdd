"""The parts of views: markup, controls, charts, and their JavaScript."""
