"""What a workspace keeps: all that a blessed or served model needs, what is young, and nothing else for ever."""
