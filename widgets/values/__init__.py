"""The plain values that views are given. What is unknown is None or NaN, never a made-up zero."""
